/** What lies beside a unit's database, and goes with it when the unit is wiped. */

/** The file of what was ordered by command: it must outlive a damaged database. */
export const ordersFileOf = (databasePath: string): string => `${databasePath}.orders`;
