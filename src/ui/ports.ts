/** What the pages need from the unit, and what the virtual doorway needs from the simulator. */
import type { OperatorAnswer } from "../core/authority/answer.ts";
import type { ReasonCode } from "../core/reason.ts";
import type { OpeningSummary, ScreenView, VisitSummary } from "../core/view/view.ts";

/** The live unit, as seen by its screens. */
export interface UnitFeed {
  unitId: string;
  venueName: { zh: string; en: string };
  /** Minutes the venue's local time is ahead of UTC; absent: the screen's own time zone. */
  utcOffsetMinutes?: number;
  view(): ScreenView;
  /** Newest first, bounded. */
  visits(): readonly VisitSummary[];
  /** Openings without a visit; newest first, bounded. */
  openings(): readonly OpeningSummary[];
  /** Called on every change of the view or the list; returns a way to stop. */
  subscribe(listener: () => void): () => void;
  /** Staff decides; always resolves, within a bound, to what was done or why it was not. */
  operatorDecide(request: OperatorRequest): Promise<OperatorAnswer>;
  /**
   * What the camera sees, for the aim hint: grey, row by row. Absent where there is no camera;
   * undefined while it gives no pictures: an old one would say that somebody stands there.
   */
  cameraFrame?(): CameraFrame | undefined;
}

/** A decision of staff: about one visit, or the gate opened once without any. */
export interface OperatorRequest {
  verdict: "grant" | "deny";
  visitRef?: string;
  /** The second step: which grave findings are overruled. */
  confirm?: readonly ReasonCode[];
  /** Without a visit: the one that stood there when the second step was asked for. */
  confirmFor?: string;
  operator: string;
  why: string;
}

/** One picture of the camera. `sequence` grows with every frame. */
export interface CameraFrame {
  width: number;
  height: number;
  luminance: Uint8Array;
  sequence: number;
}

/** A visitor of the gallery, as the page shows it. */
export interface GalleryVisitor {
  id: string;
  name: { zh: string; en: string };
  /** What they show and what should happen, in a sentence. */
  story: { zh: string; en: string };
  /** How to draw them. */
  figure: {
    age: "young" | "adult" | "old";
    shows: "phone" | "paper" | "card" | "cracked-phone" | "nothing";
    /** Any CSS colour; their clothes. */
    tint: string;
    /** Left out, the page chooses. */
    hair?: "short" | "long";
    wears?: "helmet" | "hat" | "glasses" | "mask" | "backpack";
  };
  temperatureC: number;
}

/** What the person at the page can change about the world. */
export interface WorldControls {
  /** 0 dark … 1 bright sun. */
  light: number;
  /** Metres from the lens. */
  distanceM: number;
  /** Standard deviation of the sensor's noise, in grey levels. */
  noise: number;
  brokerUp: boolean;
  thermometerPlugged: boolean;
  readerPlugged: boolean;
  cameraPlugged: boolean;
  /** Milliseconds the unit's wall clock is wrong by. */
  clockErrorMs: number;
}

/** What can be ordered from afar at the page; the forged one must do nothing. */
export const DISTRICT_ORDERS = [
  "release",
  "lock-down",
  "lift-lock-down",
  "evacuate",
  "lift-evacuation",
  "forged-release",
] as const;
export type DistrictOrder = (typeof DISTRICT_ORDERS)[number];

/** The simulated doorway behind the page; absent on a real unit. */
export interface DoorwayControl {
  visitors(): readonly GalleryVisitor[];
  /** Sends a visitor to the door; resolves when they are standing there. */
  present(visitorId: string): Promise<void>;
  /** The visitor at the door walks away. */
  dismiss(): void;
  atDoor(): string | undefined;
  /** What the camera sees now: grey, row by row; undefined before the first frame. */
  frame(): CameraFrame | undefined;
  world(): WorldControls;
  setWorld(change: Partial<WorldControls>): void;
  /** Signs an order and sends it over the broker; resolves to what became of it. */
  order?(order: DistrictOrder): Promise<{ result: string; detail: string }>;
  /** What arrived at the broker, newest first, bounded. */
  broker(): readonly { topic: string; payload: string; atMs: number }[];
  subscribe(listener: () => void): () => void;
}
