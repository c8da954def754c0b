/** What the page of the simulated doorway needs from the simulator. */
import type { CameraFrame } from "../../src/ui/ports.ts";

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

/** Commands of the district that the page offers; the forged one must have no effect. */
export const DISTRICT_ORDERS = [
  "release",
  "lock-down",
  "lift-lock-down",
  "evacuate",
  "lift-evacuation",
  "forged-release",
] as const;
export type DistrictOrder = (typeof DISTRICT_ORDERS)[number];

/** A message as it arrived at the broker. */
export interface BrokerMessage {
  topic: string;
  payload: string;
  atMs: number;
}

/** Further parts of the event stream, besides those of the unit. */
export interface DoorwayParts {
  atDoor: string | null;
  world: WorldControls;
  /** Newest first, bounded. */
  broker: readonly BrokerMessage[];
}

/** The simulated doorway behind the page. */
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
  /** Signs an order and sends it over the broker; resolves to the unit's answer. */
  order?(order: DistrictOrder): Promise<{ result: string; detail: string }>;
  /** What arrived at the broker, newest first, bounded. */
  broker(): readonly BrokerMessage[];
  subscribe(listener: () => void): () => void;
}
