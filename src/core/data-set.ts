/** The data sets of a district that a unit's decisions rest on. */

/** Each kind of set has its own topic, its own versions and its own date. */
export const DATA_SET_KINDS = ["policy", "directory", "trust", "revocation", "rules"] as const;
export type DataSetKind = (typeof DATA_SET_KINDS)[number];
