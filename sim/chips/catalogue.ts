/** Every simulated chip, by the name that drivers' registrations give it. Adding one is one line here. */
import type { SerialPeer } from "../bus/serial.ts";
import type { TwoWireChip } from "../bus/smbus.ts";
import type { Clock } from "../../hal/clock.ts";
import { createCodeScannerPeer } from "./code-scanner.ts";
import { createFirmataChip } from "./firmata.ts";
import { createMlx90614Chip } from "./mlx90614.ts";
import { createMlx90632Chip } from "./mlx90632.ts";
import { createSamVChip } from "./sam-v.ts";

/** What people, the room and faults do to a thermometer chip. */
export interface ThermometerChip extends TwoWireChip {
  /** The surface that fills the view: °C, or `undefined` for nothing but the room. */
  setObject(celsius: number | undefined): void;
  setAmbient(celsius: number): void;
  /** Marks its data as invalid. */
  setError(raised: boolean): void;
  setPower(on: boolean): void;
}

/** What people do to a card reader. */
export interface CardReaderChip extends SerialPeer {
  /** Lays a card down, in place of one that lies there. */
  place(text: Uint8Array): void;
  remove(): void;
  /** From now on cards are found, and then refused or unreadable. */
  refuseCards(how: "rejected" | "unreadable"): void;
  /** Ends all misbehaviour. */
  behave(): void;
}

/** What people do to a scanner that decodes by itself. */
export interface CodeScannerChip extends SerialPeer {
  /** Holds a code before it, or takes it away. */
  show(content: Uint8Array | undefined): void;
}

export interface ChipOptions {
  clock: Clock;
  random: { normal(): number };
  ambientC: number;
  /** 7-bit address, on a two-wire bus. */
  address?: number;
}

/** A chip by the kind of device it stands for, and the wire it hangs on. */
export type SimulatedChip =
  | { kind: "thermometer"; wire: "two-wire"; create(options: ChipOptions): ThermometerChip }
  | { kind: "card-reader"; wire: "serial"; create(options: ChipOptions): CardReaderChip }
  | { kind: "code-reader"; wire: "serial"; create(options: ChipOptions): CodeScannerChip }
  | { kind: "panel"; wire: "serial"; create(options: ChipOptions): SerialPeer };

const CHIPS: ReadonlyMap<string, SimulatedChip> = new Map<string, SimulatedChip>([
  ["mlx90614", { kind: "thermometer", wire: "two-wire", create: createMlx90614Chip }],
  ["mlx90632", { kind: "thermometer", wire: "two-wire", create: createMlx90632Chip }],
  ["sam-v", { kind: "card-reader", wire: "serial", create: createSamVChip }],
  ["code-scanner", { kind: "code-reader", wire: "serial", create: createCodeScannerPeer }],
  ["firmata", { kind: "panel", wire: "serial", create: createFirmataChip }],
]);

/** @throws RangeError for a name that no chip has */
export function simulatedChip(name: string): SimulatedChip {
  const chip = CHIPS.get(name);
  if (chip !== undefined) return chip;
  throw new RangeError(
    `no simulated chip is named ${name}; known: ${[...CHIPS.keys()].join(", ")}`,
  );
}
