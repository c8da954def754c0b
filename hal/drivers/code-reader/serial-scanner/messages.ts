/** Cuts the bytes of a code scanner into messages: one for each code that it read. */

/** What ends a message: bytes, or the absence of any. `line` takes CR, LF and both together. */
export type Terminator = "line" | "cr" | "lf" | "crlf" | "tab" | "silence";

/**
 * - `overlong`: more bytes than a code can hold, before anything ended them
 * - `unfinished`: the line fell silent before the terminator came
 * - `stale`: was under way before the line was opened
 */
export type DropReason = "overlong" | "unfinished" | "stale";

export type MessageOutcome =
  | { kind: "message"; bytes: Uint8Array; firstByteAtMs: number }
  | { kind: "dropped"; why: DropReason };

/** ISO/IEC 18004:2015, table 7: the digits of a version 40-L symbol; every other content is shorter. */
export const LONGEST_MESSAGE = 7_089;

const [CR, LF, TAB] = [0x0d, 0x0a, 0x09];

const ENDS: Readonly<Record<Terminator, (byte: number, before: number | undefined) => boolean>> = {
  line: (byte) => byte === CR || byte === LF,
  cr: (byte) => byte === CR,
  lf: (byte) => byte === LF,
  crlf: (byte, before) => byte === LF && before === CR,
  tab: (byte) => byte === TAB,
  silence: () => false,
};

/**
 * The stream of one line. Bytes before the first silence are dropped: the port's buffer may hold a
 * code that was shown long ago, by a visitor who has left. Messages may be credentials, so dropped
 * bytes are zeroed.
 */
export class MessageParser {
  readonly #terminator: Terminator;
  readonly #buffer = new Uint8Array(LONGEST_MESSAGE + 1);
  #length = 0;
  #before: number | undefined;
  #firstByteAtMs = 0;
  /** Which bytes are dropped: all of a line just opened, or those of a message that was too long. */
  #skips: "none" | "opening" | "to-silence" | "to-terminator" = "opening";

  constructor(terminator: Terminator) {
    this.#terminator = terminator;
  }

  /** Whether bytes wait for their end. */
  get isMidMessage(): boolean {
    return this.#length > 0;
  }

  push(chunk: Uint8Array, atMs: number): MessageOutcome[] {
    const outcomes: MessageOutcome[] = [];
    for (const byte of chunk) {
      const ends = ENDS[this.#terminator](byte, this.#before);
      this.#before = byte;
      if (this.#skips !== "none") {
        if (ends && this.#skips === "to-terminator") this.#skips = "none";
      } else if (ends) {
        const message = this.#take(this.#terminator === "crlf" ? 1 : 0);
        if (message !== undefined) outcomes.push(message);
      } else if (!this.#keep(byte, atMs)) {
        outcomes.push({ kind: "dropped", why: "overlong" });
      }
    }
    return outcomes;
  }

  /** No byte came for a while: ends a message where silence is the terminator, and drops it elsewhere. */
  silence(): MessageOutcome[] {
    const wasStale = this.#skips === "opening" && this.#before !== undefined;
    this.#skips = "none";
    this.#before = undefined;
    if (wasStale) return [{ kind: "dropped", why: "stale" }];
    if (!this.isMidMessage) return [];
    if (this.#terminator !== "silence") {
      this.clear();
      return [{ kind: "dropped", why: "unfinished" }];
    }
    const message = this.#take(0);
    return message === undefined ? [] : [message];
  }

  /** For a line that is never silent: drops the message under way and takes the next one. */
  expectTerminator(): void {
    if (this.#skips === "opening") this.#skips = "to-terminator";
  }

  clear(): void {
    this.#buffer.fill(0, 0, this.#length);
    this.#length = 0;
  }

  #keep(byte: number, atMs: number): boolean {
    if (this.#length === 0) this.#firstByteAtMs = atMs;
    this.#buffer[this.#length] = byte;
    this.#length += 1;
    // One more than a code can hold, for the CR in front of an LF.
    if (this.#length <= LONGEST_MESSAGE + (this.#terminator === "crlf" ? 1 : 0)) return true;
    this.clear();
    this.#skips = this.#terminator === "silence" ? "to-silence" : "to-terminator";
    return false;
  }

  /** @param ending how many of the kept bytes belong to the terminator */
  #take(ending: number): MessageOutcome | undefined {
    const bytes = this.#buffer.slice(0, Math.max(0, this.#length - ending));
    this.clear();
    // CR and LF together end one message and an empty one behind it.
    if (bytes.length === 0) return undefined;
    return { kind: "message", bytes, firstByteAtMs: this.#firstByteAtMs };
  }
}
