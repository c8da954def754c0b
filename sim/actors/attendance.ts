/** One person at the door: arrives, shows, reads the screen, walks through or leaves. */
import type { Clock } from "../../hal/clock.ts";
import type { Outcome } from "../../src/core/decision/decision.ts";
import type { ScreenView } from "../../src/core/view/view.ts";
import type { PersonAction } from "../kernel/trace.ts";
import type { Shown, Showing, VisitorPlan } from "./visitors.ts";

/** What a person can do to the doorway, and see of it. */
export interface DoorwaySenses {
  stand(skinC: number | undefined): void;
  holdUp(shown: Shown): void;
  takeDown(shown: Shown): void;
  moveDoor(open: boolean): void;
  screen(): ScreenView;
  /** The lock gives way. */
  gateReleased(): boolean;
  /** Calls back on every change of screen or gate; returns a way to stop. */
  watch(listener: () => void): () => void;
  note(does: PersonAction, detail?: string): void;
}

/** How quick people are, ms; drawn from the seed for each of them. */
export interface Pace {
  approachMs: number;
  firstShowingMs: number;
  reactionMs: number;
  walkMs: number;
  turnAwayMs: number;
}

// Nobody holds a phone up for longer than this without being told anything.
const LONGEST_HOLD_MS = 8_000;
const LONGEST_PAUSE_MS = 3_000;

/** Follows a plan until the person has left. One object for one coming. */
export class Attendance {
  readonly plan: VisitorPlan;
  readonly #clock: Clock;
  readonly #senses: DoorwaySenses;
  readonly #pace: Pace;
  readonly #wakes = new Set<() => void>();
  #left = false;
  #up: Shown | undefined;
  #answered: string | undefined;
  #arrivedAtMs = 0;
  #toldWrong = false;

  constructor(plan: VisitorPlan, clock: Clock, senses: DoorwaySenses, pace: Pace) {
    this.plan = plan;
    this.#clock = clock;
    this.#senses = senses;
    this.#pace = pace;
  }

  /** The whole coming; resolves when the person is gone. */
  async run(): Promise<void> {
    const stopWatching = this.#senses.watch(() => this.#wake());
    try {
      await this.#arrive();
      const outcome = await this.#showEverything();
      await this.#react(outcome);
    } finally {
      stopWatching();
      this.leave();
    }
  }

  /** Walks off now, whatever is going on. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.#takeDown();
    this.#senses.stand(undefined);
    this.#senses.note("leaves");
    this.#wake();
  }

  get gone(): boolean {
    return this.#left;
  }

  async #arrive(): Promise<void> {
    const { visitRef } = this.#senses.screen();
    this.#answered = visitRef;
    this.#arrivedAtMs = this.#clock.monotonicMs();
    this.#senses.note("arrives");
    await this.#pause(this.#pace.approachMs);
    if (!this.#left) this.#senses.stand(this.plan.skinC);
  }

  async #showEverything(): Promise<Outcome | undefined> {
    let outcome: Outcome | undefined;
    for (const [index, showing] of this.plan.showings.entries()) {
      await this.#awaitTurn(showing, index);
      if (this.#left || outcome === "granted") break;
      outcome = (await this.#show(showing)) ?? outcome;
      if (outcome === "granted") break;
    }
    return outcome ?? (await this.#awaitOutcome());
  }

  #awaitTurn(showing: Showing, index: number): Promise<unknown> {
    if (showing.afterMs !== undefined) return this.#pause(showing.afterMs);
    if (index === 0) return this.#pause(this.#pace.firstShowingMs);
    // Whoever is asked for more reaches for it at once; whoever is not tries it anyway.
    const asked = (): boolean => this.#senses.screen().awaits.includes("id-card");
    return this.#until(asked, LONGEST_PAUSE_MS).then(() => this.#pause(this.#pace.reactionMs));
  }

  async #show(showing: Showing): Promise<Outcome | undefined> {
    const shown = showing.prepare();
    this.#up = shown;
    this.#senses.holdUp(shown);
    this.#senses.note(shown.kind === "card" ? "lays-card" : "shows", showing.label);
    if (showing.holdsMs !== undefined) {
      await this.#pause(showing.holdsMs);
    } else {
      await this.#until(() => this.#isAnswered(shown), LONGEST_HOLD_MS);
    }
    const outcome = this.#read();
    this.#toldWrong = outcome === undefined && this.#isWrongCode(shown);
    await this.#pause(this.#pace.reactionMs / 2);
    this.#takeDown();
    return outcome ?? this.#read();
  }

  #isAnswered(shown: Shown): boolean {
    if (this.#outcomeOnScreen() !== undefined || this.#isWrongCode(shown)) return true;
    return shown.kind !== "card" && this.#senses.screen().awaits.includes("id-card");
  }

  /** The screen says that this is no credential at all. */
  #isWrongCode(shown: Shown): boolean {
    return shown.kind !== "card" && this.#senses.screen().hint !== undefined;
  }

  #takeDown(): void {
    const shown = this.#up;
    if (shown === undefined) return;
    this.#up = undefined;
    this.#senses.takeDown(shown);
    this.#senses.note(shown.kind === "card" ? "takes-card" : "hides");
  }

  async #awaitOutcome(): Promise<Outcome | undefined> {
    // Whoever has nothing else to show does not stand there and wait.
    if (this.#toldWrong) return this.#read();
    const spentMs = this.#clock.monotonicMs() - this.#arrivedAtMs;
    const leftMs = Math.max(0, this.plan.patienceMs - spentMs);
    await this.#until(() => this.#outcomeOnScreen() !== undefined, leftMs);
    return this.#read();
  }

  async #react(outcome: Outcome | undefined): Promise<void> {
    let final = outcome;
    if (final === "referred") {
      const decided = (): boolean => ["granted", "denied"].includes(this.#latest() ?? "");
      await this.#until(decided, this.plan.staffPatienceMs);
      final = this.#latest();
    }
    if (this.#left) return;
    if (final === "granted" && this.plan.walksThrough) await this.#walkThrough();
    else await this.#pause(this.#pace.turnAwayMs);
  }

  async #walkThrough(): Promise<void> {
    await this.#until(() => this.#senses.gateReleased(), LONGEST_PAUSE_MS);
    await this.#pause(this.#pace.reactionMs);
    if (this.#left || !this.#senses.gateReleased()) return;
    this.#senses.moveDoor(true);
    this.#senses.note("opens-door");
    await this.#pause(this.#pace.walkMs);
    if (!this.#left) {
      this.#senses.note("walks-through");
      this.#senses.stand(undefined);
    }
    await this.#clockPause(this.#pace.walkMs + (this.plan.holdsDoorMs ?? 0));
    this.#senses.moveDoor(false);
    this.#senses.note("closes-door");
  }

  /** The outcome of a visit that this person's showing opened. */
  #outcomeOnScreen(): Outcome | undefined {
    const { outcome, visitRef } = this.#senses.screen();
    return visitRef === this.#answered ? undefined : outcome;
  }

  #read(): Outcome | undefined {
    const outcome = this.#outcomeOnScreen();
    if (outcome !== undefined) this.#answered = this.#senses.screen().visitRef;
    return outcome;
  }

  /** What the screen says of the visit that was answered last. */
  #latest(): Outcome | undefined {
    const { outcome, visitRef } = this.#senses.screen();
    return visitRef === this.#answered ? outcome : undefined;
  }

  #wake(): void {
    for (const wake of this.#wakes) wake();
  }

  /** Resolves when the condition holds, the time is over, or the person has left. */
  #until(holds: () => boolean, atMostMs: number): Promise<void> {
    return new Promise((resolve) => {
      const finish = (): void => {
        timer.cancel();
        this.#wakes.delete(look);
        resolve();
      };
      const look = (): void => {
        if (this.#left || holds()) finish();
      };
      const timer = this.#clock.after(atMostMs, finish);
      this.#wakes.add(look);
      look();
    });
  }

  #pause(forMs: number): Promise<void> {
    return this.#until(() => false, forMs);
  }

  // A door swings shut whether or not the person is still counted as being there.
  #clockPause(forMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(forMs, resolve);
    });
  }
}
