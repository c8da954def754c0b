/** Where a unit's parts write what an operator should know. */

/** @param detail facts for the log line; never anything about a person */
export type Log = (event: string, detail?: Readonly<Record<string, unknown>>) => void;
