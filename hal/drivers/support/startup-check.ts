/** The check that most devices need: start it, wait until it knows how it is, and stop it again. */
import { withDeadline, type Clock } from "../../clock.ts";
import type { Device, DeviceHealth } from "../../devices.ts";

const SETTLES_WITHIN_MS = 12_000;

/**
 * Resolves with `found` once the device is well; rejects with why it is not.
 * @param whileRunning called while the device works, before it is stopped
 */
export async function startAndStop(
  device: Device,
  clock: Clock,
  found: string,
  whileRunning?: () => void,
): Promise<string> {
  const settled = new Promise<DeviceHealth>((resolve) => {
    device.onHealth((health) => {
      if (health.state !== "starting") resolve(health);
    });
  });
  await device.start();
  try {
    const health = await withDeadline(
      clock,
      SETTLES_WITHIN_MS,
      settled,
      () => new Error(`does not answer within ${SETTLES_WITHIN_MS / 1_000} s`),
    );
    if (health.state === "failed") throw new Error(`${health.kind}: ${health.detail}`);
    whileRunning?.();
    return found;
  } finally {
    await device.stop();
  }
}

/** What to do where a line of the board's header fails. */
export const LINE_FIX =
  "check the line's number, group gpio, the pull-ups in config.txt (docs/installers/wiring.md), and that no other program holds it";
