/**
 * Whether a number on a resident card can be one: GB 11643-1999 for citizens and permits, GA 2102-2023
 * and its forerunner of 2017 for foreigners' permanent residence cards. The card reader's driver checks
 * the same by itself, from its own reading of the standards; both must agree.
 */

// GB 11643-1999 §4.4, ISO 7064 MOD 11-2: weights of the 17 digits, check character of each remainder.
const WEIGHTS_18 = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK_CHARACTERS = "10X98765432";

// ICAO 9303-3 §4.9, as the numbers of 2017 have it: weights by turns, letters from A = 10.
const WEIGHTS_15 = [7, 3, 1];

// GB/T 2260, province-level divisions; residents of Taiwan have permits of 83. A foreigner's begins with 9.
const REGIONS = /^(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9\d)/;

/** Nobody alive was born before. */
const FIRST_YEAR = 1850;

/** Whether a number can be one, in capitals: the standard's tenth check character is a capital X. */
export function isResidentNumber(number: string): boolean {
  return number.length === 15 ? isNumber15(number) : isNumber18(number);
}

function isNumber18(number: string): boolean {
  if (!/^\d{17}[\dX]$/.test(number) || !REGIONS.test(number)) return false;
  if (!isDay(Number(number.slice(6, 10)), number.slice(10, 14))) return false;
  const sum = WEIGHTS_18.reduce((total, weight, at) => total + weight * Number(number[at]), 0);
  return CHECK_CHARACTERS[sum % 11] === number[17];
}

/** Three letters of the country, four digits, the birth as YYMMDD, one digit, and the check digit. */
function isNumber15(number: string): boolean {
  if (!/^[A-Z]{3}\d{12}$/.test(number)) return false;
  const year = Number(number.slice(7, 9));
  const monthAndDay = number.slice(9, 13);
  if (![1900 + year, 2000 + year].some((each) => isDay(each, monthAndDay))) return false;
  const values = Array.from(number.slice(0, 14), (character) => Number.parseInt(character, 36));
  const sum = values.reduce((total, value, at) => total + value * (WEIGHTS_15[at % 3] ?? 0), 0);
  return String(sum % 10) === number[14];
}

function isDay(year: number, monthAndDay: string): boolean {
  const month = Number(monthAndDay.slice(0, 2));
  const day = Number(monthAndDay.slice(2));
  if (year < FIRST_YEAR || month < 1 || month > 12 || day < 1) return false;
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}
