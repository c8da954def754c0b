/** The form of what a unit publishes: CloudEvents 1.0 structured JSON, pseudonyms only. */

/** Who speaks, on which topics' behalf. */
export interface Sender {
  district: string;
  unitId: string;
}

/** A record that waits in the outbox, as the uplink gets it. */
export interface OutboxRow {
  seq: number;
  /** The record's canonical JSON: exactly the bytes its hash covers. */
  canonical: string;
  /** SHA-256 of `canonical`, hexadecimal. */
  hash: string;
  holderPseudonym?: string;
}

/** Prefix of the CloudEvents `type` of every event; the record's own type follows. */
export const EVENT_TYPE_PREFIX = "digital-sentinel.";
export const CONTENT_TYPE = "application/cloudevents+json; charset=utf-8";

/**
 * A record as a CloudEvent (CloudEvents 1.0.2, JSON format). `id` is unit, epoch and sequence
 * number, so that a receiver can drop what it already has; `data.record` is the chained record
 * and `data.hash` its SHA-256, so that it can check the chain.
 */
export function recordEvent(sender: Sender, row: OutboxRow): string {
  const { at, body, epoch } = JSON.parse(row.canonical) as {
    at: { wallMs: number };
    body: { type: string; visitRef?: string };
    epoch: string;
  };
  const attributes = {
    specversion: "1.0",
    id: `${sender.unitId}/${epoch}/${row.seq}`,
    source: `/districts/${sender.district}/units/${sender.unitId}`,
    type: `${EVENT_TYPE_PREFIX}${body.type}.v1`,
    ...(body.visitRef === undefined ? {} : { subject: body.visitRef }),
    time: new Date(at.wallMs).toISOString(),
    datacontenttype: "application/json",
  };
  const holder =
    row.holderPseudonym === undefined ? "" : `,"holder":${JSON.stringify(row.holderPseudonym)}`;
  // The canonical text goes in as it is: what was hashed is what is sent.
  const data = `{"hash":${JSON.stringify(row.hash)},"record":${row.canonical}${holder}}`;
  return `${JSON.stringify(attributes).slice(0, -1)},"data":${data}}`;
}

/** Presence on the broker. Birth and will of one start of the unit carry the same boot id. */
export function stateMessage(
  sender: Sender,
  availability: "online" | "offline",
  bootId: string,
  facts: Readonly<Record<string, unknown>> = {},
): string {
  return JSON.stringify({ ...facts, unit: sender.unitId, availability, bootId });
}
