/** Keeps the camera picture in which a code was read: the live picture shows another one at once. */
import type { CameraFrame, UnitFeed } from "../../src/ui/ports.ts";
import type { DoorwayControl } from "./ports.ts";

/** The kept picture, and a way to stop. */
export interface Snapshots {
  frame(): CameraFrame | undefined;
  stop(): void;
}

/** Follows the unit; a visit that begins with a card has no picture. */
export function keepSnapshots(feed: UnitFeed, doorway: DoorwayControl): Snapshots {
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
