/** Keeps the camera's picture of the moment a code was read: it is gone from the live picture at once. */
import type { CameraFrame, DoorwayControl, UnitFeed } from "./ports.ts";

/** The kept picture, and a way to stop keeping. */
export interface Moments {
  frame(): CameraFrame | undefined;
  stop(): void;
}

/** Follows the unit; a visit that begins with a card has no picture. */
export function keepMoments(feed: UnitFeed, doorway: DoorwayControl): Moments {
  let visitRef: string | undefined;
  let kept: CameraFrame | undefined;
  const stop = feed.subscribe(() => {
    const view = feed.view();
    if (view.visitRef === undefined || view.credentialKind === undefined) return;
    if (view.visitRef === visitRef) return;
    visitRef = view.visitRef;
    kept = view.credentialKind === "resident-id" ? undefined : doorway.frame();
  });
  return { frame: () => kept, stop };
}
