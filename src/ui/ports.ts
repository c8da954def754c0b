/** What the pages need from the unit. */
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
   * undefined while it gives no pictures: an old one would show a visitor who has left.
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
