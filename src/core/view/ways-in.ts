/** What a visitor can present with any use. */
import { CARD_READERS, CODE_READERS, someWork } from "../alarm.ts";
import type { DoorwayState } from "../state.ts";

/** A reader that works, and a gate that does. */
export type Way = "code" | "card";

/** What leads in now: a working reader for what the policy accepts, before a gate that moves. */
export function waysIn({ policy, devices }: Pick<DoorwayState, "policy" | "devices">): Way[] {
  if (devices.gate !== true) return [];
  const { acceptedCredentials: accepted } = policy;
  const ways: Way[] = [];
  const codes = accepted.some((kind) => kind !== "resident-id");
  if (codes && someWork(devices, CODE_READERS)) ways.push("code");
  if (accepted.includes("resident-id") && someWork(devices, CARD_READERS)) ways.push("card");
  return ways;
}
