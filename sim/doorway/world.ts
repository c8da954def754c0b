/** The world around the simulated doorway: people one after the other, light, warmth, the door and its contacts. */
import type { Clock } from "../../hal/clock.ts";
import type { Contact } from "../../hal/devices.ts";
import type { ScreenView } from "../../src/core/view/view.ts";
import { Attendance, type DoorwaySenses, type Pace } from "../actors/attendance.ts";
import type { SimulatedHardware } from "./hardware.ts";
import type { CodeScene } from "../camera/face.ts";
import type { Conditions } from "../camera/picture.ts";
import type { Random } from "../kernel/random.ts";
import type { Trace } from "../kernel/trace.ts";
import type { Shown, VisitorPlan } from "../actors/visitors.ts";
import { CONTACT_LINES, GATE_LINE } from "./wiring.ts";

/** What the world acts on: the outer faces of the simulated chips. */
export interface Surroundings {
  clock: Clock;
  random: Random;
  trace: Trace;
  bench: SimulatedHardware;
  screen(): ScreenView;
  /** Calls back on every change of the screen; returns a way to stop. */
  onScreen(listener: () => void): () => void;
}

/** Between two visitors the place before the door is empty for a moment. */
const GAP_MS = 1_000;
const EXIT_PRESS_MS = 300;
/** The dark of a covered lens, in grey levels. */
const COVERED_LEVEL = 12;
/** People and things at the door. Everything that happens here is noted in the trace. */
export class World {
  readonly #around: Surroundings;
  readonly #watchers = new Set<() => void>();
  readonly #queue: { come: () => void; gapMs: number }[] = [];
  #present: Attendance | undefined;
  #lastLeftAtMs = -Infinity;
  #conditions: Conditions;
  #doorHeld = false;
  #covered = false;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#conditions = around.bench.camera.conditions();
    around.bench.gpio.onLevel((line, level) => {
      if (line !== GATE_LINE) return;
      around.trace.note({ what: "gate-line", level });
      this.#changed();
    });
    around.onScreen(() => this.#changed());
  }

  /** Who stands at the door. */
  atDoor(): string | undefined {
    return this.#present?.plan.id;
  }

  /** Sends a visitor, who comes as soon as the one before has left. Resolves when they are gone. */
  send(plan: VisitorPlan): Promise<void> {
    return new Promise((resolve, reject) => {
      const come = (): void => {
        this.#attend(plan).then(resolve, reject);
      };
      if (plan.pushesIn) {
        this.#queue.unshift({ come, gapMs: 0 });
        this.dismiss();
      } else {
        this.#queue.push({ come, gapMs: GAP_MS });
      }
      this.#admitNext();
    });
  }

  /** Clears the door and the queue, and resolves when this visitor stands at the door. */
  callForward(plan: VisitorPlan): Promise<void> {
    this.#queue.length = 0;
    this.dismiss();
    return new Promise((resolve, reject) => {
      const stop = this.watch(() => {
        if (this.#present?.plan !== plan) return;
        stop();
        resolve();
      });
      this.send(plan).catch(reject);
    });
  }

  /** Whoever stands at the door walks away. */
  dismiss(): void {
    this.#present?.leave();
  }

  /** Light, distance and noise, for everything shown from now on. */
  setConditions(change: Partial<Conditions>): void {
    this.#conditions = { ...this.#conditions, ...change };
    this.#around.bench.camera.setConditions(this.#conditions);
  }

  conditions(): Conditions {
    return this.#conditions;
  }

  setAmbient(celsius: number): void {
    this.#around.trace.note({ what: "world", change: "ambientC", value: celsius });
    this.#around.bench.thermometer.setAmbient(celsius);
  }

  /** Moves one of the contacts, from either side of the door. */
  moveContact(contact: Contact, active: boolean): void {
    this.#around.trace.note({ what: "contact", contact, active });
    this.#around.bench.gpio.drive(CONTACT_LINES[contact], active ? 1 : 0);
  }

  pressExit(): void {
    this.moveContact("exit-request", true);
    this.#around.clock.after(EXIT_PRESS_MS, () => this.moveContact("exit-request", false));
  }

  /** Covers the lens, or uncovers it; what is held up meanwhile is not seen. */
  coverLens(covered: boolean): void {
    this.#covered = covered;
    const { camera } = this.#around.bench;
    if (!covered) {
      camera.show(null);
      return;
    }
    this.#around.bench.showCode(undefined);
    const { width, height } = camera.picture();
    const luminance = new Uint8Array(width * height).fill(COVERED_LEVEL);
    camera.showImage({ width, height, luminance });
  }

  /** While held, a door that was opened does not close. */
  holdDoor(held: boolean): void {
    this.#doorHeld = held;
    if (!held && this.#around.bench.gpio.level(CONTACT_LINES["door-open"]) === 1) {
      this.moveContact("door-open", false);
    }
  }

  /** Called on every change of who stands there, the screen or the gate. Returns a way to stop. */
  watch(listener: () => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  #changed(): void {
    for (const listener of this.#watchers) listener();
  }

  /** Lets the next in the queue step up, once the place is free and the gap is over. */
  #admitNext(): void {
    const [next] = this.#queue;
    if (next === undefined || this.#present !== undefined) return;
    const { clock } = this.#around;
    const waitMs = this.#lastLeftAtMs + next.gapMs - clock.monotonicMs();
    if (waitMs > 0) {
      clock.after(waitMs, () => this.#admitNext());
      return;
    }
    this.#queue.shift();
    next.come();
  }

  async #attend(plan: VisitorPlan): Promise<void> {
    const { clock, random } = this.#around;
    const attendance = new Attendance(plan, clock, this.#senses(plan), paceOf(random));
    this.#present = attendance;
    this.#changed();
    try {
      await attendance.run();
    } finally {
      this.#present = undefined;
      this.#lastLeftAtMs = clock.monotonicMs();
      this.#changed();
      this.#admitNext();
    }
  }

  #senses(plan: VisitorPlan): DoorwaySenses {
    const { bench, trace } = this.#around;
    const { thermometer, gpio } = bench;
    return {
      stand: (skinC) => thermometer.setObject(skinC),
      holdUp: (shown) => this.#holdUp(shown),
      takeDown: (shown) => this.#takeDown(shown),
      moveDoor: (open) => {
        if (open || !this.#doorHeld) this.moveContact("door-open", open);
      },
      screen: () => this.#around.screen(),
      gateReleased: () => gpio.level(GATE_LINE) === 1,
      watch: (listener) => this.watch(listener),
      note: (does, detail) =>
        trace.note({
          what: "person",
          visitor: plan.id,
          does,
          ...(detail === undefined ? {} : { detail }),
          ...(does === "arrives" ? { pseudonyms: plan.pseudonyms, skinC: plan.skinC } : {}),
        }),
    };
  }

  #holdUp(shown: Shown): void {
    const { camera } = this.#around.bench;
    if (this.#covered && shown.kind !== "card") return;
    switch (shown.kind) {
      case "card":
        this.#around.bench.layCard(shown.card);
        return;
      case "image":
        camera.setConditions({ ...this.#conditions, ...shown.conditions });
        camera.showImage(shown.picture);
        return;
      case "code":
        camera.setConditions({ ...this.#conditions, ...shown.conditions });
        camera.show(shown.scene);
        this.#around.bench.showCode(contentOf(shown.scene));
    }
  }

  #takeDown(shown: Shown): void {
    if (shown.kind === "card") {
      this.#around.bench.takeCard();
      return;
    }
    if (this.#covered) return;
    this.#around.bench.camera.setConditions(this.#conditions);
    this.#around.bench.camera.show(null);
    this.#around.bench.showCode(undefined);
  }
}

/** What is in the code: scanners send it on as it is. */
function contentOf({ text }: CodeScene): Uint8Array {
  return typeof text === "string" ? new TextEncoder().encode(text) : text;
}

function paceOf(random: Random): Pace {
  return {
    approachMs: random.integer(150, 400),
    firstShowingMs: random.integer(500, 1_000),
    reactionMs: random.integer(300, 700),
    walkMs: random.integer(600, 1_000),
    turnAwayMs: random.integer(800, 1_800),
  };
}
