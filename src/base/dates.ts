/** Dates and times as people, cards and certificates write them; a day that is in no calendar is none. */

/** What is dated before was misread, not vaccinated or tested: a year 0026 is a slip of the pen for 2026. */
const FIRST_YEAR = 1900;

const DAY = String.raw`(\d{4})-(\d\d)-(\d\d)`;
const CLOCK = String.raw`(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?`;
/**
 * `Z`, `+02:00`, `+0200`, `+02`; and `+0`, `+2`, `+2:00`, `+000`, which a whole country issued: the
 * reference rule engine reads an offset of one digit (CertLogic, `dateFromString`). Small `t` and `z`
 * are RFC 3339 §5.6.
 */
const ZONE = String.raw`(?:[Zz]|([+-])(\d\d?)(?::?(\d\d))?)`;
const MOMENT = new RegExp(`^${DAY}(?:[Tt]${CLOCK}${ZONE}?)?$`);

/**
 * Epoch ms of an ISO 8601 date or time; NaN where it is none, or names a day, an hour or an offset
 * that does not exist. Without a zone it is UTC. Hour 24 and second 60 are none: RFC 3339 has no hour
 * 24, and no sample was taken in a leap second.
 */
export function timeOf(text: string): number {
  const match = MOMENT.exec(text);
  if (match === null) return Number.NaN;
  const [, year = "", month = "", day = "", hour = "0", minute = "0", second = "0"] = match;
  const [fraction = "", sign = "+", hoursAhead = "0", minutesAhead = "0"] = match.slice(7);
  if (!isDay(Number(year), Number(month), Number(day))) return Number.NaN;
  if (!isClock(hour, minute) || Number(second) > 59) return Number.NaN;
  if (!isClock(hoursAhead, minutesAhead)) return Number.NaN;
  const ahead = (Number(hoursAhead) * 60 + Number(minutesAhead)) * (sign === "-" ? -1 : 1);
  return Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute) - ahead,
    Number(second),
    Number(fraction.padEnd(3, "0").slice(0, 3)),
  );
}

/** Epoch ms of a date or time as FHIR writes it, to the year, month, day or second; NaN where it is none. */
export function fhirTimeOf(text: string): number {
  const [, year, month] = /^(\d{4})(?:-(\d\d))?$/.exec(text) ?? [];
  return year === undefined ? timeOf(text) : timeOf(`${year}-${month ?? "01"}-01`);
}

/**
 * Whether a text is a date of birth: a day that exists, or as much of one as is known. Some states
 * write an unknown month or day as 00.
 */
export function isBirthDate(text: string): boolean {
  const match = /^(\d{4})(?:-(\d\d)(?:-(\d\d))?)?$/.exec(text);
  if (match === null) return false;
  const [, year = "", month = "00", day = "00"] = match;
  // 00 is not known: any month has a first, and January as many days as a month can have.
  return isDay(Number(year), Number(month) || 1, Number(day) || 1);
}

function isClock(hour: string, minute: string): boolean {
  return Number(hour) <= 23 && Number(minute) <= 59;
}

function isDay(year: number, month: number, day: number): boolean {
  if (year < FIRST_YEAR || month < 1 || month > 12 || day < 1) return false;
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** The last second of the year 9999: a later date cannot be written here. */
export const LAST_SECOND = 253_402_300_799;
