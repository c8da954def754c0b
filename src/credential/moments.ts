/** Dates and times as people, cards and certificates write them. */

/**
 * Epoch ms of an ISO 8601 date or time; NaN where it is none. Without a zone it is UTC; zones may
 * stand as `Z`, `+02:00`, `+0200` or `+02`.
 */
export function timeOf(text: string): number {
  const [date = "", time] = text.split("T");
  if (!/^\d{4}-\d\d-\d\d$/.test(date)) return Number.NaN;
  if (time === undefined) return Date.parse(date);
  const match = /^(\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(?:(Z)|([+-]\d\d):?(\d\d)?)?$/.exec(time);
  if (match === null) return Number.NaN;
  const [, clock = "", , hours, minutes = "00"] = match;
  return Date.parse(`${date}T${clock}${hours === undefined ? "Z" : `${hours}:${minutes}`}`);
}

/** The last second of the year 9999: what claims to be later is no date that anything here can write. */
export const LAST_SECOND = 253_402_300_799;
