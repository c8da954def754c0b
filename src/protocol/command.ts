/** A command as the district signs it: who it is for, how long it is valid, how large it may be. */
import type { CoreCommand } from "../core/command.ts";

/** A command as it is signed; settings are judged by the unit before the core hears of them. */
export type Command = Exclude<CoreCommand, { name: "settings" }> | SettingsCommand;

export interface SettingsCommand {
  name: "settings";
  /** Above that of the settings in force. */
  version: number;
  /** All that is to differ from the unit's own file; what is not named falls back to it. */
  values: Readonly<Record<string, unknown>>;
}

export const COMMAND_TOKEN_TYPE = "sentinel-command+jwt";

/** However a command was signed: what was held back for longer must not take effect any more. */
export const LONGEST_VALIDITY_MS = 300_000;

/** Longest signed command that is looked at, in bytes. */
export const LONGEST_COMMAND = 8_192;

/** Who a command is for: one unit, or all of a district. */
export function audienceOf(district: string, unitId?: string): string {
  return unitId === undefined ? `${district}/all` : `${district}/${unitId}`;
}
