/** People as the simulated doorway knows them: who comes, what they hold up, how patient they are. */
import type { CodeScene } from "../camera/face.ts";
import type { Conditions } from "../camera/picture.ts";
import type { Picture } from "../camera/picture.ts";

/** A card in a hand: the text block it holds out, and how the reader will find it. */
export interface CardInHand {
  text: Uint8Array;
  readsAs: "good" | "rejected" | "unreadable" | "damaged";
}

/** What is held up or laid down, ready for the senses of the unit. */
export type Shown =
  | { kind: "code"; scene: CodeScene; conditions: Partial<Conditions> }
  | { kind: "image"; picture: Picture; conditions: Partial<Conditions> }
  | { kind: "card"; card: CardInHand };

/** One thing a visitor shows. */
export interface Showing {
  /** In a word or two, for the trace: `pass`, `card`. */
  label: string;
  /** Made when it is shown: a live code is as fresh as the phone makes it. */
  prepare(): Shown;
  /** Since arriving, or since the showing before; absent: as the screen asks. */
  afterMs?: number;
  /** Absent: until the screen answers or asks for something else. */
  holdsMs?: number;
}

/** Stands for the holder of something that only the unit can read. */
export const ANYBODY = "anybody";

/** A visitor with everything they are going to do. */
export interface VisitorPlan {
  id: string;
  /** Of the skin that the thermometer sees, °C. */
  skinC: number;
  showings: readonly Showing[];
  /** Leaves after this long without an outcome. */
  patienceMs: number;
  /** Waits so long for staff when referred. */
  staffPatienceMs: number;
  walksThrough: boolean;
  /** Keeps the door open longer than it takes to walk through. */
  holdsDoorMs?: number;
  /** Steps in front of whoever stands there. */
  pushesIn: boolean;
  /** Whom their credentials belong to, for the checks of a run; `ANYBODY` where that is not known. */
  pseudonyms: readonly string[];
}
