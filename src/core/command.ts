/** Commands from afar, as the core knows them: who gave them was verified before. */

import type { ReasonCode } from "./reason.ts";

export const COMMAND_NAMES = ["release", "lock-down", "evacuate", "message", "settings"] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];

export type CoreCommand =
  /**
   * Opens the gate once, or lets the visitor of one visit in: refused when that visit is over or
   * decided. `confirm` names the grave findings that are overruled.
   */
  | { name: "release"; visitRef?: string; confirm?: readonly ReasonCode[] }
  | { name: "lock-down"; active: boolean }
  | { name: "evacuate"; active: boolean }
  | { name: "message"; text: string; forMs: number }
  /** Already in force, or left alone because of the problem: the core records and answers it. */
  | { name: "settings"; version: number; problem?: string };
