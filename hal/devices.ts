/** The capabilities that the gateway uses: devices in the doorway's terms, whatever chip or protocol is behind them. */

/** The health of a device. A device that never worked and one that stopped are both `failed`. */
export type DeviceHealth =
  | { state: "ok" }
  | { state: "starting" }
  | { state: "failed"; kind: string; detail: string };

/** What every device has. Starting never rejects for an absent device: it becomes `failed` and keeps trying. */
export interface Device {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Called on every change, and once with the present state. One listener. */
  onHealth(listener: (health: DeviceHealth) => void): void;
}

/** A point in the frame, in pixels from the top left corner of the visible picture. */
export interface Point {
  x: number;
  y: number;
}

/** One code as one decoder read it. */
export interface DecodedCode {
  /** The bytes the code carries, before any guess at a character set. */
  bytes: Uint8Array;
  /**
   * The bytes as text: what the code's own declaration says; without one UTF-8 where valid (with
   * replacement characters where they are plain binary), else Shift_JIS where they hold Japanese
   * script, else Latin-1.
   */
  text: string;
  format: "qr" | "micro-qr";
  /** Corners in reading order (top left, top right, bottom right, bottom left); empty when unknown. */
  corners: Point[];
  /** Which decoder and variant read it, e.g. `zxing`, `zbar+inverted`. */
  decoder: string;
  /** Modules along a side, where the decoder says. */
  modules?: number;
  /** Set where this is one of several symbols that carry one message together and the others are missing. */
  part?: CodePart;
  /** From how many symbols the message was joined; absent for the usual one. */
  joinedFrom?: number;
}

/** Which part of a message a symbol is (structured append, ISO/IEC 18004:2015, clause 8). */
export interface CodePart {
  /** From 1. */
  number: number;
  of: number;
  /** Exclusive or of all bytes of the message; the same in all its parts. */
  parity: number;
}

/** A code that was presented: reported once for each presentation. */
export interface CodeReading {
  code: DecodedCode;
  /** When the first frame that held it was complete in memory (monotonic). */
  frameAtMs: number;
  /** When its decoding was finished (monotonic). */
  decodedAtMs: number;
  /** Frames tried since the code came into view, this one included. */
  framesTried: number;
  /**
   * Whether the text looks like a credential, by the patterns that the reader was given; true where
   * it was given none. Never for a part of a code.
   */
  credentialShaped: boolean;
}

/** Reads the codes that visitors present. */
export interface CodeReader extends Device {
  onReading(listener: (reading: CodeReading) => void): void;
  /** The newest frame's luminance, for the installer's and the doorway's picture; copied on demand. */
  snapshot(): { width: number; height: number; luminance: Uint8Array } | undefined;
}

/** A calendar day as on the card. */
export interface CalendarDay {
  year: number;
  month: number;
  day: number;
}

/** A field that the card leaves blank or that holds what cannot be understood. */
export type Unknown = "unknown";

/** What every identity document that is laid on a reader says. */
interface DocumentContent {
  /** Empty where the document says none; what is no character stands as U+FFFD. */
  name: string;
  sex: "male" | "female" | "unknown" | "unspecified";
  /** `unknown` also where the number says another day. */
  birth: CalendarDay | Unknown;
  /** The number of the document; its check characters were right. */
  number: string;
  validFrom: CalendarDay | Unknown;
  /** Absent when the document is valid for ever; `unknown` is not that. */
  validTo?: CalendarDay | Unknown;
}

/** A Chinese citizen's resident ID card (居民身份证). */
export interface ResidentIdContent extends DocumentContent {
  document: "resident-id";
  /** Ethnic group in Chinese, per GB/T 3304, or `unknown`: some readers give codes beyond it. */
  nation: string;
  address?: string;
  issuer?: string;
}

/** A residence permit of a resident of Hong Kong, Macau or Taiwan (港澳台居民居住证). */
export interface ResidencePermitContent extends DocumentContent {
  document: "residence-permit";
  address?: string;
  issuer?: string;
  travelPermitNumber?: string;
}

/** A foreigner's permanent residence card (外国人永久居留身份证), by the design of its year. */
export interface ForeignPermanentResidentContent extends DocumentContent {
  document: "foreign-permanent-resident";
  design: 2017 | 2023;
  latinName?: string;
  /** As printed, an ISO 3166-1 code as a rule; or `unknown`. */
  country: string;
  issuer?: string;
  /** The predecessor's number, where the card links to one. */
  formerNumber?: string;
}

/**
 * What a card says, by the document that it is. Its number is checked; every other field that is not
 * understood is `unknown`, or as printed, and the card is read all the same. A reader of another
 * country's documents adds a variant. Personal data: never logged, never published.
 */
export type CardContent =
  | ResidentIdContent
  | ResidencePermitContent
  | ForeignPermanentResidentContent;

/** A card that was read. */
export interface CardReading {
  content: CardContent;
  /** When the reader had found it (monotonic): it lay there then. */
  foundAtMs: number;
  /** When the reader's last byte had arrived (monotonic). */
  lastByteAtMs: number;
}

/** A card that was there but could not be read; five in a row are an alarm. */
export interface CardReadFailure {
  kind: "card-rejected" | "read-failed" | "content-invalid" | "moved-away";
  detail: string;
}

/** Reads the cards that are laid on it, once for each presentation. */
export interface CardReader extends Device {
  onReading(listener: (reading: CardReading) => void): void;
  onFailure(listener: (failure: CardReadFailure) => void): void;
}

/** A person's temperature as a contactless sensor can give it: an estimate for screening. */
export interface TemperatureReading {
  /** Median of the burst at the skin, °C. */
  skinC: number;
  ambientC: number;
  /** The estimate that rules are applied to, by the site's own transform. */
  estimateC: number;
  /** Largest minus smallest of the burst, K. */
  spreadK: number;
  samples: number;
  measuredAtMs: number;
}

/** Why there is no number. No failure ever counts as a normal temperature. */
export type TemperatureFailure = "unsteady" | "implausible" | "sensor-fault";

/** Watches for a person in front of it and measures once for each approach. */
export interface Thermometer extends Device {
  onReading(listener: (reading: TemperatureReading) => void): void;
  onFailure(listener: (failure: TemperatureFailure) => void): void;
  /** A warm body came into view or left it. */
  onPresence(listener: (present: boolean) => void): void;
  /** Measures the person in view once more; the result comes through the listeners. */
  measureAgain(): void;
}

/** The way through. Locked at start, on stop and on any error. */
export interface Gate extends Device {
  /** Unlocks for `releaseMs`, never longer than the hard maximum, and locks by itself. Resolves when the line is up. */
  release(releaseMs: number): Promise<void>;
  /** Locks now. */
  lock(): Promise<void>;
  /** Every change, with who caused it left to the caller to know. */
  onChange(listener: (state: GateState) => void): void;
}

export type GateState = "locked" | "released";

/** What the lights and the buzzer express, for visitors who do not read. */
export type PanelSignal =
  | "idle"
  | "busy"
  | "granted"
  | "denied"
  | "referred"
  | "attention"
  | "fault"
  | "evacuate";

/** Three lights and a buzzer. */
export interface Panel extends Device {
  show(signal: PanelSignal): Promise<void>;
}

/** Contacts around the door. */
export type Contact = "door-open" | "exit-request" | "fire" | "tamper";

/**
 * Senses the contacts; a level that holds is reported once, at start too if it is not the resting one:
 * that comes before the health turns `ok` for the first time.
 */
export interface DoorContacts extends Device {
  onContact(listener: (contact: Contact, active: boolean) => void): void;
}
