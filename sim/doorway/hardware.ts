/** The simulated hardware of one unit: the buses, and on them the chips of the drivers it is configured with. */
import type { Buses } from "../../hal/bus/buses.ts";
import type { GuardedLine } from "../../hal/bus/gpio.ts";
import { every, type Clock, type Timer } from "../../hal/clock.ts";
import { driverOf } from "../../hal/registry.ts";
import { usesOf, type ConfiguredDevice } from "../../src/config/devices.ts";
import type { CardInHand } from "../actors/visitors.ts";
import { createSimulatedGpio, type SimulatedGpio } from "../bus/gpio.ts";
import { createSimulatedGuard, type SimulatedGuard } from "../bus/guard.ts";
import { createSimulatedSerial, type SimulatedSerial } from "../bus/serial.ts";
import { createSimulatedSmBus, type SimulatedSmBus } from "../bus/smbus.ts";
import { createSimulatedCamera, type SimulatedCamera } from "../camera/camera.ts";
import {
  simulatedChip,
  type CardReaderChip,
  type ChipOptions,
  type CodeScannerChip,
  type ThermometerChip,
} from "../chips/catalogue.ts";
import type { Random } from "../kernel/random.ts";
import { devicesIn, doorwayFile, GATE_LINE, GATE_MAXIMUM_MS } from "./wiring.ts";

export interface SimulatedHardwareOptions {
  clock: Clock;
  random: Random;
  ambientC: number;
  camera: {
    width: number;
    height: number;
    framesPerSecond: number;
    /** While nothing is shown. */
    idleFramesPerSecond: number;
    noise: number;
    /** Different noisy pictures of one scene, shown in turn. */
    noiseFrames: number;
  };
  /** What hangs on the buses; absent: everything a doorway has. */
  devices?: readonly ConfiguredDevice[];
}

/** The outer face of the hardware: what hands, faults and instruments reach. */
export interface SimulatedHardware {
  /** What the unit's drivers work with. */
  readonly buses: Buses;
  readonly gpio: SimulatedGpio;
  /** The two-wire bus of the thermometer. */
  readonly smbus: SimulatedSmBus;
  readonly thermometer: ThermometerChip;
  /** The port of the first card reader. */
  readonly serial: SimulatedSerial;
  readonly camera: SimulatedCamera;
  readonly reader: CardReaderChip;
  layCard(card: CardInHand): void;
  takeCard(): void;
  /** Holds a code before the scanners that decode by themselves, or takes it away. */
  showCode(content: Uint8Array | undefined): void;
  /** Flips a bit in what the thermometer sends, again and again. */
  corruptThermometer(corrupt: boolean): void;
  /** Starts a guard for the gate's line; the gate does so at start and after a guard died. */
  takeGuard(): Promise<GuardedLine>;
  /** The guard of now. */
  guard(): SimulatedGuard | undefined;
}

/** Shorter than the time between two samples of the thermometer's driver: each one is hit. */
const CORRUPTION_EVERY_MS = 20;

/** Wires everything up, plugged and faultless. */
export function createSimulatedHardware(options: SimulatedHardwareOptions): SimulatedHardware {
  const { clock, random } = options;
  const gpio = createSimulatedGpio(clock);
  const camera = cameraOf(options);
  const wiring = new Wiring(options);
  const { chip: thermometer, bus: smbus } = wiring.thermometer();
  const { chip: reader, port: serial } = wiring.reader();
  let corruption: Timer | undefined;
  let guard: SimulatedGuard | undefined;
  const takeGuard = (): Promise<GuardedLine> => {
    try {
      guard = createSimulatedGuard({ gpio, line: GATE_LINE, clock, maximumMs: GATE_MAXIMUM_MS });
      return Promise.resolve(guard);
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  };
  return {
    buses: {
      gpio,
      serial: (path) => wiring.serial(path),
      twoWire: (bus) => wiring.twoWire(bus),
      camera: () => camera,
      guardedLine: takeGuard,
    },
    gpio,
    smbus,
    thermometer,
    serial,
    camera,
    reader,
    layCard({ text, readsAs }) {
      if (readsAs === "rejected" || readsAs === "unreadable") reader.refuseCards(readsAs);
      reader.place(text);
    },
    takeCard() {
      reader.remove();
      reader.behave();
    },
    showCode(content) {
      for (const scanner of wiring.scanners) scanner.show(content);
    },
    corruptThermometer(corrupt) {
      corruption?.cancel();
      corruption = undefined;
      if (!corrupt) return;
      corruption = every(clock, CORRUPTION_EVERY_MS, () =>
        smbus.faults.flipBit(random.integer(0, 23)),
      );
    },
    takeGuard,
    guard: () => guard,
  };
}

function cameraOf({ clock, random, camera: settings }: SimulatedHardwareOptions): SimulatedCamera {
  const { width, height, framesPerSecond, idleFramesPerSecond, noise, noiseFrames } = settings;
  const camera = createSimulatedCamera({
    clock,
    random: random.fork("camera"),
    geometry: { width, height },
    fps: framesPerSecond,
    idleFps: idleFramesPerSecond,
    noiseFrames,
  });
  camera.setConditions({ noise });
  return camera;
}

/** Every serial port and two-wire bus that a device uses, with the device's chip on it. */
class Wiring {
  readonly #options: SimulatedHardwareOptions;
  readonly scanners: CodeScannerChip[] = [];
  readonly #ports = new Map<string, SimulatedSerial>();
  readonly #twoWire = new Map<number, SimulatedSmBus>();
  #thermometer: { chip: ThermometerChip; bus: SimulatedSmBus } | undefined;
  #reader: { chip: CardReaderChip; port: SimulatedSerial } | undefined;

  constructor(options: SimulatedHardwareOptions) {
    this.#options = options;
    for (const device of options.devices ?? devicesIn(doorwayFile())) this.#wire(device);
  }

  serial(path: string): SimulatedSerial {
    const known = this.#ports.get(path);
    if (known !== undefined) return known;
    const { clock, random } = this.#options;
    // The first one is named after the simulation in messages: traces do not depend on the file's path.
    const port =
      this.#ports.size === 0
        ? createSimulatedSerial({ clock, random: random.fork("serial") })
        : createSimulatedSerial({ clock, path, random: random.fork(`serial ${path}`) });
    this.#ports.set(path, port);
    return port;
  }

  twoWire(bus: number): SimulatedSmBus {
    const known = this.#twoWire.get(bus);
    if (known !== undefined) return known;
    const made = createSimulatedSmBus({ clock: this.#options.clock });
    this.#twoWire.set(bus, made);
    return made;
  }

  /** The thermometer and its bus; one that no driver uses where none is configured. */
  thermometer(): { chip: ThermometerChip; bus: SimulatedSmBus } {
    return (this.#thermometer ??= this.#attachThermometer("mlx90614", 1));
  }

  /** The first card reader and its port; one that no driver uses where none is configured. */
  reader(): { chip: CardReaderChip; port: SimulatedSerial } {
    return (this.#reader ??= this.#attachReader("sam-v", "no-card-reader"));
  }

  #wire(device: ConfiguredDevice): void {
    const { chip } = driverOf(device.kind, device.settings);
    if (chip === undefined) return;
    for (const use of usesOf(device)) {
      if (use.bus === "two-wire") {
        this.#thermometer ??= this.#attachThermometer(chip, use.number, use.address);
      } else if (use.bus === "serial") this.#attachSerial(chip, use.path);
    }
  }

  #attachSerial(name: string, path: string): void {
    const made = simulatedChip(name);
    if (made.kind === "card-reader") {
      const attached = this.#attachReader(name, path);
      this.#reader ??= attached;
    } else if (made.kind === "code-reader") {
      const scanner = made.create(this.#chipOptions(name));
      this.scanners.push(scanner);
      this.serial(path).attach(scanner);
    } else if (made.wire === "serial") {
      this.serial(path).attach(made.create(this.#chipOptions(name)));
    }
  }

  #attachReader(name: string, path: string): { chip: CardReaderChip; port: SimulatedSerial } {
    const made = simulatedChip(name);
    if (made.kind !== "card-reader") throw new RangeError(`${name} is no card reader`);
    const port = this.serial(path);
    const chip = made.create(this.#chipOptions(name));
    port.attach(chip);
    return { chip, port };
  }

  #attachThermometer(
    name: string,
    number: number,
    address?: number,
  ): { chip: ThermometerChip; bus: SimulatedSmBus } {
    const made = simulatedChip(name);
    if (made.kind !== "thermometer") throw new RangeError(`${name} is no thermometer`);
    const bus = this.twoWire(number);
    const chip = made.create({
      ...this.#chipOptions("thermometer"),
      ...(address === undefined ? {} : { address }),
    });
    bus.attach(chip);
    return { chip, bus };
  }

  #chipOptions(label: string): ChipOptions {
    const { clock, random, ambientC } = this.#options;
    return { clock, ambientC, random: random.fork(label) };
  }
}
