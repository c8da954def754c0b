/**
 * A simulated Arduino Uno with StandardFirmata: protocol bytes on one face, pins on the other.
 * Written from the Firmata protocol 2.5 (github.com/firmata/protocol), apart from any client.
 */
import type { SerialPeer } from "../bus/serial.ts";
import type { Clock } from "../../hal/clock.ts";

export interface FirmataChipOptions {
  clock: Clock;
  /** Time from power or reset to the first byte, ms: the boot loader waits for a new sketch. */
  bootMs?: number;
  baudRate?: number;
}

/** The board and what can be seen of it. */
export interface FirmataChip extends SerialPeer {
  /** Mode a pin was set to; 0, an input, after a restart. */
  mode(pin: number): number;
  /** 0…255; a digital output is 0 or 255. Inputs drive nothing. */
  output(pin: number): number;
  /** The button on the board, and what a brown-out does: everything forgotten, then a new start. */
  reset(): void;
  /** A sketch that stands still neither answers nor obeys, while its pins stay as they are. */
  setHung(hung: boolean): void;
  /** Every byte ever received, for comparing with a trace. */
  readonly received: readonly number[];
}

const DIGITAL_MESSAGE = 0x90;
const REPORT_ANALOG = 0xc0;
const REPORT_DIGITAL = 0xd0;
const ANALOG_MESSAGE = 0xe0;
const START_SYSEX = 0xf0;
const SET_PIN_MODE = 0xf4;
const SET_DIGITAL_PIN = 0xf5;
const END_SYSEX = 0xf7;
const REPORT_VERSION = 0xf9;
const SYSTEM_RESET = 0xff;

const ANALOG_MAPPING_QUERY = 0x69;
const ANALOG_MAPPING_RESPONSE = 0x6a;
const CAPABILITY_QUERY = 0x6b;
const CAPABILITY_RESPONSE = 0x6c;
const EXTENDED_ANALOG = 0x6f;
const REPORT_FIRMWARE = 0x79;

const INPUT = 0x00;
const OUTPUT = 0x01;
const ANALOG = 0x02;
const PWM = 0x03;
const PULL_UP = 0x0b;
const NONE = 0x7f;

const PROTOCOL = [2, 5];
const FIRMWARE = "StandardFirmata.ino";
const PIN_COUNT = 20;
const FIRST_ANALOG_PIN = 14;
const PWM_PINS = [3, 5, 6, 9, 10, 11];
const SERIAL_PINS = [0, 1];

/** A board that has just been given power. */
export function createFirmataChip(options: FirmataChipOptions): FirmataChip {
  return new Chip(options);
}

class Chip implements FirmataChip {
  readonly baudRate: number;
  readonly received: number[] = [];
  readonly #clock: Clock;
  readonly #bootMs: number;
  readonly #modes = new Uint8Array(PIN_COUNT);
  readonly #values = new Uint8Array(PIN_COUNT);
  #transmit: ((bytes: Uint8Array) => void) | undefined;
  #run = 0;
  #awake = false;
  #hung = false;
  #message: number[] = [];

  constructor(options: FirmataChipOptions) {
    this.#clock = options.clock;
    this.#bootMs = options.bootMs ?? 1500;
    this.baudRate = options.baudRate ?? 57_600;
    this.reset();
  }

  mode(pin: number): number {
    return this.#modes[pin] ?? INPUT;
  }

  output(pin: number): number {
    const mode = this.mode(pin);
    return mode === OUTPUT || mode === PWM ? (this.#values[pin] ?? 0) : 0;
  }

  onSend(transmit: (bytes: Uint8Array) => void): void {
    this.#transmit = transmit;
  }

  power(on: boolean): void {
    if (on) this.reset();
    else this.#fallSilent();
  }

  reset(): void {
    this.#fallSilent();
    const run = this.#run;
    this.#clock.after(this.#bootMs, () => {
      if (run !== this.#run) return;
      this.#awake = true;
      this.#reportVersion();
      this.#reportFirmware();
    });
  }

  setHung(hung: boolean): void {
    this.#hung = hung;
  }

  receive(bytes: Uint8Array): void {
    for (const byte of bytes) {
      this.received.push(byte);
      if (this.#awake && !this.#hung) this.#take(byte);
    }
  }

  #fallSilent(): void {
    this.#run += 1;
    this.#awake = false;
    this.#forget();
  }

  #forget(): void {
    this.#message = [];
    this.#modes.fill(INPUT);
    this.#values.fill(0);
  }

  /** Collects one message. A byte with the top bit set starts a new one, whatever was open. */
  #take(byte: number): void {
    const [first] = this.#message;
    if (first === START_SYSEX && byte === END_SYSEX) {
      this.#obeySysex(this.#message.slice(1));
      this.#message = [];
      return;
    }
    if (byte >= 0x80) this.#message = [byte];
    else if (first !== undefined) this.#message.push(byte);
    const [status] = this.#message;
    if (status === undefined || status === START_SYSEX) return;
    if (this.#message.length < lengthOf(status)) return;
    this.#obey(status, this.#message[1] ?? 0, this.#message[2] ?? 0);
    this.#message = [];
  }

  #obey(status: number, first: number, second: number): void {
    const command = status < START_SYSEX ? status & 0xf0 : status;
    switch (command) {
      case REPORT_VERSION:
        this.#reportVersion();
        return;
      case SYSTEM_RESET:
        this.#forget();
        return;
      case SET_PIN_MODE:
        if (first < PIN_COUNT && modesOf(first).includes(second)) {
          this.#modes[first] = second;
          this.#values[first] = 0;
        }
        return;
      case SET_DIGITAL_PIN:
        this.#setDigital(first, second !== 0);
        return;
      case DIGITAL_MESSAGE:
        this.#setPort(status & 0x0f, first | (second << 7));
        return;
      case ANALOG_MESSAGE:
        this.#setAnalog(status & 0x0f, first | (second << 7));
        return;
      case REPORT_ANALOG:
      case REPORT_DIGITAL:
        return; // asks for inputs, and none are wired
    }
  }

  #obeySysex(message: readonly number[]): void {
    switch (message[0]) {
      case REPORT_FIRMWARE:
        this.#reportFirmware();
        return;
      case CAPABILITY_QUERY:
        this.#sendSysex(CAPABILITY_RESPONSE, eachPin(capabilities));
        return;
      case ANALOG_MAPPING_QUERY:
        this.#sendSysex(ANALOG_MAPPING_RESPONSE, eachPin(analogChannel));
        return;
      case EXTENDED_ANALOG:
        this.#setAnalog(message[1] ?? NONE, (message[2] ?? 0) | ((message[3] ?? 0) << 7));
        return;
      case undefined:
        return; // an empty message says nothing
    }
  }

  #setPort(port: number, bits: number): void {
    for (let bit = 0; bit < 8; bit++) this.#setDigital(port * 8 + bit, ((bits >> bit) & 1) === 1);
  }

  #setDigital(pin: number, high: boolean): void {
    if (this.mode(pin) === OUTPUT) this.#values[pin] = high ? 255 : 0;
  }

  #setAnalog(pin: number, value: number): void {
    if (this.mode(pin) === PWM) this.#values[pin] = Math.min(255, value);
  }

  #reportVersion(): void {
    this.#send([REPORT_VERSION, ...PROTOCOL]);
  }

  #reportFirmware(): void {
    const name = [...new TextEncoder().encode(FIRMWARE)].flatMap(sevenBit);
    this.#sendSysex(REPORT_FIRMWARE, [...PROTOCOL, ...name]);
  }

  #sendSysex(command: number, data: readonly number[]): void {
    this.#send([START_SYSEX, command, ...data, END_SYSEX]);
  }

  #send(bytes: readonly number[]): void {
    this.#transmit?.(Uint8Array.from(bytes));
  }
}

function lengthOf(status: number): number {
  if (status === REPORT_VERSION || status === SYSTEM_RESET) return 1;
  const command = status & 0xf0;
  return command === REPORT_ANALOG || command === REPORT_DIGITAL ? 2 : 3;
}

function modesOf(pin: number): readonly number[] {
  if (SERIAL_PINS.includes(pin)) return [];
  return [
    INPUT,
    PULL_UP,
    OUTPUT,
    ...(pin >= FIRST_ANALOG_PIN ? [ANALOG] : []),
    ...(PWM_PINS.includes(pin) ? [PWM] : []),
  ];
}

/** Pairs of mode and resolution in bits, closed by 0x7F. */
function capabilities(pin: number): number[] {
  const bits = (mode: number): number => (mode === ANALOG ? 10 : mode === PWM ? 8 : 1);
  return [...modesOf(pin).flatMap((mode) => [mode, bits(mode)]), NONE];
}

function analogChannel(pin: number): number[] {
  return [pin >= FIRST_ANALOG_PIN ? pin - FIRST_ANALOG_PIN : NONE];
}

function eachPin(describe: (pin: number) => number[]): number[] {
  return Array.from({ length: PIN_COUNT }, (_, pin) => describe(pin)).flat();
}

const sevenBit = (byte: number): number[] => [byte & 0x7f, byte >> 7];
