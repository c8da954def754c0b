/** A serial wire between the unit and a simulated peer: bytes take their time and may suffer. */
import { BusError, type BusErrorKind } from "../../hal/bus/errors.ts";
import type { SerialConnection, SerialHost, SerialSettings } from "../../hal/bus/serial.ts";
import type { Clock, Timer } from "../../hal/clock.ts";

/** Start bit, eight data bits, stop bit. */
const BITS_PER_BYTE = 10;
// What USB serial adapters hand over at once: a full-speed bulk packet less two status bytes.
const DEFAULT_CHUNK = { min: 1, max: 62 };

/** Chance, as far as a wire needs it; `sim/kernel/random.ts` gives it. */
export interface WireChance {
  integer(min: number, max: number): number;
  chance(probability: number): boolean;
}

/** The far end's face towards the wire. */
export interface SerialPeer {
  /** The rate its UART is set to now. */
  readonly baudRate: number;
  /** Bytes arrived, in chunks of any size. */
  receive(bytes: Uint8Array): void;
  /** The wire gives the peer its transmitter. One at a time. */
  onSend(transmit: (bytes: Uint8Array) => void): void;
  /** Its supply came or went, where the supply comes through the plug. */
  power?(on: boolean): void;
}

export type WireDirection = "to-peer" | "to-host";

/** What is wrong with the wire; change at any time. */
export interface SerialFaults {
  /** Probability that a byte does not arrive. */
  loss: number;
  /** Probability that one bit of a byte arrives flipped. */
  flip: number;
  /** Probability that a few random bytes arrive in front of a chunk. */
  garbage: number;
  /** Sizes of the chunks in which bytes arrive. */
  chunk: { min: number; max: number };
  /** Writes do not return, as with a driver that hangs; what was written meanwhile is lost. */
  hung: boolean;
  /** Refuses to open. */
  open?: BusErrorKind;
  /** Changes a chunk at will; returning an empty one loses it. */
  tamper?: (bytes: Uint8Array, direction: WireDirection) => Uint8Array;
}

export interface SimulatedSerial extends SerialHost {
  readonly faults: SerialFaults;
  /** Connects the far end; replaces one that was there. */
  attach(peer: SerialPeer): void;
  plug(): void;
  unplug(): void;
  readonly plugged: boolean;
}

export interface SimulatedSerialOptions {
  clock: Clock;
  /** Without it the wire is perfect but for its chunks, which then have the largest size. */
  random?: WireChance;
  path?: string;
}

/** A port with a wire in it, plugged and faultless at first. */
export function createSimulatedSerial(options: SimulatedSerialOptions): SimulatedSerial {
  return new Wire(options);
}

class Wire implements SimulatedSerial {
  readonly path: string;
  readonly faults: SerialFaults = {
    loss: 0,
    flip: 0,
    garbage: 0,
    chunk: { ...DEFAULT_CHUNK },
    hung: false,
  };
  readonly #clock: Clock;
  readonly #random: WireChance | undefined;
  #peer: SerialPeer | undefined;
  #plugged = true;
  #connection: HostEnd | undefined;
  #toHost: Lane | undefined;

  constructor({ clock, random, path = "sim-serial" }: SimulatedSerialOptions) {
    this.path = path;
    this.#clock = clock;
    this.#random = random;
  }

  get plugged(): boolean {
    return this.#plugged;
  }

  attach(peer: SerialPeer): void {
    this.#peer?.onSend(() => {});
    this.#peer = peer;
    this.#toHost?.cut();
    const lane = new Lane(this.#clock, (bytes, sentAt) => {
      this.#deliver(bytes, sentAt, "to-host");
    });
    this.#toHost = lane;
    peer.onSend((bytes) => {
      if (this.#plugged) void lane.send(bytes, peer.baudRate, () => this.#chunkSize());
    });
  }

  open(settings: SerialSettings): Promise<SerialConnection> {
    const kind = this.#refusal();
    if (kind !== undefined) {
      return Promise.reject(new BusError(kind, { bus: this.path, during: "opening" }));
    }
    const lane = new Lane(this.#clock, (bytes, sentAt) => {
      this.#deliver(bytes, sentAt, "to-peer");
    });
    const end = new HostEnd({
      path: this.path,
      baudRate: settings.baudRate,
      lane,
      chunkSize: () => this.#chunkSize(),
      isHung: () => this.faults.hung,
      onClosed: () => {
        this.#connection = undefined;
      },
    });
    this.#connection = end;
    return Promise.resolve(end);
  }

  plug(): void {
    if (this.#plugged) return;
    this.#plugged = true;
    this.#peer?.power?.(true);
  }

  unplug(): void {
    if (!this.#plugged) return;
    this.#plugged = false;
    this.#toHost?.cut();
    this.#connection?.lose(
      new BusError("absent", { bus: this.path, during: "waiting for bytes", detail: "unplugged" }),
    );
    this.#peer?.power?.(false);
  }

  #refusal(): BusErrorKind | undefined {
    if (!this.#plugged) return "absent";
    if (this.faults.open !== undefined) return this.faults.open;
    return this.#connection === undefined ? undefined : "busy";
  }

  #chunkSize(): number {
    const { min, max } = this.faults.chunk;
    return Math.max(1, this.#random === undefined ? max : this.#random.integer(min, max));
  }

  #deliver(sent: Uint8Array, sentAt: number, direction: WireDirection): void {
    const peer = this.#peer;
    const host = this.#connection;
    const receiverRate = direction === "to-peer" ? peer?.baudRate : host?.baudRate;
    if (receiverRate === undefined) return;
    let bytes = receiverRate === sentAt ? sent : misread(sent, sentAt, receiverRate);
    bytes = this.#suffer(bytes);
    bytes = this.faults.tamper?.(bytes, direction) ?? bytes;
    if (bytes.length === 0) return;
    if (direction === "to-peer") peer?.receive(bytes);
    else host?.receive(bytes);
  }

  #suffer(bytes: Uint8Array): Uint8Array {
    const random = this.#random;
    const { loss, flip, garbage } = this.faults;
    if (random === undefined || (loss === 0 && flip === 0 && garbage === 0)) return bytes;
    const arrived: number[] = [];
    if (random.chance(garbage)) {
      for (let left = random.integer(1, 8); left > 0; left--) arrived.push(random.integer(0, 255));
    }
    for (const byte of bytes) {
      if (random.chance(loss)) continue;
      arrived.push(random.chance(flip) ? byte ^ (1 << random.integer(0, 7)) : byte);
    }
    return Uint8Array.from(arrived);
  }
}

/** One direction of the wire: bytes leave one after another, each in its own time. */
class Lane {
  readonly #clock: Clock;
  readonly #arrive: (bytes: Uint8Array, baudRate: number) => void;
  readonly #timers = new Set<Timer>();
  #freeAtMs = 0;

  constructor(clock: Clock, arrive: (bytes: Uint8Array, baudRate: number) => void) {
    this.#clock = clock;
    this.#arrive = arrive;
  }

  /** Resolves when the last byte has left; never if the lane is cut before. */
  send(bytes: Uint8Array, baudRate: number, chunkSize: () => number): Promise<void> {
    const byteMs = (BITS_PER_BYTE * 1_000) / baudRate;
    const nowMs = this.#clock.monotonicMs();
    const copy = bytes.slice();
    let atMs = Math.max(nowMs, this.#freeAtMs);
    this.#freeAtMs = atMs + copy.length * byteMs;
    for (let start = 0; start < copy.length;) {
      const chunk = copy.slice(start, start + chunkSize());
      start += chunk.length;
      atMs += chunk.length * byteMs;
      this.#at(atMs - nowMs, () => this.#arrive(chunk, baudRate));
    }
    return new Promise((resolve) => {
      this.#at(this.#freeAtMs - nowMs, resolve);
    });
  }

  /** Whatever is on the way does not arrive. */
  cut(): void {
    this.#freeAtMs = 0;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #at(delayMs: number, action: () => void): void {
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(timer);
      action();
    });
    this.#timers.add(timer);
  }
}

interface HostEndOptions {
  path: string;
  baudRate: number;
  lane: Lane;
  chunkSize: () => number;
  isHung: () => boolean;
  onClosed: () => void;
}

class HostEnd implements SerialConnection {
  readonly path: string;
  baudRate: number;
  readonly #options: HostEndOptions;
  readonly #pending = new Set<(error: Error) => void>();
  #open = true;
  #onData: (chunk: Uint8Array) => void = () => {};
  #onClose: (error?: Error) => void = () => {};

  constructor(options: HostEndOptions) {
    this.path = options.path;
    this.baudRate = options.baudRate;
    this.#options = options;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#assertOpen("writing");
    const lost = Promise.withResolvers<never>();
    this.#pending.add(lost.reject);
    try {
      const { lane, chunkSize, isHung } = this.#options;
      if (isHung()) await lost.promise;
      await Promise.race([lane.send(bytes, this.baudRate, chunkSize), lost.promise]);
    } finally {
      this.#pending.delete(lost.reject);
    }
  }

  async setBaudRate(baudRate: number): Promise<void> {
    this.#assertOpen("setting the baud rate");
    this.baudRate = baudRate;
  }

  onData(listener: (chunk: Uint8Array) => void): void {
    this.#onData = listener;
  }

  onClose(listener: (error?: Error) => void): void {
    this.#onClose = listener;
  }

  async close(): Promise<void> {
    this.#end(undefined);
  }

  receive(bytes: Uint8Array): void {
    if (this.#open) this.#onData(bytes);
  }

  lose(error: Error): void {
    this.#end(error);
  }

  #end(error: Error | undefined): void {
    if (!this.#open) return;
    this.#open = false;
    this.#options.lane.cut();
    this.#options.onClosed();
    for (const fail of this.#pending) fail(error ?? this.#closed("writing"));
    this.#onClose(error);
  }

  #assertOpen(during: string): void {
    if (!this.#open) throw this.#closed(during);
  }

  #closed(during: string): BusError {
    return new BusError("closed", { bus: this.path, during });
  }
}

// At another rate a receiver samples in the wrong places: more or fewer bytes, and other ones.
function misread(bytes: Uint8Array, sentAt: number, receivedAt: number): Uint8Array {
  const count = Math.max(1, Math.round((bytes.length * receivedAt) / sentAt));
  const seen = new Uint8Array(count);
  for (let index = 0; index < count; index++) {
    const source = bytes[Math.floor((index * bytes.length) / count)] ?? 0;
    seen[index] = (source * 0x6d + index * 0x3b + (receivedAt >> 5)) & 0xff;
  }
  return seen;
}
