/** What lies beside a unit's database, and goes with it when the unit is wiped. */

/** The file of what was ordered by command: it must outlive a damaged database. */
export const ordersFileOf = (databasePath: string): string => `${databasePath}.orders`;

/** Says that a wipe was begun: what is left beside it is erased, whatever it still looks like. */
export const wipingMarkerOf = (databasePath: string): string => `${databasePath}-wiping`;
