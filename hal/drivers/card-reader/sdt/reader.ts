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
import { createHealth, failureOf } from "../../support/health.ts";
import { createRetry, type Retry, type Session } from "../../support/retry.ts";

const RETRY = { firstMs: 250, lastMs: 5_000 };
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

/** What came of one search for a card. */
type SearchResult = "idle" | "again" | "fault" | "refused";

class SdtReader implements CardReader {
  readonly #host: SerialHost;
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #presentation = new CardPresentation();
  readonly #health = createHealth();
  readonly #retry: Retry;
  #onReading: (reading: CardReading) => void = () => {};
  #onFailure: (failure: CardReadFailure) => void = () => {};
  #link: SdtLink | undefined;

  constructor({ host, clock, pollMs = 150 }: SdtReaderOptions) {
    this.#host = host;
    this.#clock = clock;
    this.#pollMs = pollMs;
    this.#retry = createRetry({
      clock,
      ...RETRY,
      attempt: (session) => this.#serve(session),
      onFailure: (error) => this.#health.set(failureOf(error)),
    });
  }

  async start(): Promise<void> {
    this.#health.set({ state: "starting" });
    // Finding the reader's rate takes seconds; nothing needs to wait for it.
    void this.#retry.start();
  }

  async stop(): Promise<void> {
    this.#retry.stop();
    await this.#link?.close();
  }

  onHealth(listener: (health: DeviceHealth) => void): void {
    this.#health.onChange(listener);
  }

  onReading(listener: (reading: CardReading) => void): void {
    this.#onReading = listener;
  }

  onFailure(listener: (failure: CardReadFailure) => void): void {
    this.#onFailure = listener;
  }

  /** Opens the line and searches for cards on it until it is lost or the driver stops. */
  async #serve(session: Session): Promise<void> {
    const link = new SdtLink(await this.#host.open({ baudRate: 115_200 }), this.#clock);
    this.#link = link;
    try {
      if (session.live) await this.#searchOn(link, session);
    } catch (error) {
      // Before the line is closed: what hangs there must not hold up the alarm.
      if (session.live) this.#health.set(failureOf(error));
      throw error;
    } finally {
      this.#presentation.forget();
      await link.close();
      if (this.#link === link) this.#link = undefined;
    }
  }

  async #searchOn(link: SdtLink, session: Session): Promise<void> {
    await detectBaudRate(link, this.#host.path);
    this.#retry.succeeded();
    let faults = 0;
    while (session.live) {
      if (link.lost !== undefined) throw link.lost;
      const result = await this.#search(link, session);
      faults = result === "fault" ? faults + 1 : 0;
      if (faults >= FAULTS_BEFORE_REOPENING) {
        throw new BusError("timeout", {
          bus: this.#host.path,
          during: "looking for a card",
          detail: `${faults} answers in a row were missing or damaged`,
        });
      }
      if (result === "fault") await link.drain();
      if (result === "idle") await link.wait(this.#pollMs);
      if (result === "refused") await link.wait(REFUSED_WAIT_MS);
    }
  }

  /** Searches for a card once, and reads it if it is new. */
  async #search(link: SdtLink, session: Session): Promise<SearchResult> {
    const reply = await link.ask(REQUESTS.find);
    if (reply.kind === "fault") return "fault";
    const status = readerStatus(reply.frame.sw3);
    if (status === "self-test-failed" || status === "not-authorised") {
      this.#health.set({ state: "failed", kind: status, detail: describeStatus(status) });
      return "refused";
    }
    if (status !== "card-found" && !REJECTIONS.has(status) && !GONE.has(status)) return "fault";
    this.#health.set({ state: "ok" });
    if (status === "card-found")
      return this.#presentation.found() ? this.#attempt(link, session) : "idle";
    // A card of another kind is somebody's mistake: said once, then it has to leave.
    const failure = GONE.has(status)
      ? this.#presentation.empty()
      : this.#presentation.found()
        ? this.#presentation.attempted({ ...refusedBy(status).attempt, final: true })
        : undefined;
    if (failure !== undefined) this.#onFailure(failure);
    return "idle";
  }

  async #attempt(link: SdtLink, session: Session): Promise<SearchResult> {
    const outcome = await readCard(link, this.#clock.monotonicMs());
    if (!session.live) return "idle";
    const failure = this.#presentation.attempted(outcome.attempt);
    if (failure !== undefined) this.#onFailure(failure);
    if (outcome.reading !== undefined) this.#onReading(outcome.reading);
    if (outcome.lineFault) return "fault";
    return outcome.attempt.kind === "read" ? "idle" : "again";
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
