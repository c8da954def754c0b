/** The simulated hardware of one unit: every bus with the chips that hang on it. */
import type { GuardedLine } from "../../hal/bus/gpio.ts";
import { every, type Clock, type Timer } from "../../hal/clock.ts";
import { createSimulatedGpio, type SimulatedGpio } from "../bus/gpio.ts";
import { createSimulatedGuard, type SimulatedGuard } from "../bus/guard.ts";
import { createSimulatedSerial, type SimulatedSerial } from "../bus/serial.ts";
import { createSimulatedSmBus, type SimulatedSmBus } from "../bus/smbus.ts";
import { createSimulatedCamera, type SimulatedCamera } from "../camera/camera.ts";
import { createMlx90614Chip, type Mlx90614Chip } from "../chips/mlx90614.ts";
import { createSamVChip, type SamVChip } from "../chips/sam-v.ts";
import type { Random } from "../kernel/random.ts";
import type { CardInHand } from "../actors/visitors.ts";
import { GATE_LINE, GATE_MAXIMUM_MS } from "./wiring.ts";

export interface SimulatedHardwareOptions {
  clock: Clock;
  random: Random;
  ambientC: number;
  camera: {
    width: number;
    height: number;
    framesPerSecond: number;
    /** While nobody shows anything. */
    idleFramesPerSecond: number;
    noise: number;
    /** Different noisy pictures of one scene, shown in turn. */
    noiseFrames: number;
  };
}

/** The outer face of the hardware: what hands, faults and instruments reach. */
export interface SimulatedHardware {
  readonly gpio: SimulatedGpio;
  readonly smbus: SimulatedSmBus;
  readonly thermometer: Mlx90614Chip;
  readonly serial: SimulatedSerial;
  readonly camera: SimulatedCamera;
  readonly reader: SamVChip;
  layCard(card: CardInHand): void;
  takeCard(): void;
  /** Flips a bit in whatever the thermometer says, again and again. */
  corruptThermometer(corrupt: boolean): void;
  /** Starts a guard for the gate's line; the gate does so at start and after a guard died. */
  takeGuard(): Promise<GuardedLine>;
  /** The guard of now. */
  guard(): SimulatedGuard | undefined;
}

// Status bytes of the SDT/SAM-V table.
const SELECT_FAILED = { status: 0x81 };
const READ_FAILED = { status: 0x41 };
/** Shorter than the time between two looks of the thermometer's driver: each one is hit. */
const CORRUPTION_EVERY_MS = 20;

/** Wires everything up, plugged and faultless. */
export function createSimulatedHardware(options: SimulatedHardwareOptions): SimulatedHardware {
  const { clock, random, ambientC } = options;
  const gpio = createSimulatedGpio(clock);
  const smbus = createSimulatedSmBus({ clock });
  const thermometer = createMlx90614Chip({ clock, random: random.fork("thermometer"), ambientC });
  smbus.attach(thermometer);
  const serial = createSimulatedSerial({ clock, random: random.fork("serial") });
  const reader = createSamVChip({ clock });
  serial.attach(reader);
  const { width, height, framesPerSecond, idleFramesPerSecond, noise, noiseFrames } =
    options.camera;
  const camera = createSimulatedCamera({
    clock,
    random: random.fork("camera"),
    geometry: { width, height },
    fps: framesPerSecond,
    idleFps: idleFramesPerSecond,
    noiseFrames,
  });
  camera.setConditions({ noise });
  let corruption: Timer | undefined;
  let guard: SimulatedGuard | undefined;
  return {
    gpio,
    smbus,
    thermometer,
    serial,
    camera,
    reader,
    layCard(card) {
      if (card.readsAs === "rejected") reader.misbehave(SELECT_FAILED, { on: "select", times: 99 });
      if (card.readsAs === "unreadable") reader.misbehave(READ_FAILED, { on: "read", times: 99 });
      reader.place(card.text);
    },
    takeCard() {
      reader.remove();
      reader.behave();
    },
    corruptThermometer(corrupt) {
      corruption?.cancel();
      corruption = undefined;
      if (!corrupt) return;
      corruption = every(clock, CORRUPTION_EVERY_MS, () =>
        smbus.faults.flipBit(random.integer(0, 23)),
      );
    },
    takeGuard() {
      try {
        guard = createSimulatedGuard({ gpio, line: GATE_LINE, clock, maximumMs: GATE_MAXIMUM_MS });
        return Promise.resolve(guard);
      } catch (error) {
        return Promise.reject(error instanceof Error ? error : new Error(String(error)));
      }
    },
    guard: () => guard,
  };
}
