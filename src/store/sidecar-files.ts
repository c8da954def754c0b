/** What lies beside a unit's database, and goes with it when the unit is wiped. */

import { dirname, join } from "node:path";

/** The file of what was ordered by command: it must outlive a damaged database. */
export const ordersFileOf = (databasePath: string): string => `${databasePath}.orders`;

/** Says that a wipe was begun: what is left beside it is erased, whatever it still looks like. */
export const wipingMarkerOf = (databasePath: string): string => `${databasePath}-wiping`;

/** The page that the unit's own screen is opened with; it holds the screen's secret. */
export const screenPageOf = (databasePath: string): string =>
  join(dirname(databasePath), "screen.html");

/** The token that staff sign in with, where none is configured. */
export const staffTokenOf = (databasePath: string): string =>
  join(dirname(databasePath), "staff.token");
