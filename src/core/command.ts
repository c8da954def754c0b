/** Commands from afar, as the core knows them: who gave them was verified before. */

export const COMMAND_NAMES = ["release", "lock-down", "evacuate", "message", "settings"] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];

export type CoreCommand =
  | { name: "release" }
  | { name: "lock-down"; active: boolean }
  | { name: "evacuate"; active: boolean }
  | { name: "message"; text: string; forMs: number }
  /** Already in force, or left alone because of the problem: the core records and answers it. */
  | { name: "settings"; version: number; problem?: string };
