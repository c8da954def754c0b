/** The settings that every panel has: where each lamp and the buzzer hang. */
import { headerLine } from "../../settings.ts";

export const lamps = {
  red: headerLine().default(5),
  yellow: headerLine().default(6),
  green: headerLine().default(13),
  buzzer: headerLine().default(19),
};
