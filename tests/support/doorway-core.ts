/** Drives the core by hand: events in, effects remembered, the store's answer at will. */
import type { Effect, EffectKind } from "../../src/core/effect.ts";
import type { Event } from "../../src/core/event.ts";
import type { Policy } from "../../src/core/policy/policy.ts";
import type { AwaitedEvidence, Decision } from "../../src/core/decision/decision.ts";
import { assertInvariants } from "../../src/core/invariants.ts";
import type { RecordBody } from "../../src/core/record.ts";
import { initialState, type DoorwayState } from "../../src/core/state.ts";
import { step } from "../../src/core/step.ts";
import type { Announcement } from "../../src/core/view/announcement.ts";
import { temperatureIn } from "../../src/core/view/view-of.ts";
import { aPolicy, at, event } from "./core.ts";

type EffectOf<K extends EffectKind> = Extract<Effect, { kind: K }>;

/** A core with the effects of all events so far. */
export class CoreUnderTest {
  state: DoorwayState;
  effects: Effect[] = [];
  /** Answers every commit at once, and keeps every order, as a healthy store does. */
  storeAnswers = true;
  /** The gate opens whenever it is asked to. */
  gateAnswers = true;

  constructor(policy: Policy = aPolicy()) {
    this.state = initialState(policy);
  }

  /** Takes an event in; returns what it alone led to, the store's answers included. */
  take(taken: Event): Effect[] {
    const result = step(this.state, taken);
    assertInvariants(result.state);
    this.state = result.state;
    const led = [...result.effects];
    if (this.storeAnswers) {
      for (const effect of result.effects) {
        if (effect.kind === "commit-record") {
          const { key } = effect.record;
          led.push(...this.#quietly(event({ kind: "record-committed", key }, taken.at)));
        }
        if (effect.kind === "keep-orders") {
          const { commandId, detail } = effect;
          const kept = { kind: "orders-kept" as const, ok: true, commandId, detail };
          led.push(...this.#quietly(event(kept, taken.at)));
        }
      }
    }
    for (const effect of this.gateAnswers ? result.effects : []) {
      if (effect.kind !== "release-gate") continue;
      const { releaseRef, cause } = effect;
      const answer = { kind: "gate-answered" as const, releaseRef, cause, ok: true, detail: "" };
      led.push(...this.#quietly(event(answer, taken.at)));
    }
    this.effects.push(...led);
    return led;
  }

  #quietly(taken: Event): Effect[] {
    const before = this.effects;
    this.effects = [];
    const led = this.take(taken);
    this.effects = before;
    return led;
  }

  of<K extends EffectKind>(kind: K): EffectOf<K>[] {
    return this.effects.filter((effect): effect is EffectOf<K> => effect.kind === kind);
  }

  records(): RecordBody[] {
    return this.of("commit-record").map((effect) => effect.record.body);
  }

  /** The decision about the visit that is there, if it has one. */
  decision(): Decision | undefined {
    const { visit } = this.state;
    return visit === null || visit.phase === "gathering" ? undefined : visit.decision;
  }

  /** What screen and voice were asked to express last. */
  announcement(): Announcement | undefined {
    return this.of("announce").at(-1)?.announcement;
  }

  /** What the visit that is there awaits. */
  awaits(): readonly AwaitedEvidence[] {
    const { visit } = this.state;
    return visit?.phase === "gathering" ? visit.awaits : [];
  }

  /** The temperature of the visit that is there. */
  temperatureC(): number | undefined {
    return temperatureIn(this.state.visit?.observed ?? []);
  }

  outcome(): string | undefined {
    return this.decision()?.outcome;
  }

  reasons(): string[] {
    return (this.decision()?.reasons ?? []).map((reason) => reason.code);
  }

  /** The named timer elapses for what it was last started about. */
  elapse(timer: EffectOf<"start-timer">["timer"], monotonicMs = 0): Effect[] {
    const started = this.of("start-timer").findLast((effect) => effect.timer === timer);
    if (started === undefined) throw new Error(`the timer ${timer} was never started`);
    return this.take(
      event({ kind: "timer-elapsed", timer, about: started.about }, at(monotonicMs)),
    );
  }
}
