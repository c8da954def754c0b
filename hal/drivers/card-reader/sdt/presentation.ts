/** Turns a stream of find and read results into one report for each time a card is laid down. */
import type { CardReadFailure } from "../../../devices.ts";

/** A hand that is still settling costs attempts; only what stays unreadable is a failure. */
const ATTEMPTS_PER_SHOWING = 3;

/** How one attempt at reading a card ended. */
export type ReadAttempt =
  | { kind: "read" }
  | {
      kind: "failed";
      failure: CardReadFailure;
      /** Another attempt cannot help: the card was read, and what it says is wrong. */
      final: boolean;
      /** The card stopped answering, so that taking it away explains the failure. */
      gone: boolean;
    };

type State =
  | { kind: "empty" }
  | { kind: "trying"; attempts: number; last: Extract<ReadAttempt, { kind: "failed" }> }
  // Some readers find a card again that was never lifted: it stays reported until it has left.
  | { kind: "reported" };

/** The memory of one reader: holds no card content. */
export class CardPresentation {
  #state: State = { kind: "empty" };

  /** A card was found: whether it is to be read. */
  found(): boolean {
    return this.#state.kind !== "reported";
  }

  /** No card is there; returns the failure of one that left unread. */
  empty(): CardReadFailure | undefined {
    const before = this.#state;
    this.#state = { kind: "empty" };
    if (before.kind !== "trying") return undefined;
    return before.last.gone
      ? { kind: "moved-away", detail: `left before it was read: ${before.last.failure.detail}` }
      : before.last.failure;
  }

  /** An attempt ended; returns the failure that is to be reported now, if any. */
  attempted(attempt: ReadAttempt): CardReadFailure | undefined {
    if (attempt.kind === "read") {
      this.#state = { kind: "reported" };
      return undefined;
    }
    const attempts = this.#state.kind === "trying" ? this.#state.attempts + 1 : 1;
    if (attempt.final || attempts >= ATTEMPTS_PER_SHOWING) {
      this.#state = { kind: "reported" };
      return attempt.failure;
    }
    this.#state = { kind: "trying", attempts, last: attempt };
    return undefined;
  }

  /** The line was lost: what was on the reader is unknown, and nobody's fault. */
  forget(): void {
    if (this.#state.kind === "trying") this.#state = { kind: "empty" };
  }
}
