/** A resident card reader with its SAM-V module, as the protocol tables describe it, on a serial wire. */
import type { Clock, Timer } from "../../hal/clock.ts";
import type { SerialPeer } from "../bus/serial.ts";
import { encodeCard, type CardFields } from "./sam-v-card.ts";

export { encodeCard, type CardFields } from "./sam-v-card.ts";

const MARK = [0xaa, 0xaa, 0xaa, 0x96, 0x69] as const;
const PHOTO_BYTES = 1024;

/** Status bytes (SW3) of the SDT/SAM-V table that the module gives by itself. */
const SW3 = {
  done: 0x90,
  found: 0x9f,
  badChecksum: 0x10,
  badLength: 0x11,
  badCommand: 0x21,
  readFailed: 0x41,
  noCard: 0x80,
  selectFailed: 0x81,
  empty: 0x91,
} as const;

/** Commands by what they do. */
export type SamCommand =
  | "reset"
  | "status"
  | "sam-id"
  | "find"
  | "select"
  | "read"
  | "read-fingerprint"
  | "read-address"
  | "read-management-number"
  | "set-baud"
  | "set-rf-frame";

// Command and parameter bytes; the parameter of set-baud is its value.
const COMMANDS: ReadonlyMap<number, SamCommand> = new Map([
  [0x10ff, "reset"],
  [0x11ff, "status"],
  [0x12ff, "sam-id"],
  [0x2001, "find"],
  [0x2002, "select"],
  [0x3001, "read"],
  [0x3010, "read-fingerprint"],
  [0x3003, "read-address"],
  [0x3005, "read-management-number"],
  [0x61ff, "set-rf-frame"],
]);
const SET_BAUD = 0x60;
const RATES = [115_200, 57_600, 38_400, 19_200, 9_600];

/** Milliseconds the module works before it answers; readers of this kind read a card within a second. */
const WORK_MS: Readonly<Record<SamCommand, number>> = {
  reset: 20,
  status: 3,
  "sam-id": 5,
  find: 25,
  select: 40,
  read: 360,
  "read-fingerprint": 520,
  "read-address": 90,
  "read-management-number": 60,
  "set-baud": 5,
  "set-rf-frame": 3,
};

/** Start-up and self-test after power comes. */
const START_MS = 300;

/** What a module can do wrong with one answer. */
export type Misbehaviour =
  | { status: number }
  | "silent"
  | "wrong-checksum"
  | "wrong-length"
  | "truncated"
  | "noise-before"
  | "vendor-timeout"
  | "answered-twice";

/** A card with what lies beside its text. */
export interface PlacedCard {
  text: Uint8Array;
  photo?: Uint8Array;
  /** 0, 512 or 1024 bytes. */
  fingerprint?: Uint8Array;
  appendedAddress?: string;
}

export interface SamVOptions {
  clock: Clock;
  baudRate?: number;
  /** The five numbers of the module's id. */
  samId?: readonly [number, number, number, number, number];
  /** Whether a card that was read is found again only after it left the field, as most readers do. */
  mustLeaveAfterRead?: boolean;
}

export interface SamVChip extends SerialPeer {
  /** Lays a card on the reader, in place of one that lies there. */
  place(card: CardFields | Uint8Array | PlacedCard): void;
  remove(): void;
  readonly occupied: boolean;
  /** Spoils the next answers: to any command or to one, once or `times` times. */
  misbehave(how: Misbehaviour, options?: { on?: SamCommand; times?: number }): void;
  /** From now on cards are found, and then refused or unreadable. */
  refuseCards(how: "rejected" | "unreadable"): void;
  /** Ends all misbehaviour. */
  behave(): void;
  /** How many commands of each kind were understood. */
  readonly asked: ReadonlyMap<SamCommand, number>;
}

export function createSamVChip(options: SamVOptions): SamVChip {
  return new SamV(options);
}

type Step = "idle" | "found" | "selected";

interface Plan {
  how: Misbehaviour;
  on: SamCommand | undefined;
  left: number;
}

class SamV implements SamVChip {
  baudRate: number;
  readonly asked = new Map<SamCommand, number>();
  readonly #clock: Clock;
  readonly #samId: readonly number[];
  readonly #mustLeave: boolean;
  #transmit: (bytes: Uint8Array) => void = () => {};
  #received: number[] = [];
  #card: PlacedCard | undefined;
  #readAlready = false;
  #step: Step = "idle";
  #plans: Plan[] = [];
  #work: Timer | undefined;
  #busy = false;
  #powered = true;
  #readyAtMs = 0;

  constructor({ clock, baudRate = 115_200, samId, mustLeaveAfterRead = true }: SamVOptions) {
    this.#clock = clock;
    this.baudRate = baudRate;
    this.#samId = samId ?? [5, 3, 20_200_101, 1_234_567, 987_654_321];
    this.#mustLeave = mustLeaveAfterRead;
  }

  get occupied(): boolean {
    return this.#card !== undefined;
  }

  place(card: CardFields | Uint8Array | PlacedCard): void {
    this.remove();
    if (card instanceof Uint8Array) this.#card = { text: card };
    else if ("text" in card) this.#card = card;
    else this.#card = { text: encodeCard(card) };
  }

  remove(): void {
    this.#card = undefined;
    this.#readAlready = false;
    this.#step = "idle";
  }

  misbehave(how: Misbehaviour, { on, times = 1 }: { on?: SamCommand; times?: number } = {}): void {
    this.#plans.push({ how, on, left: times });
  }

  refuseCards(how: "rejected" | "unreadable"): void {
    if (how === "rejected")
      this.misbehave({ status: SW3.selectFailed }, { on: "select", times: 99 });
    else this.misbehave({ status: SW3.readFailed }, { on: "read", times: 99 });
  }

  behave(): void {
    this.#plans = [];
  }

  onSend(transmit: (bytes: Uint8Array) => void): void {
    this.#transmit = transmit;
  }

  power(on: boolean): void {
    this.#powered = on;
    this.#work?.cancel();
    this.#busy = false;
    this.#received = [];
    this.#step = "idle";
    // Without its field the module has no memory of the card that lies there.
    this.#readAlready = false;
    if (on) this.#readyAtMs = this.#clock.monotonicMs() + START_MS;
  }

  receive(bytes: Uint8Array): void {
    if (!this.#powered || this.#clock.monotonicMs() < this.#readyAtMs) return;
    this.#received.push(...bytes);
    this.#serve();
  }

  // One command at a time: what arrives meanwhile waits its turn.
  #serve(): void {
    while (!this.#busy) {
      const body = this.#nextRequest();
      if (body === undefined) return;
      this.#handle(body);
    }
  }

  /** Everything of the next request behind the mark, or nothing yet. */
  #nextRequest(): number[] | undefined {
    const received = this.#received;
    for (;;) {
      const start = received.indexOf(MARK[0]);
      if (start < 0) received.length = 0;
      else received.splice(0, start);
      const differs = MARK.findIndex((byte, at) => at < received.length && received[at] !== byte);
      if (differs < 0) break;
      received.shift();
    }
    const [high, low] = received.slice(MARK.length);
    if (high === undefined || low === undefined) return undefined;
    const length = high * 256 + low;
    // No request of the table is longer than a few bytes: a larger length is noise.
    if (length < 3 || length > 64) {
      received.splice(0, MARK.length);
      this.#answer(undefined, SW3.badLength, []);
      return undefined;
    }
    const end = MARK.length + 2 + length;
    if (received.length < end) return undefined;
    return received.splice(0, end).slice(MARK.length);
  }

  #handle(body: readonly number[]): void {
    if (xor(body) !== 0) {
      this.#answer(undefined, SW3.badChecksum, []);
      return;
    }
    const [, , command = 0, parameter = 0] = body;
    const name = command === SET_BAUD ? "set-baud" : COMMANDS.get(command * 256 + parameter);
    if (name === undefined) {
      this.#answer(undefined, SW3.badCommand, []);
      return;
    }
    this.asked.set(name, (this.asked.get(name) ?? 0) + 1);
    const card = this.#card;
    this.#after(WORK_MS[name], () => this.#execute(name, parameter, card));
  }

  #execute(name: SamCommand, parameter: number, card: PlacedCard | undefined): void {
    switch (name) {
      case "reset":
        this.#step = "idle";
        return this.#answer(name, SW3.done, []);
      case "status":
      case "set-rf-frame":
        return this.#answer(name, SW3.done, []);
      case "sam-id":
        return this.#answer(name, SW3.done, this.#idBytes());
      case "set-baud":
        return this.#setBaud(parameter);
      case "find":
        return this.#find();
      case "select":
        return this.#select();
      case "read":
      case "read-fingerprint":
        return this.#read(name, card);
      case "read-address":
        return this.#readAddress(card);
      case "read-management-number":
        return this.#present(card)
          ? this.#answer(name, SW3.done, Array(28).fill(0x31))
          : this.#lostCard(name);
    }
  }

  #setBaud(parameter: number): void {
    const rate = RATES[parameter];
    if (rate === undefined) return this.#answer("set-baud", SW3.badCommand, []);
    // The answer still leaves at the old rate.
    this.#answer("set-baud", SW3.done, []);
    this.baudRate = rate;
  }

  #find(): void {
    const findable = this.#card !== undefined && !(this.#mustLeave && this.#readAlready);
    this.#step = findable ? "found" : "idle";
    this.#answer("find", findable ? SW3.found : SW3.noCard, findable ? [0, 0, 0, 0] : []);
  }

  #select(): void {
    const selectable = this.#card !== undefined && this.#step === "found";
    this.#step = selectable ? "selected" : "idle";
    this.#answer(
      "select",
      selectable ? SW3.done : SW3.selectFailed,
      selectable ? Array(8).fill(0) : [],
    );
  }

  #read(name: "read" | "read-fingerprint", card: PlacedCard | undefined): void {
    if (card === undefined || !this.#present(card)) return this.#lostCard(name);
    const photo = card.photo ?? inventedPhoto();
    const finger = card.fingerprint ?? new Uint8Array(0);
    const lengths = [...u16(card.text.length), ...u16(photo.length)];
    // The card has to be found and selected again before anything more is read from it.
    this.#step = "idle";
    this.#readAlready = true;
    if (name === "read") this.#answer(name, SW3.done, [...lengths, ...card.text, ...photo]);
    else {
      const data = [...lengths, ...u16(finger.length), ...card.text, ...photo, ...finger];
      this.#answer(name, SW3.done, data);
    }
  }

  #readAddress(card: PlacedCard | undefined): void {
    if (card === undefined || !this.#present(card)) return this.#lostCard("read-address");
    if (card.appendedAddress === undefined) return this.#answer("read-address", SW3.empty, []);
    const bytes: number[] = [];
    for (const character of card.appendedAddress.slice(0, 35).padEnd(35)) {
      const unit = character.charCodeAt(0);
      bytes.push(unit & 0xff, unit >> 8);
    }
    return this.#answer("read-address", SW3.done, bytes);
  }

  // The same card lay there, selected, from the request to the end of the work.
  #present(card: PlacedCard | undefined): boolean {
    return card !== undefined && card === this.#card && this.#step === "selected";
  }

  #lostCard(name: SamCommand): void {
    this.#step = "idle";
    this.#answer(name, SW3.readFailed, []);
  }

  #idBytes(): number[] {
    const [a = 0, b = 0, c = 0, d = 0, e = 0] = this.#samId;
    const bytes = new DataView(new ArrayBuffer(16));
    bytes.setUint16(0, a, true);
    bytes.setUint16(2, b, true);
    bytes.setUint32(4, c, true);
    bytes.setUint32(8, d, true);
    bytes.setUint32(12, e, true);
    return [...new Uint8Array(bytes.buffer)];
  }

  #answer(to: SamCommand | undefined, sw3: number, data: readonly number[]): void {
    const how = this.#misbehaviourFor(to);
    if (typeof how === "object") {
      // An error answer carries no data, and nothing was done.
      if (to === "read" || to === "read-fingerprint") this.#readAlready = false;
      this.#step = "idle";
      this.#send(frame(how.status, []));
      return;
    }
    const good = frame(sw3, data);
    const last = good.length - 1;
    switch (how) {
      case undefined:
        return this.#send(good);
      case "silent":
        return undefined;
      case "wrong-checksum":
        return this.#send(good.map((byte, at) => (at === last ? byte ^ 0x55 : byte)));
      case "wrong-length":
        return this.#send(good.map((byte, at) => (at === MARK.length + 1 ? byte ^ 0x01 : byte)));
      case "truncated":
        return this.#send(good.slice(0, Math.ceil(good.length / 2)));
      case "noise-before":
        return this.#send([0x00, 0xaa, 0xaa, 0x96, 0xff, 0xaa, ...good]);
      case "vendor-timeout":
        return this.#send([...MARK, 0x00, 0x05, 0x05, 0x05, 0x05]);
      case "answered-twice":
        return this.#send([...good, ...good]);
    }
  }

  #misbehaviourFor(command: SamCommand | undefined): Misbehaviour | undefined {
    const plan = this.#plans.find((each) => each.on === undefined || each.on === command);
    if (plan === undefined) return undefined;
    plan.left -= 1;
    if (plan.left <= 0) this.#plans = this.#plans.filter((each) => each !== plan);
    return plan.how;
  }

  #send(bytes: readonly number[]): void {
    this.#transmit(Uint8Array.from(bytes));
  }

  #after(delayMs: number, work: () => void): void {
    this.#busy = true;
    this.#work = this.#clock.after(delayMs, () => {
      this.#busy = false;
      work();
      this.#serve();
    });
  }
}

function frame(sw3: number, data: readonly number[]): number[] {
  const body = [...u16(data.length + 4), 0x00, 0x00, sw3, ...data];
  return [...MARK, ...body, xor(body)];
}

function xor(bytes: readonly number[]): number {
  return bytes.reduce((sum, byte) => sum ^ byte, 0);
}

function u16(value: number): [number, number] {
  return [value >> 8, value & 0xff];
}

// Photos are compressed by a method nobody published; any bytes will do for who must not look.
function inventedPhoto(): Uint8Array {
  return Uint8Array.from({ length: PHOTO_BYTES }, (_none, at) => (at * 167 + 13) & 0xff);
}
