/** Signed commands, as the core knows them: who gave them was verified before. */

import type { ReasonCode } from "./reason.ts";

export const COMMAND_NAMES = ["release", "lock-down", "evacuate", "message", "settings"] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];

/**
 * Opens the gate once, or lets the visitor of one visit in: refused when that visit is over or
 * decided. `confirm` names the findings that are overruled in a second step.
 */
export interface ReleaseCommand {
  name: "release";
  visitRef?: string;
  confirm?: readonly ReasonCode[];
}

export type CoreCommand =
  | ReleaseCommand
  | { name: "lock-down"; active: boolean }
  | { name: "evacuate"; active: boolean }
  | { name: "message"; text: string; forMs: number }
  /** Already active, or not applied because of the problem: the core records and answers it. */
  | { name: "settings"; version: number; problem?: string };
