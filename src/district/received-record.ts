/** What arrives at the far end, read back and checked: an event is what its unit says, or it is refused. */
import { canonicalJson, sha256Hex } from "../base/canonical-json.ts";
import { arrivedEventSchema, arrivedRecordSchema } from "../protocol/record-schemas.ts";

/** A record as it arrived. */
export interface ReceivedRecord {
  unit: string;
  epoch: string;
  seq: number;
  hash: string;
  prev: string;
  type: string;
  /** Epoch ms, as the unit believed. */
  atMs: number;
  /** Pseudonym, when the unit sends one. */
  holder?: string;
  /** The chained text, as the unit hashed it. */
  canonical: string;
}

/** Why a message is not a record. */
export type RecordFault = "malformed" | "hash-mismatch" | "wrong-unit";

/**
 * @param topicUnit the unit whose topic it came on: the broker's rules tie a topic to a
 *   certificate, so a record that names another unit is somebody pretending
 */
export function readRecordEvent(
  payload: Uint8Array,
  topicUnit: string,
): ReceivedRecord | { fault: RecordFault } {
  const { event, record, text } = parse(payload);
  const envelope = arrivedEventSchema.safeParse(event);
  const said = arrivedRecordSchema.safeParse(record);
  if (!envelope.success || !said.success) return { fault: "malformed" };
  const { hash, holder } = envelope.data.data;
  const { unit, epoch, seq, prev, at, body } = said.data;
  if (unit !== topicUnit) return { fault: "wrong-unit" };
  const canonical = text ?? canonicalJson(record);
  if (sha256Hex(canonical) !== hash) return { fault: "hash-mismatch" };
  const arrived = { unit, epoch, seq, hash, prev, type: body.type, atMs: at.wallMs, canonical };
  return holder === undefined ? arrived : { ...arrived, holder };
}

interface Parsed {
  event?: Record<string, unknown> | undefined;
  record?: Record<string, unknown> | undefined;
  /** The record as it stands in the message, when it could be told apart. */
  text?: string;
}

const RECORD_BEGINS = '"record":';
const HOLDER_BEGINS = ',"holder":';
const EVENT_ENDS = "}}";

/**
 * Units send the text they hashed as it is, between an envelope of a known form: taken out whole it
 * need not be put into its canonical form again, which costs more than all the rest. Envelope and
 * record are parsed apart, so what is read is what was hashed. Anything in another form is parsed
 * as JSON.
 */
function parse(payload: Uint8Array): Parsed {
  const whole = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString("utf8");
  const from = whole.indexOf(RECORD_BEGINS) + RECORD_BEGINS.length;
  if (from < RECORD_BEGINS.length || !whole.endsWith(EVENT_ENDS)) return parseWhole(whole);
  const holder = whole.lastIndexOf(HOLDER_BEGINS);
  for (const to of [holder, whole.length - EVENT_ENDS.length]) {
    if (to <= from) continue;
    const event = parseObject(`${whole.slice(0, from)}null${whole.slice(to)}`);
    if (event === undefined) continue;
    const text = whole.slice(from, to);
    const record = parseObject(text);
    // Somewhere else in the envelope a member may be called "record" too.
    if (record !== undefined && asObject(event["data"])?.["record"] === null) {
      return { event, record, text };
    }
  }
  return parseWhole(whole);
}

function parseWhole(whole: string): Parsed {
  const event = parseObject(whole);
  return { event, record: asObject(asObject(event?.["data"])?.["record"]) };
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
