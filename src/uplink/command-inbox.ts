/** Commands as they arrive: verified, handed on once, and answered when the broker is there. */
import type { Clock } from "../../hal/clock.ts";
import {
  COMMAND_REFUSALS,
  type CommandVerifier,
  type RefusedCommand,
  type VerifiedCommand,
} from "./command-verifier.ts";
import type { IncomingMessage } from "../mqtt/connection.ts";

/** Answers kept while offline; beyond, the oldest goes. */
const ANSWERS_KEPT = 32;

export class CommandInbox {
  readonly #clock: Clock;
  readonly #verifier: CommandVerifier | undefined;
  readonly #publish: (answer: string) => Promise<boolean>;
  readonly #listeners = new Set<(command: VerifiedCommand) => void>();
  readonly #answers: string[] = [];
  readonly #refused = zeroCounts(COMMAND_REFUSALS);

  /**
   * @param verifier verifies commands; without it every command is refused
   * @param publish resolves to whether the broker took the answer
   */
  constructor(
    clock: Clock,
    verifier: CommandVerifier | undefined,
    publish: (answer: string) => Promise<boolean>,
  ) {
    this.#clock = clock;
    this.#verifier = verifier;
    this.#publish = publish;
  }

  /** Commands that did nothing, by why. */
  refused(): Readonly<Record<string, number>> {
    return { ...this.#refused };
  }

  onCommand(listener: (command: VerifiedCommand) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  received(message: IncomingMessage): void {
    void this.#handle(message);
  }

  answer(commandId: string, result: "done" | "refused", detail: string): void {
    this.#answers.push(JSON.stringify({ commandId, result, detail, atMs: this.#clock.wallMs() }));
    if (this.#answers.length > ANSWERS_KEPT) this.#answers.shift();
    void this.sendAnswers();
  }

  async sendAnswers(): Promise<void> {
    for (let answer = this.#answers[0]; answer !== undefined; answer = this.#answers[0]) {
      if (!(await this.#publish(answer))) return;
      if (this.#answers[0] === answer) this.#answers.shift();
    }
  }

  async #handle(message: IncomingMessage): Promise<void> {
    const name = message.topic.split("/").at(-1) ?? "";
    const verdict: VerifiedCommand | RefusedCommand = (await this.#verifier?.verify(
      name,
      message.payload,
    )) ?? { refused: "no-keys" };
    if ("refused" in verdict) {
      const { refused, commandId } = verdict;
      this.#refused[refused] += 1;
      if (commandId !== undefined) this.answer(commandId, "refused", refused);
      return;
    }
    for (const listener of this.#listeners) listener(verdict);
  }
}

/** Counts by reason; one that appears with its first event has no increase to be seen. */
export function zeroCounts<Reason extends string>(
  reasons: readonly Reason[],
): Record<Reason, number> {
  return Object.fromEntries(reasons.map((reason) => [reason, 0])) as Record<Reason, number>;
}
