/** The resident card reader (SDT/SAM-V): finds the line and its rate, then a card, again and again. */
import type { SerialHost } from "../../../bus/serial.ts";
import { BusError } from "../../../bus/errors.ts";
import type { Clock } from "../../../clock.ts";
import type { CardReader, CardReadFailure, CardReading, DeviceHealth } from "../../../devices.ts";
import { CardContentError, parseTextBlock } from "./card-content.ts";
import { REQUESTS, type ResponseFrame } from "./frame.ts";
import { SdtLink, type LinkFault } from "./link.ts";
import { textOfPayload } from "./payload.ts";
import { detectBaudRate } from "./rate.ts";
import { CardPresentation, type ReadAttempt } from "./presentation.ts";
import { describeStatus, readerStatus, type ReaderStatus } from "./status.ts";
import { CancellableWaits } from "../../support/waits.ts";

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 5_000;
// So many faults in a row and the line itself is in doubt: open it and look for the rate afresh.
const FAULTS_BEFORE_REOPENING = 3;
// A module that refuses everything is asked again at the pace at which installers poll it.
const REFUSED_WAIT_MS = 3_000;

export interface SdtReaderOptions {
  host: SerialHost;
  clock: Clock;
  /** Pause between two looks for a card. */
  pollMs?: number;
}

/**
 * A reader that keeps itself going: an absent, unplugged or silent one is `failed` and is tried
 * again for ever. Reports each card once for each time it is laid down. Card content goes to the
 * reading listener and nowhere else.
 */
export function createSdtReader(options: SdtReaderOptions): CardReader {
  return new SdtReader(options);
}

type LookResult = "idle" | "again" | "fault" | "refused";

class SdtReader implements CardReader {
  readonly #host: SerialHost;
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #waits: CancellableWaits;
  readonly #showing = new CardPresentation();
  #health: DeviceHealth = { state: "starting" };
  #onHealth: (health: DeviceHealth) => void = () => {};
  #onReading: (reading: CardReading) => void = () => {};
  #onFailure: (failure: CardReadFailure) => void = () => {};
  #link: SdtLink | undefined;
  #running: Promise<void> | undefined;
  #stopping = false;
  #retryMs = FIRST_RETRY_MS;

  constructor({ host, clock, pollMs = 150 }: SdtReaderOptions) {
    this.#host = host;
    this.#clock = clock;
    this.#pollMs = pollMs;
    this.#waits = new CancellableWaits(clock);
  }

  start(): Promise<void> {
    if (this.#running === undefined) {
      this.#stopping = false;
      this.#report({ state: "starting" });
      this.#running = this.#run();
    }
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#waits.cancelAll();
    await this.#link?.close();
    await this.#running;
    this.#running = undefined;
  }

  onHealth(listener: (health: DeviceHealth) => void): void {
    this.#onHealth = listener;
    listener(this.#health);
  }

  onReading(listener: (reading: CardReading) => void): void {
    this.#onReading = listener;
  }

  onFailure(listener: (failure: CardReadFailure) => void): void {
    this.#onFailure = listener;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      try {
        await this.#converse();
      } catch (error) {
        if (!(error instanceof BusError)) throw error;
        if (!this.#stopping) this.#report(failed(error.kind, error.message));
      } finally {
        this.#showing.forget();
        await this.#link?.close();
        this.#link = undefined;
      }
      if (this.#stopping) return;
      await this.#waits.wait(this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    }
  }

  /** One life of the line: ends by throwing a BusError, or when stopped. */
  async #converse(): Promise<void> {
    const link = new SdtLink(await this.#host.open({ baudRate: 115_200 }), this.#clock);
    this.#link = link;
    link.onLost(() => this.#waits.cancelAll());
    if (this.#stopping) return;
    await detectBaudRate(link, this.#host.path);
    this.#retryMs = FIRST_RETRY_MS;
    let faults = 0;
    while (!this.#stopping) {
      if (link.lost !== undefined) throw link.lost;
      const result = await this.#look(link);
      faults = result === "fault" ? faults + 1 : 0;
      if (faults >= FAULTS_BEFORE_REOPENING) {
        throw new BusError("timeout", {
          bus: this.#host.path,
          during: "looking for a card",
          detail: `${faults} answers in a row were missing or damaged`,
        });
      }
      if (result === "fault") await link.drain();
      if (result === "idle") await this.#waits.wait(this.#pollMs);
      if (result === "refused") await this.#waits.wait(REFUSED_WAIT_MS);
    }
  }

  /** Looks for a card once, and reads it if it is new. */
  async #look(link: SdtLink): Promise<LookResult> {
    const reply = await link.ask(REQUESTS.find);
    if (reply.kind === "fault") return "fault";
    const status = readerStatus(reply.frame.sw3);
    if (status === "self-test-failed" || status === "not-authorised") {
      this.#report(failed(status, describeStatus(status)));
      return "refused";
    }
    if (status !== "card-found" && !REJECTIONS.has(status) && !GONE.has(status)) return "fault";
    this.#report({ state: "ok" });
    if (status === "card-found") return this.#showing.found() ? this.#attempt(link) : "idle";
    // A card of another kind is somebody's mistake: said once, then it has to leave.
    const failure = GONE.has(status)
      ? this.#showing.empty()
      : this.#showing.found()
        ? this.#showing.attempted({ ...refusedBy(status).attempt, final: true })
        : undefined;
    if (failure !== undefined) this.#onFailure(failure);
    return "idle";
  }

  async #attempt(link: SdtLink): Promise<LookResult> {
    const outcome = await readCard(link, this.#clock.monotonicMs());
    if (this.#stopping) return "idle";
    const failure = this.#showing.attempted(outcome.attempt);
    if (failure !== undefined) this.#onFailure(failure);
    if (outcome.reading !== undefined) this.#onReading(outcome.reading);
    if (outcome.lineFault) return "fault";
    return outcome.attempt.kind === "read" ? "idle" : "again";
  }

  #report(health: DeviceHealth): void {
    if (JSON.stringify(health) === JSON.stringify(this.#health)) return;
    this.#health = health;
    this.#onHealth(health);
  }
}

interface CardOutcome {
  attempt: ReadAttempt;
  reading?: CardReading;
  lineFault: boolean;
}

/** Selects and reads the card that was found. */
async function readCard(link: SdtLink, foundAtMs: number): Promise<CardOutcome> {
  const selected = await link.ask(REQUESTS.select);
  if (selected.kind === "fault") return damaged(selected.fault);
  const selection = readerStatus(selected.frame.sw3);
  if (selection !== "ok") return refusedBy(selection);
  const read = await link.ask(REQUESTS.readBase);
  if (read.kind === "fault") return damaged(read.fault);
  const status = readerStatus(read.frame.sw3);
  if (status !== "ok") return refusedBy(status);
  return understood(read.frame, { foundAtMs, lastByteAtMs: read.lastByteAtMs });
}

function understood(
  frame: ResponseFrame,
  times: Pick<CardReading, "foundAtMs" | "lastByteAtMs">,
): CardOutcome {
  let text: Uint8Array | undefined;
  try {
    text = textOfPayload(frame.data);
    const content = parseTextBlock(text);
    return { attempt: { kind: "read" }, reading: { content, ...times }, lineFault: false };
  } catch (error) {
    if (!(error instanceof CardContentError)) throw error;
    const failure: CardReadFailure = { kind: "content-invalid", detail: error.message };
    return { attempt: { kind: "failed", failure, final: true, gone: false }, lineFault: false };
  } finally {
    // The photo is dropped here, and the text with it: only what was parsed lives on.
    frame.data.fill(0);
    text?.fill(0);
  }
}

function damaged(fault: LinkFault): CardOutcome {
  const failure: CardReadFailure = {
    kind: "read-failed",
    detail: `the reader's answer did not arrive whole (${fault})`,
  };
  return { attempt: { kind: "failed", failure, final: false, gone: false }, lineFault: true };
}

const REJECTIONS: ReadonlySet<ReaderStatus> = new Set([
  "card-rejected-reader",
  "reader-rejected-card",
  "verification-failed",
  "wrong-card",
]);

// What a reader says of a card that stopped answering.
const GONE: ReadonlySet<ReaderStatus> = new Set([
  "no-card",
  "select-failed",
  "read-failed",
  "random-failed",
  "unrecognised",
]);

function refusedBy(
  status: ReaderStatus,
): CardOutcome & { attempt: Extract<ReadAttempt, { kind: "failed" }> } {
  const failure: CardReadFailure = {
    kind: REJECTIONS.has(status) ? "card-rejected" : "read-failed",
    detail: describeStatus(status),
  };
  return {
    attempt: { kind: "failed", failure, final: false, gone: GONE.has(status) },
    lineFault: false,
  };
}

function failed(kind: string, detail: string): DeviceHealth {
  return { state: "failed", kind, detail };
}
