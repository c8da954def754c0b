/** Publishes data sets to a simulated unit over its broker: good ones, and ones that must not be taken. */
import { createHash, createPrivateKey, type KeyObject } from "node:crypto";
import type { Clock } from "../../hal/clock.ts";
import { DATA_SET_KINDS, type DataSetKind } from "../../src/core/data-set.ts";
import { audienceOf } from "../../src/protocol/command.ts";
import { readChunkRequest } from "../../src/protocol/data-set-reports.ts";
import { CHUNK_BYTES, signManifest, type Blob } from "../../src/protocol/manifest.ts";
import { districtTopics, unitTopics } from "../../src/protocol/topics.ts";

/** What can be wrong with a data set, so that the unit must go on with the one it has. */
export const DATA_SET_FLAWS = [
  /** Signed by another key under the publisher's name. */
  "forged",
  "expired",
  /** A part is not what its hash says. */
  "damaged",
  /** The parts never come. */
  "withheld",
  /** Well signed, and no content of its kind. */
  "invalid",
  /** An older version than the one before. */
  "rolled-back",
] as const;
export type DataSetFlaw = (typeof DATA_SET_FLAWS)[number];

export interface DataPublisherOptions {
  /** The true time. */
  clock: Clock;
  broker: {
    send(topic: string, payload: string, retain?: boolean): void;
    subscribe(filter: string, listener: (message: { payload: string }) => void): () => void;
  };
  district: string;
  unitId: string;
}

export interface NewDataSet {
  kind: DataSetKind;
  /** Files of the kind: an issuer file, a revocation list, directory lines, a policy. */
  files: readonly string[];
  /** When the content was true, epoch ms; default now. */
  asOfMs?: number;
  flaw?: DataSetFlaw;
}

const KEY_ID = "publisher-1";
/** RFC 8410 §7: the fixed start of a PKCS #8 Ed25519 private key. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const VALID_MS = 24 * 3_600_000;

const keyOf = (byte: number): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, Buffer.alloc(32, byte)]),
    format: "der",
    type: "pkcs8",
  });

/** Signs manifests, retains them on the broker, and sends the parts a unit asks for. */
export class DataPublisher {
  readonly #options: DataPublisherOptions;
  readonly #key = keyOf(3);
  readonly #forger = keyOf(4);
  readonly #parts = new Map<string, string>();
  readonly #versions = new Map<DataSetKind, number>();

  constructor(options: DataPublisherOptions) {
    this.#options = options;
    const { broker, district, unitId } = options;
    broker.subscribe(unitTopics(district, unitId).request, ({ payload }) => this.#answer(payload));
  }

  /** The file that lets a unit believe this publisher. */
  keyFile(): string {
    const { x: key } = this.#key.export({ format: "jwk" });
    const may = [...DATA_SET_KINDS];
    return JSON.stringify({ keys: [{ id: KEY_ID, owner: "simulated district", key, may }] });
  }

  /** @returns the version under which it is published */
  publish({ kind, files, asOfMs, flaw }: NewDataSet): number {
    const { clock, broker, district } = this.#options;
    const nowMs = clock.wallMs();
    const former = this.#versions.get(kind) ?? 0;
    const version = flaw === "rolled-back" ? Math.max(1, former - 1) : former + 1;
    this.#versions.set(kind, Math.max(former, version));
    const contents = flaw === "invalid" ? files.map(() => "{}\n") : files.map(ascii);
    const manifest = {
      kind,
      version,
      audience: audienceOf(district),
      asOfMs: asOfMs ?? nowMs,
      issuedAtMs: nowMs,
      expiresMs: flaw === "expired" ? nowMs - VALID_MS : nowMs + VALID_MS,
      files: contents.map((content) => this.#blob(content, flaw)),
      deltas: [],
    };
    const token = signManifest(manifest, KEY_ID, flaw === "forged" ? this.#forger : this.#key);
    broker.send(districtTopics(district).manifest(kind), token, true);
    return version;
  }

  #blob(content: string, flaw: DataSetFlaw | undefined): Blob {
    const parts: string[] = [];
    for (let at = 0; at < content.length; at += CHUNK_BYTES) {
      const part = content.slice(at, at + CHUNK_BYTES);
      const sha256 = sha256Of(part);
      parts.push(sha256);
      if (flaw === "damaged") this.#parts.set(sha256, `${part.slice(0, -1)}?`);
      else if (flaw !== "withheld") this.#parts.set(sha256, part);
    }
    return { sha256: sha256Of(content), size: content.length, parts };
  }

  #answer(payload: string): void {
    const { broker, district, unitId } = this.#options;
    const request = readChunkRequest(Buffer.from(payload));
    for (const sha256 of request?.parts ?? []) {
      const part = this.#parts.get(sha256);
      if (part !== undefined) broker.send(unitTopics(district, unitId).chunk(sha256), part);
    }
  }
}

const sha256Of = (text: string): string => createHash("sha256").update(text).digest("hex");

/** The same JSON in bytes of which each is a character: the simulated broker carries text. */
function ascii(json: string): string {
  return json.replace(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
