/** Check characters of the numbers on resident cards. */

// GB 11643-1999: weights 2^(17-i) mod 11, check characters by the remainder (ISO 7064 MOD 11-2).
const WEIGHTS_18 = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK_18 = "10X98765432";

/** The 18th character for 17 digits; undefined when they are not 17 digits. */
export function checkCharacter18(digits: string): string | undefined {
  if (!/^[0-9]{17}$/.test(digits)) return undefined;
  const sum = WEIGHTS_18.reduce(
    (total, weight, index) => total + weight * Number(digits[index]),
    0,
  );
  return CHECK_18[sum % 11];
}

/** Whether an 18-character number (citizens, permits, foreigners since 2023) ends in its check character. */
export function isNumber18(number: string): boolean {
  return number.length === 18 && checkCharacter18(number.slice(0, 17)) === number[17];
}

const WEIGHTS_15 = [7, 3, 1];

/**
 * The 15th digit for the 14 characters of a 2017 foreigner's number: three letters (A = 10 …
 * Z = 35) and eleven digits, weights 7-3-1 repeated, modulo 10, as in machine-readable travel
 * documents (ICAO 9303-3 §4.9).
 */
export function checkDigit15(body: string): string | undefined {
  if (!/^[A-Z]{3}[0-9]{11}$/.test(body)) return undefined;
  let sum = 0;
  for (let index = 0; index < body.length; index++) {
    sum += Number.parseInt(body.charAt(index), 36) * (WEIGHTS_15[index % 3] ?? 0);
  }
  return String(sum % 10);
}

/** Whether a 15-character number of a 2017 foreigner's card names a day and ends in its check digit. */
export function isNumber15(number: string): boolean {
  if (number.length !== 15 || checkDigit15(number.slice(0, 14)) !== number[14]) return false;
  // YYMMDD: which century is not written, and 29 February is in one or the other.
  const [year = 0, month = 0, day = 0] = (number.slice(7, 13).match(/../g) ?? []).map(Number);
  const shortest = year % 4 === 0 ? 29 : 28;
  const days = [31, shortest, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  return day >= 1 && day <= days;
}

// First two digits of the administrative division codes, GB/T 2260.
const PROVINCES: ReadonlySet<string> = new Set(
  "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82".split(
    " ",
  ),
);

/** Whether two digits name a province-level division. */
export function isProvince(code: string): boolean {
  return PROVINCES.has(code);
}

/**
 * The number of a foreigner's 2017 card from what their 2023 card links to: country, province,
 * the first two link digits, birth YYMMDD, the last link digit, and the check digit. Absent where the
 * card carries no link or no three-letter country.
 */
export function formerNumber(country: string, number: string, link: string): string | undefined {
  if (!/^[0-9]{3}$/.test(link)) return undefined;
  const body = `${country}${number.slice(1, 3)}${link.slice(0, 2)}${number.slice(8, 14)}${link.slice(2)}`;
  const check = checkDigit15(body);
  return check === undefined ? undefined : body + check;
}
