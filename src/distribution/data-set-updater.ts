/** Updates one kind of data set on a unit: verifies its manifest, fetches and checks its files, activates it. */
import type { Clock, Timer } from "../../hal/clock.ts";
import { createBackoff, type Backoff } from "../base/backoff.ts";
import { FetchAborted, ChunkFetcher } from "./chunk-fetcher.ts";
import type { DataSetKind } from "../core/data-set.ts";
import { openManifest, totalBytes, type Manifest } from "../protocol/manifest.ts";
import type { RateLimiter } from "../mqtt/rate-limiter.ts";
import {
  DataSetError,
  type PreparedDataSet,
  type DataSetVersion,
  type DataSetInstaller,
  type ChunkRequester,
  type DataSetTimings,
} from "./data-set.ts";
import type {
  DataSetErrorCode,
  DataSetFailure,
  DataSetReport,
} from "../protocol/data-set-reports.ts";
import { sha256Of, type DataSetFile, type DataSetCache } from "./data-set-cache.ts";
import type { KeyRing } from "../protocol/signed-token.ts";
import { errorText } from "../base/errors.ts";

export interface DataSetUpdaterOptions {
  kind: DataSetKind;
  installer: DataSetInstaller;
  cache: DataSetCache;
  /** Who may give this unit data. */
  keys: KeyRing;
  may: (keyId: string, kind: DataSetKind) => boolean;
  /** Audiences a manifest may name: this unit, or its whole district. */
  audiences: readonly string[];
  clock: Clock;
  /** Uniform in [0, 1): spreads the retries of a district's units. */
  chance: () => number;
  rateLimiter: RateLimiter;
  link: ChunkRequester;
  timings: DataSetTimings;
  /** The report changed. */
  onChange: () => void;
  /** Counts every failure, also one that is text already. */
  onFailure: (reason: DataSetErrorCode) => void;
}

/** A manifest that passed every check and is being fetched. */
interface Candidate {
  bytes: Uint8Array;
  manifest: Manifest;
}

interface Loaded {
  set: PreparedDataSet;
  files: readonly DataSetFile[];
}

/**
 * - `loading`: the manifest that is being fetched arrived again
 * - `superseded`: older than a manifest addressed to another audience
 */
type Validation = DataSetErrorCode | "take" | "active" | "loading" | "superseded";

/** Errors that a retry cannot clear. */
const PERMANENT: readonly DataSetErrorCode[] = ["expired", "whole-damaged", "content-invalid"];

export class DataSetUpdater {
  readonly #options: DataSetUpdaterOptions;
  readonly #fetcher: ChunkFetcher;
  readonly #backoff: Backoff;
  #active: Manifest | undefined;
  /** Lowest version ever accepted; prevents a rollback after the active set is lost. */
  #minimumVersion = 0;
  #candidate: Candidate | undefined;
  /** The last manifest whose content is bad: a broker delivers it again at each connection. */
  #rejected: { sha256: string; error: DataSetError } | undefined;
  #failure: DataSetFailure | undefined;
  #work: Promise<void> = Promise.resolve();
  #endWait: () => void = () => {};
  #revalidateTimer: Timer | undefined;
  #lastReport = "{}";
  #stopped = false;

  constructor(options: DataSetUpdaterOptions) {
    this.#options = options;
    const { timings } = options;
    this.#fetcher = new ChunkFetcher(options);
    this.#backoff = createBackoff(options.chance, timings.retry);
  }

  report(): DataSetReport {
    return {
      ...this.#activeVersion(),
      ...(this.#candidate === undefined ? {} : { loading: this.#candidate.manifest.version }),
      ...(this.#failure === undefined ? {} : { error: this.#failure }),
    };
  }

  /** Activates the last good set on the disk again, with its date. Reports what is wrong with it. */
  async restore(): Promise<void> {
    const { kind, installer, cache, keys, may } = this.#options;
    let version: number | undefined;
    try {
      const bytes = await cache.manifest();
      if (bytes === undefined) return;
      const opened = openManifest(bytes, keys);
      if ("error" in opened)
        throw new DataSetError(opened.error, "the set kept on this unit's disk");
      const { keyId, manifest } = opened;
      if (!may(keyId, kind))
        throw new DataSetError("not-allowed", "the set kept on this unit's disk");
      version = manifest.version;
      this.#minimumVersion = version;
      if (installer.active === undefined) await this.#reactivate(manifest);
      else if (installer.active()?.version !== version) return;
      this.#active = manifest;
    } catch (error) {
      this.#failed(toDataSetError(error, "disk"), version);
    }
  }

  /** A manifest arrived. */
  receiveManifest(bytes: Uint8Array): void {
    // A retained manifest that was deleted arrives as an empty message.
    if (this.#stopped || bytes.length === 0) return;
    this.#revalidateTimer?.cancel();
    const { kind, keys, may, clock, timings } = this.#options;
    const opened = openManifest(bytes, keys);
    if ("error" in opened) return this.#failed(new DataSetError(opened.error));
    const { keyId, manifest } = opened;
    if (!may(keyId, kind)) return this.#failed(new DataSetError("not-allowed"), manifest.version);
    const validation = this.#validate(manifest);
    if (validation === "superseded") return;
    // The sender is there again and may serve the chunks: end the pause.
    if (validation === "loading") return this.#wakeUp();
    if (validation === "active") return this.#confirmed({ bytes, manifest });
    if (validation === "clock-untrusted") {
      this.#revalidateTimer = clock.after(timings.revalidateMs, () => this.receiveManifest(bytes));
    }
    if (validation !== "take") return this.#failed(new DataSetError(validation), manifest.version);
    if (this.#rejected?.sha256 === sha256Of(bytes)) {
      return this.#failed(this.#rejected.error, manifest.version);
    }
    const candidate = { bytes, manifest };
    this.#candidate = candidate;
    this.#wakeUp();
    this.#queue(() => this.#installUntilActive(candidate));
    this.#reportChange();
  }

  /** A chunk arrived. */
  receiveChunk(sha256: string, bytes: Uint8Array): void {
    this.#fetcher.receiveChunk(sha256, bytes);
  }

  /** The connection began or ended: a pause may be over, and requests may be lost. */
  linkChanged(): void {
    this.#wakeUp();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#revalidateTimer?.cancel();
    this.#candidate = undefined;
    this.#wakeUp();
    await this.#work;
  }

  #activeVersion(): DataSetVersion | undefined {
    const { installer } = this.#options;
    if (installer.active !== undefined) return installer.active();
    return this.#active === undefined ? undefined : versionOf(this.#active);
  }

  #validate(manifest: Manifest): Validation {
    const { kind, audiences, installer, clock } = this.#options;
    const { version, files, deltas } = manifest;
    if (manifest.kind !== kind) return "malformed";
    if (!audiences.includes(manifest.audience)) return "wrong-audience";
    const known = this.#candidate?.manifest ?? this.#active;
    const newest = this.#candidate?.manifest.version ?? this.#activeVersion()?.version ?? 0;
    if (version < Math.max(newest, this.#minimumVersion)) {
      // A manifest to the whole district stays retained while a newer one to this unit is active.
      const another = known !== undefined && known.audience !== manifest.audience;
      return another ? "superseded" : "rolled-back";
    }
    if (version === newest) {
      if (known !== undefined && !sameContent(known, manifest)) return "version-reused";
      return this.#candidate === undefined ? "active" : "loading";
    }
    if (files.length > installer.limits.files) return "too-large";
    if (totalBytes(files) > installer.limits.bytes) return "too-large";
    if (deltas.some(({ size }) => size > installer.limits.bytes)) return "too-large";
    if (!clock.wallTrusted()) return "clock-untrusted";
    return clock.wallMs() >= manifest.expiresMs ? "expired" : "take";
  }

  /** The manifest of the active set arrived again. */
  #confirmed({ bytes, manifest }: Candidate): void {
    if (this.#active === undefined) {
      // The unit stopped after it activated the set and before it stored the manifest.
      this.#active = manifest;
      this.#queue(() => this.#options.cache.store(bytes, []).catch(() => {}));
    }
    this.#succeeded();
  }

  #queue(work: () => Promise<void>): void {
    this.#work = this.#work.then(work);
  }

  /** Retries until the set is active, fails permanently, or is replaced by a newer candidate. */
  async #installUntilActive(candidate: Candidate): Promise<void> {
    const { version } = candidate.manifest;
    while (this.#candidate === candidate) {
      try {
        await this.#install(candidate);
        this.#active = candidate.manifest;
        this.#candidate = this.#candidate === candidate ? undefined : this.#candidate;
        this.#backoff.reset();
        return this.#succeeded();
      } catch (error) {
        if (error instanceof FetchAborted) return;
        const failure = toDataSetError(error, "disk");
        const permanent = PERMANENT.includes(failure.code);
        if (permanent) {
          this.#rejected = { sha256: sha256Of(candidate.bytes), error: failure };
          if (this.#candidate === candidate) this.#candidate = undefined;
        }
        this.#failed(failure, version);
        if (!permanent) await this.#wait(this.#backoff.nextMs());
      }
    }
  }

  async #install(candidate: Candidate): Promise<void> {
    const { installer, cache, clock } = this.#options;
    const { manifest, bytes } = candidate;
    // It may have waited long for its chunks.
    if (clock.wallTrusted() && clock.wallMs() >= manifest.expiresMs)
      throw new DataSetError("expired");
    const blobs = [...manifest.files, ...manifest.deltas];
    await cache.keepOnlyChunks(new Set(blobs.flatMap(({ parts }) => parts)));
    const { set, files } =
      (await this.#loadDelta(candidate)) ?? (await this.#loadWhole(candidate, manifest));
    if (this.#candidate !== candidate) throw new FetchAborted();
    if (installer.active === undefined) {
      await cache.store(bytes, files);
      await set.activate();
    } else {
      // The installer's own storage is the durable one; the manifest only records who signed it.
      await set.activate();
      await cache.store(bytes, []);
    }
  }

  /** Loads the delta from the active version, where the manifest has one. */
  async #loadDelta(candidate: Candidate): Promise<Loaded | undefined> {
    const { installer } = this.#options;
    const { manifest } = candidate;
    const [whole] = manifest.files;
    const base = this.#activeVersion()?.version;
    const delta = manifest.deltas.find((each) => each.base === base);
    if (installer.prepareDelta === undefined || delta === undefined || whole === undefined) {
      return undefined;
    }
    try {
      const file = await this.#fetcher.fetch(delta, manifest.version, () =>
        this.#isWanted(candidate),
      );
      return { set: await installer.prepareDelta(file, whole, versionOf(manifest)), files: [] };
    } catch (error) {
      const failure = toDataSetError(error, "content-invalid");
      if (error instanceof FetchAborted || failure.code === "parts-missing") throw error;
      // The delta is bad, the whole set may be good: fetch it instead.
      this.#options.onFailure(failure.code);
      return undefined;
    }
  }

  async #loadWhole(candidate: Candidate, { files, version }: Manifest): Promise<Loaded> {
    const { installer, cache } = this.#options;
    const wanted = (): boolean => this.#isWanted(candidate);
    const loaded: DataSetFile[] = [];
    for (const blob of files) {
      loaded.push((await cache.file(blob)) ?? (await this.#fetcher.fetch(blob, version, wanted)));
    }
    try {
      const set = await installer.prepare(loaded, versionOf(candidate.manifest));
      return { set, files: loaded };
    } catch (error) {
      throw toDataSetError(error, "content-invalid");
    }
  }

  async #reactivate(manifest: Manifest): Promise<void> {
    const { installer, cache } = this.#options;
    const files: DataSetFile[] = [];
    for (const blob of manifest.files) {
      const file = await cache.file(blob);
      if (file === undefined) throw new DataSetError("whole-damaged", "a file on this unit's disk");
      files.push(file);
    }
    const set = await installer.prepare(files, versionOf(manifest)).catch((error: unknown) => {
      throw toDataSetError(error, "content-invalid");
    });
    await set.activate();
  }

  #isWanted(candidate: Candidate): boolean {
    return this.#candidate === candidate;
  }

  #succeeded(): void {
    this.#failure = undefined;
    this.#reportChange();
  }

  /** Calls `onChange` only if the report differs: a broker delivers every manifest at each connection. */
  #reportChange(): void {
    const text = JSON.stringify(this.report());
    if (text === this.#lastReport) return;
    this.#lastReport = text;
    this.#options.onChange();
  }

  #failed({ code, message }: DataSetError, version?: number): void {
    const { clock, onFailure } = this.#options;
    onFailure(code);
    const same = this.#failure?.reason === code && this.#failure.version === version;
    if (same) return;
    this.#failure = {
      reason: code,
      ...(version === undefined ? {} : { version }),
      ...(message === "" ? {} : { detail: message }),
      atMs: clock.wallMs(),
    };
    this.#reportChange();
  }

  #wakeUp(): void {
    this.#fetcher.wake();
    this.#endWait();
  }

  #wait(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(waitMs, () => this.#endWait());
      this.#endWait = () => {
        timer.cancel();
        this.#endWait = () => {};
        resolve();
      };
    });
  }
}

function versionOf({ version, asOfMs }: Manifest): DataSetVersion {
  return { version, asOfMs };
}

function sameContent(one: Manifest, other: Manifest): boolean {
  const text = ({ files, asOfMs }: Manifest): string =>
    [asOfMs, ...files.map(({ sha256 }) => sha256)].join(" ");
  return text(one) === text(other);
}

function toDataSetError(error: unknown, otherwise: DataSetErrorCode): DataSetError {
  if (error instanceof DataSetError) return error;
  const text = errorText(error);
  return new DataSetError(otherwise, text.slice(0, 300), { cause: error });
}
