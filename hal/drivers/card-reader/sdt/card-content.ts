/**
 * From the 256 text bytes of a resident card to its content. Only what says whose card it is can be at
 * fault: its type and its number. Every other field that is not understood is unknown, as cards in
 * people's hands have codes and blanks that no published table lists.
 */
import type {
  CalendarDay,
  CardContent,
  ForeignPermanentResidentContent,
  ResidencePermitContent,
  ResidentIdContent,
  Unknown,
} from "../../../devices.ts";
import { nationName } from "./nations.ts";
import { formerNumber, isNumber15, isNumber18, isProvince } from "./number-check.ts";

/** Length of the text block on all four card types, in bytes. */
export const TEXT_BYTES = 256;

/**
 * - `wrong-length`: not a text block at all
 * - `unknown-type`: the type mark is none of the four
 * - `missing`: the number is blank
 * - `malformed`: the number holds what it cannot hold
 * - `unknown-code`: the number begins with no such region
 * - `impossible-date`: the number names a day that is not in the calendar
 * - `check-failed`: the number's check character is wrong
 */
export type CardContentErrorKind =
  | "wrong-length"
  | "unknown-type"
  | "missing"
  | "malformed"
  | "unknown-code"
  | "impossible-date"
  | "check-failed";

/** What can be at fault: the block, its type mark, or the number. */
export type CardField = "block" | "type" | "number";

/** Why a text block is no card. Never quotes what the card says: it may be logged. */
export class CardContentError extends Error {
  override readonly name = "CardContentError";
  readonly kind: CardContentErrorKind;
  readonly field: CardField;
  readonly detail: string;

  constructor(kind: CardContentErrorKind, field: CardField, detail: string) {
    super(`card content ${kind} at ${field}: ${detail}`);
    this.kind = kind;
    this.field = field;
    this.detail = detail;
  }
}

const TYPE_MARK_AT = 248;
/** The layouts by their mark; on a 2017 foreigner's card every field lies elsewhere. */
const LAYOUTS: ReadonlyMap<string, (block: Uint8Array) => CardContent> = new Map<
  string,
  (block: Uint8Array) => CardContent
>([
  ["", residentId],
  ["J", residencePermit],
  ["Y", foreigner2023],
  ["I", foreigner2017],
]);

/**
 * Parses and verifies a text block (UTF-16LE, padded with spaces).
 * @throws CardContentError naming the field at fault
 */
export function parseTextBlock(block: Uint8Array): CardContent {
  if (block.length !== TEXT_BYTES) {
    throw new CardContentError("wrong-length", "block", `expected ${TEXT_BYTES} bytes`);
  }
  const layout = LAYOUTS.get(trimmed(rawText(block, TYPE_MARK_AT, 2)));
  if (layout === undefined) {
    throw new CardContentError("unknown-type", "type", "the type mark is not blank, J, Y or I");
  }
  return layout(block);
}

function residentId(block: Uint8Array): ResidentIdContent {
  const { number, birth } = number18At(block);
  const nation = nationName(textAt(block, 32, 4));
  const isPermits = nation === undefined && PERMIT_REGIONS.test(number);
  // A permit whose mark was lost has no nation: its fields lie where a citizen's do.
  if (isPermits || !isProvince(number.slice(0, 2))) {
    throw new CardContentError("unknown-code", "number", "does not begin with a province");
  }
  const sex = sexAt(block, 30);
  // GB 11643: an odd 17th digit is a man's.
  const written = Number(number[16]) % 2 === 1 ? "male" : "female";
  const isContradicted = (sex === "male" || sex === "female") && sex !== written;
  return {
    document: "resident-id",
    name: textAt(block, 0, 30),
    sex: isContradicted ? "unknown" : sex,
    nation: nation ?? "unknown",
    birth: birthAt(block, 36, birth),
    ...optional(block, "address", 52, 70),
    number,
    ...optional(block, "issuer", 158, 30),
    ...validity(block),
  };
}

// Taiwan, Hong Kong and Macau in GB/T 2260; permits of Taiwan residents have a code of their own, 83.
const PERMIT_REGIONS = /^(?:71|81|82|83)/;

function residencePermit(block: Uint8Array): ResidencePermitContent {
  const { number, birth } = number18At(block);
  if (!PERMIT_REGIONS.test(number)) {
    throw new CardContentError("unknown-code", "number", "does not begin with a permit's region");
  }
  return {
    document: "residence-permit",
    name: textAt(block, 0, 30),
    sex: sexAt(block, 30),
    birth: birthAt(block, 36, birth),
    ...optional(block, "address", 52, 70),
    number,
    ...optional(block, "issuer", 158, 30),
    ...optional(block, "travelPermitNumber", 220, 18),
    ...validity(block),
  };
}

function foreigner2023(block: Uint8Array): ForeignPermanentResidentContent {
  const { number, birth } = number18At(block);
  if (!number.startsWith("9")) {
    throw new CardContentError("malformed", "number", "a foreigner's number begins with 9");
  }
  const country = countryAt(block, 242);
  const former = formerNumber(country, number, textAt(block, 250, 6));
  return {
    document: "foreign-permanent-resident",
    design: 2023,
    ...foreignName(
      textAt(block, 0, 30),
      // A long name runs on at byte 220, a space at the seam included.
      readable(rawText(block, 52, 70) + rawText(block, 220, 22)),
    ),
    sex: sexAt(block, 30),
    country,
    birth: birthAt(block, 36, birth),
    number,
    ...validity(block),
    ...(former === undefined ? {} : { formerNumber: former }),
  };
}

function foreigner2017(block: Uint8Array): ForeignPermanentResidentContent {
  const number = numberAt(block, 30);
  if (!/^[A-Z]{3}[0-9]{12}$/.test(number)) {
    throw new CardContentError("malformed", "number", "not three letters and twelve digits");
  }
  if (!isNumber15(number)) {
    throw new CardContentError("check-failed", "number", "the last digit is not the check digit");
  }
  const birth = dayAt(block, 220);
  // The number has two digits of the year: it can contradict a birth, and not stand for one.
  const agrees = birth !== "unknown" && number.slice(7, 13) === compact(birth).slice(2);
  return {
    document: "foreign-permanent-resident",
    design: 2017,
    ...foreignName(textAt(block, 158, 30), textAt(block, 0, 120)),
    sex: sexAt(block, 120),
    country: countryAt(block, 152),
    birth: agrees ? birth : "unknown",
    number,
    ...optional(block, "issuer", 240, 8),
    ...validity(block),
  };
}

/** Foreigners may have no Chinese name; then the Latin one stands for both. */
function foreignName(chinese: string, latin: string): { name: string; latinName?: string } {
  return { name: chinese === "" ? latin : chinese, ...(latin === "" ? {} : { latinName: latin }) };
}

// As printed: cards carry ISO 3166 codes, and in machine-readable spelling `D<<` for Germany.
function countryAt(block: Uint8Array, at: number): string {
  const country = textAt(block, at, 6).replace(/<+$/, "");
  return country === "" ? "unknown" : country;
}

/** The number, and the day of birth that it names. */
function number18At(block: Uint8Array): { number: string; birth: CalendarDay } {
  const number = numberAt(block, 36);
  if (!/^[0-9]{17}[0-9X]$/.test(number)) {
    throw new CardContentError("malformed", "number", "not 17 digits and a digit or X");
  }
  if (!isNumber18(number)) {
    throw new CardContentError("check-failed", "number", "the last character is not the check one");
  }
  const birth = dayOf(number.slice(6, 14));
  if (birth === "unknown") {
    throw new CardContentError("impossible-date", "number", "names no day of the calendar");
  }
  return { number, birth };
}

function numberAt(block: Uint8Array, bytes: number): string {
  const number = textAt(block, 122, bytes).toUpperCase();
  if (number === "") throw new CardContentError("missing", "number", "blank");
  return number;
}

/** The printed day; the number's where none is printed that is one, and neither where they differ. */
function birthAt(block: Uint8Array, at: number, written: CalendarDay): CalendarDay | Unknown {
  const printed = dayAt(block, at);
  if (printed === "unknown") return written;
  return compact(printed) === compact(written) ? printed : "unknown";
}

const SEX_BY_CODE: ReadonlyMap<string, CardContent["sex"]> = new Map([
  ["0", "unknown"],
  ["1", "male"],
  ["2", "female"],
  ["9", "unspecified"],
]);

// A code outside GB/T 2261.1 says as little as 0.
const sexAt = (block: Uint8Array, at: number): CardContent["sex"] =>
  SEX_BY_CODE.get(textAt(block, at, 2)) ?? "unknown";

const FOR_EVER: readonly string[] = ["长期", "長期"];

// All four layouts carry their validity in the same place.
function validity(block: Uint8Array): Pick<CardContent, "validFrom" | "validTo"> {
  const validFrom = dayAt(block, 188);
  // Some issuers space the two characters out over the field.
  const word = textAt(block, 204, 16).replace(/\s+/g, "");
  if (FOR_EVER.includes(word)) return { validFrom };
  const validTo = dayOf(word);
  // The end decides whether the card is valid: one before the beginning is not understood.
  const isReversed =
    validTo !== "unknown" && validFrom !== "unknown" && compact(validTo) < compact(validFrom);
  return { validFrom, validTo: isReversed ? "unknown" : validTo };
}

const dayAt = (block: Uint8Array, at: number): CalendarDay | Unknown =>
  dayOf(textAt(block, at, 16));

function dayOf(text: string): CalendarDay | Unknown {
  if (!/^[0-9]{8}$/.test(text)) return "unknown";
  const day = {
    year: Number(text.slice(0, 4)),
    month: Number(text.slice(4, 6)),
    day: Number(text.slice(6)),
  };
  return exists(day) ? day : "unknown";
}

// Nobody alive was born before, and no card is older.
const FIRST_YEAR = 1850;

function exists({ year, month, day }: CalendarDay): boolean {
  if (year < FIRST_YEAR || month < 1 || month > 12 || day < 1) return false;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  return day <= days;
}

function compact({ year, month, day }: CalendarDay): string {
  return `${year}`.padStart(4, "0") + `${month}`.padStart(2, "0") + `${day}`.padStart(2, "0");
}

function optional<F extends "address" | "issuer" | "travelPermitNumber">(
  block: Uint8Array,
  field: F,
  at: number,
  bytes: number,
): Partial<Record<F, string>> {
  const text = textAt(block, at, bytes);
  const found: Partial<Record<F, string>> = {};
  if (text !== "") found[field] = text;
  return found;
}

const textAt = (block: Uint8Array, at: number, bytes: number): string =>
  readable(rawText(block, at, bytes));

function rawText(block: Uint8Array, at: number, bytes: number): string {
  let text = "";
  for (let index = at; index < at + bytes; index += 2) {
    text += String.fromCharCode((block[index] ?? 0) | ((block[index + 1] ?? 0) << 8));
  }
  return text;
}

// Spaces pad by the standard; some issuers' blocks are padded with zeros or wide spaces.
function trimmed(text: string): string {
  return text.replace(/^[ \u3000]+|[ \0\u3000]+$/g, "");
}

// Rare characters live in the private use area, so only what no text can hold is replaced: controls,
// and the half of a character that a field's end cut off.
function readable(text: string): string {
  return trimmed(text).replace(/[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu, "\uFFFD");
}
