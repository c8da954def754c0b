/** A code scanner that decodes by itself and sends the text over a serial line, or over USB as one. */
import { BusError } from "../../../bus/errors.ts";
import type { SerialConnection, SerialHost } from "../../../bus/serial.ts";
import { withDeadline } from "../../../clock.ts";
import type { Clock, Timer } from "../../../clock.ts";
import type { CodeReader, CodeReading, DeviceHealth } from "../../../devices.ts";
import { textOf } from "../decode/text.ts";
import { wantedBy } from "../decode/wanted.ts";
import type { IsWanted } from "../decode/wanted.ts";
import { createHealth, failureOf } from "../../support/health.ts";
import { createRetry } from "../../support/retry.ts";
import type { Retry, Session } from "../../support/retry.ts";
import { MessageParser } from "./messages.ts";
import type { MessageOutcome, Terminator } from "./messages.ts";
import { createPresentations } from "./presentations.ts";
import type { Presentations } from "./presentations.ts";

/** How a scanner writes what is not ASCII; `auto` finds it out as for the camera's codes. */
export type ScannerEncoding = "auto" | "utf-8" | "gb18030";

export interface SerialScannerOptions {
  host: SerialHost;
  clock: Clock;
  baudRate?: number;
  terminator?: Terminator;
  /** A message without a terminator has ended after so long without a byte; default 50 ms. */
  silenceMs?: number;
  encoding?: ScannerEncoding;
  /** A code must not be read for this long before it counts as shown again; default 1,500 ms. */
  forgetAfterMs?: number;
  /** Patterns of the texts that look like a credential; absent: any text does. */
  wanted?: readonly string[];
  /** What is sent each time the line is opened, as the module's manual has it; absent: nothing is ever sent. */
  openingCommand?: Uint8Array;
}

export const SCANNER_DEFAULTS = {
  baudRate: 9_600,
  terminator: "line",
  silenceMs: 50,
  encoding: "auto",
  forgetAfterMs: 1_500,
} as const;

/** With a terminator a pause inside a message is a busy machine's, up to here. */
const UNFINISHED_AFTER_MS = 500;
/** A line that is open this long without having been silent is taken as it is. */
const OPENING_AT_MOST_MS = 1_000;
const WRITE_WAIT_MS = 2_000;
/** So many messages without their terminator in a row: the module is set to another one. */
const UNFINISHED_BEFORE_FAILED = 3;
/** No hand shows more codes in a second; a module that sends more is broken. */
const READINGS_PER_SECOND = 10;
const SECOND_MS = 1_000;

/** A scanner that keeps itself going: an absent or unplugged one is `failed` and tried again for ever. */
export function createSerialScanner(options: SerialScannerOptions): CodeReader {
  return new SerialScanner(options);
}

class SerialScanner implements CodeReader {
  readonly #host: SerialHost;
  readonly #clock: Clock;
  readonly #baudRate: number;
  readonly #terminator: Terminator;
  readonly #silenceMs: number;
  readonly #openingCommand: Uint8Array | undefined;
  readonly #text: (bytes: Uint8Array) => string;
  readonly #isWanted: IsWanted;
  readonly #presentations: Presentations;
  readonly #health = createHealth();
  readonly #retry: Retry;
  #onReading: ((reading: CodeReading) => void) | undefined;
  #unfinished = 0;
  #readAtMs: number[] = [];

  constructor(options: SerialScannerOptions) {
    const settings = { ...SCANNER_DEFAULTS, ...options };
    this.#host = settings.host;
    this.#clock = settings.clock;
    this.#baudRate = settings.baudRate;
    this.#terminator = settings.terminator;
    this.#silenceMs = settings.terminator === "silence" ? settings.silenceMs : UNFINISHED_AFTER_MS;
    this.#openingCommand = options.openingCommand;
    this.#text = textIn(settings.encoding);
    this.#isWanted = wantedBy(options.wanted);
    this.#presentations = createPresentations(settings.clock, settings.forgetAfterMs);
    this.#retry = createRetry({
      clock: settings.clock,
      attempt: (session) => this.#attend(session),
      onFailure: (error) => this.#health.set(failureOf(error)),
    });
  }

  async start(): Promise<void> {
    this.#health.set({ state: "starting" });
    // A port that is not there yet must not delay the unit.
    void this.#retry.start();
  }

  async stop(): Promise<void> {
    this.#retry.stop();
    this.#presentations.forget();
  }

  onHealth(listener: (health: DeviceHealth) => void): void {
    this.#health.onChange(listener);
  }

  onReading(listener: (reading: CodeReading) => void): void {
    this.#onReading = listener;
  }

  /** A scanner has no picture to show. */
  snapshot(): undefined {
    return undefined;
  }

  /** One life of the line: ends by throwing, or when the driver is stopped. */
  async #attend(session: Session): Promise<void> {
    const connection = await this.#host.open({ baudRate: this.#baudRate });
    const lost = Promise.withResolvers<never>();
    connection.onClose((error) => {
      lost.reject(
        error ?? new BusError("closed", { bus: this.#host.path, during: "waiting for codes" }),
      );
    });
    const line = this.#listen(connection, session);
    try {
      if (!session.live) return;
      if (this.#openingCommand !== undefined) await this.#send(connection, this.#openingCommand);
      this.#health.set({ state: "ok" });
      this.#retry.succeeded();
      await Promise.race([session.stopped, lost.promise]);
    } finally {
      // The line may fail once more while it is closed, which is no news.
      lost.promise.catch(() => undefined);
      line.end();
      this.#presentations.forget();
      await connection.close();
    }
  }

  #listen(connection: SerialConnection, session: Session): { end(): void } {
    const parser = new MessageParser(this.#terminator);
    let silence: Timer | undefined;
    const awaitSilence = (): void => {
      silence?.cancel();
      silence = this.#clock.after(this.#silenceMs, () => this.#take(parser.silence()));
    };
    const opening = this.#clock.after(OPENING_AT_MOST_MS, () => parser.expectTerminator());
    connection.onData((chunk) => {
      if (!session.live) return;
      const outcomes = parser.push(chunk, this.#clock.monotonicMs());
      // The chunk may hold a credential; the line gave it to us, so it ends here.
      chunk.fill(0);
      this.#take(outcomes);
      awaitSilence();
    });
    awaitSilence();
    return {
      end() {
        silence?.cancel();
        opening.cancel();
        parser.clear();
      },
    };
  }

  #send(connection: SerialConnection, command: Uint8Array): Promise<void> {
    const { path } = this.#host;
    return withDeadline(
      this.#clock,
      WRITE_WAIT_MS,
      connection.write(command),
      () => new BusError("timeout", { bus: path, during: "sending to the code scanner" }),
    );
  }

  #take(outcomes: readonly MessageOutcome[]): void {
    for (const outcome of outcomes) {
      if (outcome.kind === "message") {
        this.#unfinished = 0;
        this.#health.set({ state: "ok" });
        this.#report(outcome.bytes, outcome.firstByteAtMs);
      } else if (outcome.why === "unfinished") {
        this.#unfinished += 1;
        if (this.#unfinished >= UNFINISHED_BEFORE_FAILED) this.#health.set(UNTERMINATED);
      }
    }
  }

  #report(bytes: Uint8Array, firstByteAtMs: number): void {
    if (!this.#presentations.isNew(bytes) || !this.#isWithinRate()) return;
    const text = this.#text(bytes);
    this.#onReading?.({
      code: { bytes, text, format: "qr", corners: [], decoder: "serial-scanner" },
      frameAtMs: firstByteAtMs,
      decodedAtMs: this.#clock.monotonicMs(),
      framesTried: 1,
      credentialShaped: this.#isWanted(text),
    });
  }

  #isWithinRate(): boolean {
    const now = this.#clock.monotonicMs();
    this.#readAtMs = this.#readAtMs.filter((atMs) => now - atMs < SECOND_MS);
    if (this.#readAtMs.length >= READINGS_PER_SECOND) return false;
    this.#readAtMs.push(now);
    return true;
  }
}

const UNTERMINATED: DeviceHealth = {
  state: "failed",
  kind: "unterminated",
  detail:
    "texts come without the terminator that the configuration names; set the one that the module sends, or `silence`",
};

function textIn(encoding: ScannerEncoding): (bytes: Uint8Array) => string {
  if (encoding === "auto") return textOf;
  const decoder = new TextDecoder(encoding);
  return (bytes) => textOf(bytes, decoder.decode(bytes), true);
}
