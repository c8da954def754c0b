/** What the reader's third status byte (SW3) means, as a closed set. */

// SDT/SAM-V status table. 0x23 and 0x50 stand in one vendor's table only.
const STATUS_BY_CODE = {
  0x90: "ok",
  0x9f: "card-found",
  0x10: "request-checksum-error",
  0x11: "request-length-error",
  0x21: "bad-command",
  0x23: "no-privilege",
  0x24: "unrecognised",
  0x31: "card-rejected-reader",
  0x32: "reader-rejected-card",
  0x33: "verification-failed",
  0x40: "wrong-card",
  0x41: "read-failed",
  0x47: "random-failed",
  0x50: "write-failed",
  0x60: "self-test-failed",
  0x66: "not-authorised",
  0x80: "no-card",
  0x81: "select-failed",
  0x91: "item-empty",
} as const;

export type ReaderStatus = (typeof STATUS_BY_CODE)[keyof typeof STATUS_BY_CODE] | "unknown";

const BY_CODE: ReadonlyMap<number, ReaderStatus> = new Map(
  Object.entries(STATUS_BY_CODE).map(([code, status]) => [Number(code), status]),
);

/** All codes of the table, for tests and tools. */
export const STATUS_CODES: readonly number[] = [...BY_CODE.keys()];

/** The meaning of an SW3 byte; a code outside the table is `unknown`, never success. */
export function readerStatus(sw3: number): ReaderStatus {
  return BY_CODE.get(sw3) ?? "unknown";
}

/** A sentence for the installer. */
export function describeStatus(status: ReaderStatus): string {
  return SENTENCES[status];
}

const SENTENCES: Readonly<Record<ReaderStatus, string>> = {
  ok: "done",
  "card-found": "a card lies on the reader",
  "request-checksum-error": "the reader received a damaged request (checksum)",
  "request-length-error": "the reader received a damaged request (length)",
  "bad-command": "the reader does not know this command",
  "no-privilege": "the reader does not permit this command",
  unrecognised: "the reader could not recognise the card",
  "card-rejected-reader": "the card did not accept the reader",
  "reader-rejected-card": "the reader did not accept the card",
  "verification-failed": "the card's content failed the reader's verification",
  "wrong-card": "not a resident card",
  "read-failed": "the card could not be read",
  "random-failed": "the card gave no random number",
  "write-failed": "writing to the card failed",
  "self-test-failed": "the security module failed its self-test and takes no command",
  "not-authorised": "the security module is not authorised",
  "no-card": "no card lies on the reader",
  "select-failed": "the card could not be selected",
  "item-empty": "the card has no such item",
  unknown: "the reader gave a status outside the published table",
};
