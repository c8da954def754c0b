/** One kind of data set on its way into a unit: judged, fetched, checked, put in force. */
import type { Clock, Timer } from "../../hal/clock.ts";
import { createBackoff, type Backoff } from "../base/backoff.ts";
import { Abandoned, PartFetcher } from "./chunk-fetcher.ts";
import type { SetKind } from "../core/data-set.ts";
import { openManifest, totalBytes, type Manifest } from "../protocol/manifest.ts";
import type { Pace } from "../mqtt/rate-limiter.ts";
import {
  SetError,
  type PreparedSet,
  type SetFacts,
  type SetInstaller,
  type SetLink,
  type SetWaits,
} from "./data-set.ts";
import { type SetReport } from "../protocol/data-set-reports.ts";
import { type SetFailure } from "../protocol/data-set-reports.ts";
import { type SetFault } from "../protocol/data-set-reports.ts";
import { sha256Of, type SetFile, type Shelf } from "./data-set-cache.ts";
import type { KeyRing } from "../protocol/signed-token.ts";
import { errorText } from "../base/errors.ts";

export interface SupplyOptions {
  kind: SetKind;
  installer: SetInstaller;
  shelf: Shelf;
  /** Who may give this unit data. */
  keys: KeyRing;
  may: (keyId: string, kind: SetKind) => boolean;
  /** Whom a manifest may be for: this unit, or its whole district. */
  audiences: readonly string[];
  clock: Clock;
  /** Uniform in [0, 1): spreads a district's further tries. */
  chance: () => number;
  pace: Pace;
  link: SetLink;
  waits: SetWaits;
  /** The report changed. */
  onChange: () => void;
  /** Counts every failure, also one that is told already. */
  onFailure: (reason: SetFault) => void;
}

/** A manifest that passed every check and is being fetched. */
interface Candidate {
  bytes: Uint8Array;
  manifest: Manifest;
}

interface Loaded {
  set: PreparedSet;
  files: readonly SetFile[];
}

/**
 * - `on-its-way`: the one that is being fetched, named once more
 * - `outdone`: older than another audience's word
 */
type Verdict = SetFault | "take" | "in-force" | "on-its-way" | "outdone";

/** What no further try can mend. */
const HOPELESS: readonly SetFault[] = ["expired", "whole-damaged", "content-invalid"];

export class Supply {
  readonly #options: SupplyOptions;
  readonly #fetcher: PartFetcher;
  readonly #backoff: Backoff;
  #inForce: Manifest | undefined;
  /** Never again an older one, even where what was in force is lost. */
  #floor = 0;
  #candidate: Candidate | undefined;
  /** The last manifest whose content is bad for good: a broker shows it again at each connection. */
  #hopeless: { sha256: string; error: SetError } | undefined;
  #failure: SetFailure | undefined;
  #work: Promise<void> = Promise.resolve();
  #endPause: () => void = () => {};
  #rejudge: Timer | undefined;
  #told = "{}";
  #stopped = false;

  constructor(options: SupplyOptions) {
    this.#options = options;
    const { waits } = options;
    this.#fetcher = new PartFetcher(options);
    this.#backoff = createBackoff(options.chance, waits.retryFirstMs, waits.retryLastMs);
  }

  report(): SetReport {
    return {
      ...this.#standing(),
      ...(this.#candidate === undefined ? {} : { loading: this.#candidate.manifest.version }),
      ...(this.#failure === undefined ? {} : { error: this.#failure }),
    };
  }

  /** Puts the last good set on the disk in force again, with its date. Tells what is wrong with it. */
  async restore(): Promise<void> {
    const { kind, installer, shelf, keys, may } = this.#options;
    let version: number | undefined;
    try {
      const bytes = await shelf.manifest();
      if (bytes === undefined) return;
      const opened = openManifest(bytes, keys);
      if ("fault" in opened) throw new SetError(opened.fault, "the set kept on this unit's disk");
      const { keyId, manifest } = opened;
      if (!may(keyId, kind)) throw new SetError("not-allowed", "the set kept on this unit's disk");
      version = manifest.version;
      this.#floor = version;
      if (installer.standing === undefined) await this.#putBack(manifest);
      else if (installer.standing()?.version !== version) return;
      this.#inForce = manifest;
    } catch (error) {
      this.#failed(asSetError(error, "disk"), version);
    }
  }

  /** A manifest arrived. */
  offered(bytes: Uint8Array): void {
    // A retained manifest that is taken back leaves an empty message.
    if (this.#stopped || bytes.length === 0) return;
    this.#rejudge?.cancel();
    const { kind, keys, may, clock, waits } = this.#options;
    const opened = openManifest(bytes, keys);
    if ("fault" in opened) return this.#failed(new SetError(opened.fault));
    const { keyId, manifest } = opened;
    if (!may(keyId, kind)) return this.#failed(new SetError("not-allowed"), manifest.version);
    const verdict = this.#judge(manifest);
    if (verdict === "outdone") return;
    // Whoever names it again may serve it now: no need to wait for the end of a pause.
    if (verdict === "on-its-way") return this.#interrupt();
    if (verdict === "in-force") return this.#confirmed({ bytes, manifest });
    if (verdict === "clock-untrusted") {
      this.#rejudge = clock.after(waits.rejudgeMs, () => this.offered(bytes));
    }
    if (verdict !== "take") return this.#failed(new SetError(verdict), manifest.version);
    if (this.#hopeless?.sha256 === sha256Of(bytes)) {
      return this.#failed(this.#hopeless.error, manifest.version);
    }
    const candidate = { bytes, manifest };
    this.#candidate = candidate;
    this.#interrupt();
    this.#queue(() => this.#take(candidate));
    this.#tell();
  }

  /** A part arrived. */
  received(sha256: string, bytes: Uint8Array): void {
    this.#fetcher.received(sha256, bytes);
  }

  /** The broker is there, or gone: a pause may be over, and what was asked for may be lost. */
  linkChanged(): void {
    this.#interrupt();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#rejudge?.cancel();
    this.#candidate = undefined;
    this.#interrupt();
    await this.#work;
  }

  #standing(): SetFacts | undefined {
    const { installer } = this.#options;
    if (installer.standing !== undefined) return installer.standing();
    return this.#inForce === undefined ? undefined : factsOf(this.#inForce);
  }

  #judge(manifest: Manifest): Verdict {
    const { kind, audiences, installer, clock } = this.#options;
    const { version, files, deltas } = manifest;
    if (manifest.kind !== kind) return "malformed";
    if (!audiences.includes(manifest.audience)) return "wrong-audience";
    const known = this.#candidate?.manifest ?? this.#inForce;
    const newest = this.#candidate?.manifest.version ?? this.#standing()?.version ?? 0;
    if (version < Math.max(newest, this.#floor)) {
      // A word to the whole district stays on the broker while a newer one to this unit holds.
      const another = known !== undefined && known.audience !== manifest.audience;
      return another ? "outdone" : "rolled-back";
    }
    if (version === newest) {
      if (known !== undefined && !sameContent(known, manifest)) return "version-reused";
      return this.#candidate === undefined ? "in-force" : "on-its-way";
    }
    if (files.length > installer.limits.files) return "too-large";
    if (totalBytes(files) > installer.limits.bytes) return "too-large";
    if (deltas.some(({ size }) => size > installer.limits.bytes)) return "too-large";
    if (!clock.wallTrusted()) return "clock-untrusted";
    return clock.wallMs() >= manifest.expiresMs ? "expired" : "take";
  }

  /** What is in force was named once more. */
  #confirmed({ bytes, manifest }: Candidate): void {
    if (this.#inForce === undefined) {
      // The unit stopped between putting the set in force and writing down whose word it was.
      this.#inForce = manifest;
      this.#queue(() => this.#options.shelf.keep(bytes, []).catch(() => {}));
    }
    this.#good();
  }

  #queue(work: () => Promise<void>): void {
    this.#work = this.#work.then(work);
  }

  /** Tries until the set is in force, is hopeless, or is outdone by a newer one. */
  async #take(candidate: Candidate): Promise<void> {
    const { version } = candidate.manifest;
    while (this.#candidate === candidate) {
      try {
        await this.#install(candidate);
        this.#inForce = candidate.manifest;
        this.#candidate = this.#candidate === candidate ? undefined : this.#candidate;
        this.#backoff.reset();
        return this.#good();
      } catch (error) {
        if (error instanceof Abandoned) return;
        const failure = asSetError(error, "disk");
        const hopeless = HOPELESS.includes(failure.fault);
        if (hopeless) {
          this.#hopeless = { sha256: sha256Of(candidate.bytes), error: failure };
          if (this.#candidate === candidate) this.#candidate = undefined;
        }
        this.#failed(failure, version);
        if (!hopeless) await this.#pause(this.#backoff.nextMs());
      }
    }
  }

  async #install(candidate: Candidate): Promise<void> {
    const { installer, shelf, clock } = this.#options;
    const { manifest, bytes } = candidate;
    // It may have waited long for somebody to send it.
    if (clock.wallTrusted() && clock.wallMs() >= manifest.expiresMs) throw new SetError("expired");
    const blobs = [...manifest.files, ...manifest.deltas];
    await shelf.keepParts(new Set(blobs.flatMap(({ parts }) => parts)));
    const { set, files } =
      (await this.#byDelta(candidate)) ?? (await this.#byWhole(candidate, manifest));
    if (this.#candidate !== candidate) throw new Abandoned();
    if (installer.standing === undefined) {
      await shelf.keep(bytes, files);
      await set.switchOver();
    } else {
      // Its own memory is the durable one; the manifest beside it only says whose word it was.
      await set.switchOver();
      await shelf.keep(bytes, []);
    }
  }

  /** From what is in force, where the manifest knows a way from there that leads to the whole. */
  async #byDelta(candidate: Candidate): Promise<Loaded | undefined> {
    const { installer } = this.#options;
    const { manifest } = candidate;
    const [whole] = manifest.files;
    const base = this.#standing()?.version;
    const delta = manifest.deltas.find((each) => each.base === base);
    if (installer.prepareDelta === undefined || delta === undefined || whole === undefined) {
      return undefined;
    }
    try {
      const file = await this.#fetcher.fetch(delta, manifest.version, () => this.#wants(candidate));
      return { set: await installer.prepareDelta(file, whole, factsOf(manifest)), files: [] };
    } catch (error) {
      const failure = asSetError(error, "content-invalid");
      if (error instanceof Abandoned || failure.fault === "parts-missing") throw error;
      // The way is broken, the goal may stand: the whole is fetched instead.
      this.#options.onFailure(failure.fault);
      return undefined;
    }
  }

  async #byWhole(candidate: Candidate, { files, version }: Manifest): Promise<Loaded> {
    const { installer, shelf } = this.#options;
    const wanted = (): boolean => this.#wants(candidate);
    const loaded: SetFile[] = [];
    for (const blob of files) {
      loaded.push((await shelf.file(blob)) ?? (await this.#fetcher.fetch(blob, version, wanted)));
    }
    try {
      const set = await installer.prepare(loaded, factsOf(candidate.manifest));
      return { set, files: loaded };
    } catch (error) {
      throw asSetError(error, "content-invalid");
    }
  }

  async #putBack(manifest: Manifest): Promise<void> {
    const { installer, shelf } = this.#options;
    const files: SetFile[] = [];
    for (const blob of manifest.files) {
      const file = await shelf.file(blob);
      if (file === undefined) throw new SetError("whole-damaged", "a file on this unit's disk");
      files.push(file);
    }
    const set = await installer.prepare(files, factsOf(manifest)).catch((error: unknown) => {
      throw asSetError(error, "content-invalid");
    });
    await set.switchOver();
  }

  #wants(candidate: Candidate): boolean {
    return this.#candidate === candidate;
  }

  #good(): void {
    this.#failure = undefined;
    this.#tell();
  }

  /** Calls only where there is news: a broker shows every manifest again at each connection. */
  #tell(): void {
    const told = JSON.stringify(this.report());
    if (told === this.#told) return;
    this.#told = told;
    this.#options.onChange();
  }

  #failed({ fault, message }: SetError, version?: number): void {
    const { clock, onFailure } = this.#options;
    onFailure(fault);
    const same = this.#failure?.reason === fault && this.#failure.version === version;
    if (same) return;
    this.#failure = {
      reason: fault,
      ...(version === undefined ? {} : { version }),
      ...(message === "" ? {} : { detail: message }),
      atMs: clock.wallMs(),
    };
    this.#tell();
  }

  #interrupt(): void {
    this.#fetcher.wake();
    this.#endPause();
  }

  #pause(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(waitMs, () => this.#endPause());
      this.#endPause = () => {
        timer.cancel();
        this.#endPause = () => {};
        resolve();
      };
    });
  }
}

function factsOf({ version, asOfMs }: Manifest): SetFacts {
  return { version, asOfMs };
}

function sameContent(one: Manifest, other: Manifest): boolean {
  const text = ({ files, asOfMs }: Manifest): string =>
    [asOfMs, ...files.map(({ sha256 }) => sha256)].join(" ");
  return text(one) === text(other);
}

function asSetError(error: unknown, otherwise: SetFault): SetError {
  if (error instanceof SetError) return error;
  const text = errorText(error);
  return new SetError(otherwise, text.slice(0, 300), { cause: error });
}
