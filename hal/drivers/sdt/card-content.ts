/** From the 256 text bytes of a resident card to its content, or to the field that is at fault. */
import type { CalendarDay, CardContent, CardType } from "../../devices.ts";
import { nationName } from "./nations.ts";
import { formerNumber, isNumber15, isNumber18, isProvince } from "./number-check.ts";

/** Length of the text block on all four card types, in bytes. */
export const TEXT_BYTES = 256;

/**
 * - `wrong-length`: not a text block at all
 * - `unknown-type`: the type mark is none of the four
 * - `missing`: a field every such card has is blank
 * - `malformed`: a field holds what it cannot hold
 * - `unknown-code`: a code outside its published table
 * - `impossible-date`: no such day in the calendar
 * - `check-failed`: the number's check character is wrong
 * - `disagrees`: two fields contradict each other
 */
export type CardContentErrorKind =
  | "wrong-length"
  | "unknown-type"
  | "missing"
  | "malformed"
  | "unknown-code"
  | "impossible-date"
  | "check-failed"
  | "disagrees";

/** A field of `CardContent`, or the block itself. */
export type CardField = keyof CardContent | "block";

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
const TYPE_BY_MARK: ReadonlyMap<string, CardType> = new Map([
  ["", "citizen"],
  ["J", "hong-kong-macau-taiwan-permit"],
  ["Y", "foreigner-2023"],
  ["I", "foreigner-2017"],
]);

/**
 * Parses and verifies a text block (UTF-16LE, padded with spaces).
 * @throws CardContentError naming the field at fault
 */
export function parseTextBlock(block: Uint8Array): CardContent {
  if (block.length !== TEXT_BYTES) {
    throw new CardContentError("wrong-length", "block", `expected ${TEXT_BYTES} bytes`);
  }
  // The mark comes first: on a 2017 foreigner's card every field lies elsewhere.
  const mark = trimmed(rawText(block, TYPE_MARK_AT, 2));
  const type = TYPE_BY_MARK.get(mark);
  if (type === undefined) {
    throw new CardContentError("unknown-type", "type", "the type mark is not blank, J, Y or I");
  }
  switch (type) {
    case "citizen":
      return citizen(block);
    case "hong-kong-macau-taiwan-permit":
      return permit(block);
    case "foreigner-2023":
      return foreigner2023(block);
    case "foreigner-2017":
      return foreigner2017(block);
  }
}

function citizen(block: Uint8Array): CardContent {
  const sex = sexAt(block, 30);
  const nation = nationName(required(block, "nation", 32, 4));
  if (nation === undefined) {
    throw new CardContentError("unknown-code", "nation", "not a code of GB/T 3304");
  }
  const birth = dayAt(block, "birth", 36);
  const number = number18At(block, birth);
  if (!isProvince(number.slice(0, 2))) {
    throw new CardContentError("unknown-code", "number", "does not begin with a province");
  }
  // GB 11643: an odd 17th digit is a man's.
  const written = Number(number[16]) % 2 === 1 ? "male" : "female";
  if ((sex === "male" || sex === "female") && sex !== written) {
    throw new CardContentError("disagrees", "sex", "the number's 17th digit says otherwise");
  }
  return {
    type: "citizen",
    name: required(block, "name", 0, 30),
    sex,
    nation,
    birth,
    ...optional(block, "address", 52, 70),
    number,
    ...optional(block, "issuer", 158, 30),
    ...validity(block),
  };
}

// Taiwan, Hong Kong and Macau in GB/T 2260; permits of Taiwan residents have a code of their own, 83.
const PERMIT_REGIONS = /^(?:71|81|82|83)/;

function permit(block: Uint8Array): CardContent {
  const birth = dayAt(block, "birth", 36);
  const number = number18At(block, birth);
  if (!PERMIT_REGIONS.test(number)) {
    throw new CardContentError("unknown-code", "number", "does not begin with a permit's region");
  }
  return {
    type: "hong-kong-macau-taiwan-permit",
    name: required(block, "name", 0, 30),
    sex: sexAt(block, 30),
    birth,
    ...optional(block, "address", 52, 70),
    number,
    ...optional(block, "issuer", 158, 30),
    ...optional(block, "travelPermitNumber", 220, 18),
    ...validity(block),
  };
}

function foreigner2023(block: Uint8Array): CardContent {
  const birth = dayAt(block, "birth", 36);
  const number = number18At(block, birth);
  if (!number.startsWith("9")) {
    throw new CardContentError("malformed", "number", "a foreigner's number begins with 9");
  }
  const country = required(block, "country", 242, 6);
  if (!/^(?:[A-Z]{3}|[0-9]{3})$/.test(country)) {
    throw new CardContentError("malformed", "country", "not a three-character ISO 3166 code");
  }
  const link = textAt(block, "formerNumber", 250, 6);
  const former = formerNumber(country, number, link);
  return {
    type: "foreigner-2023",
    ...foreignName(
      textAt(block, "name", 0, 30),
      // A long name runs on at byte 220, a space at the seam included.
      trimmed(rawText(block, 52, 70) + rawText(block, 220, 22)),
    ),
    sex: sexAt(block, 30),
    country,
    birth,
    number,
    ...validity(block),
    ...(former === undefined ? {} : { formerNumber: former }),
  };
}

function foreigner2017(block: Uint8Array): CardContent {
  const birth = dayAt(block, "birth", 220);
  const number = required(block, "number", 122, 30);
  if (!/^[A-Z]{3}[0-9]{12}$/.test(number)) {
    throw new CardContentError("malformed", "number", "not three letters and twelve digits");
  }
  if (!isNumber15(number)) {
    throw new CardContentError("check-failed", "number", "the last digit is not the check digit");
  }
  if (number.slice(7, 13) !== compact(birth).slice(2)) {
    throw new CardContentError("disagrees", "birth", "the number says another day");
  }
  const country = required(block, "country", 152, 6);
  if (!/^[A-Z]{3}$/.test(country)) {
    throw new CardContentError("malformed", "country", "not a three-letter ISO 3166 code");
  }
  return {
    type: "foreigner-2017",
    ...foreignName(textAt(block, "name", 158, 30), textAt(block, "latinName", 0, 120)),
    sex: sexAt(block, 120),
    country,
    birth,
    number,
    ...optional(block, "issuer", 240, 8),
    ...validity(block),
  };
}

/** Foreigners may have no Chinese name; then the Latin one stands for both. */
function foreignName(chinese: string, latin: string): { name: string; latinName?: string } {
  assertPrintable("latinName", latin);
  if (chinese === "" && latin === "") {
    throw new CardContentError("missing", "name", "blank in Chinese and in Latin letters");
  }
  return { name: chinese === "" ? latin : chinese, ...(latin === "" ? {} : { latinName: latin }) };
}

function number18At(block: Uint8Array, birth: CalendarDay): string {
  const number = required(block, "number", 122, 36);
  if (!/^[0-9]{17}[0-9X]$/.test(number)) {
    throw new CardContentError("malformed", "number", "not 17 digits and a digit or X");
  }
  if (!isNumber18(number)) {
    throw new CardContentError("check-failed", "number", "the last character is not the check one");
  }
  if (number.slice(6, 14) !== compact(birth)) {
    throw new CardContentError("disagrees", "birth", "the number says another day");
  }
  return number;
}

const SEX_BY_CODE: ReadonlyMap<string, CardContent["sex"]> = new Map([
  ["0", "unknown"],
  ["1", "male"],
  ["2", "female"],
  ["9", "unspecified"],
]);

function sexAt(block: Uint8Array, at: number): CardContent["sex"] {
  const sex = SEX_BY_CODE.get(required(block, "sex", at, 2));
  if (sex === undefined) {
    throw new CardContentError("unknown-code", "sex", "not a code of GB/T 2261.1");
  }
  return sex;
}

const FOR_EVER = "长期";

// All four layouts carry their validity in the same place.
function validity(block: Uint8Array): Pick<CardContent, "validFrom" | "validTo"> {
  const validFrom = dayAt(block, "validFrom", 188);
  if (textAt(block, "validTo", 204, 16) === FOR_EVER) return { validFrom };
  const validTo = dayAt(block, "validTo", 204);
  if (compact(validTo) < compact(validFrom)) {
    throw new CardContentError("disagrees", "validTo", "lies before the first day of validity");
  }
  return { validFrom, validTo };
}

function dayAt(block: Uint8Array, field: CardField, at: number): CalendarDay {
  const text = required(block, field, at, 16);
  if (!/^[0-9]{8}$/.test(text)) {
    throw new CardContentError("malformed", field, "not a date of eight digits");
  }
  const day = {
    year: Number(text.slice(0, 4)),
    month: Number(text.slice(4, 6)),
    day: Number(text.slice(6)),
  };
  if (!exists(day)) {
    throw new CardContentError("impossible-date", field, "no such day in the calendar");
  }
  return day;
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

function required(block: Uint8Array, field: CardField, at: number, bytes: number): string {
  const text = textAt(block, field, at, bytes);
  if (text === "") throw new CardContentError("missing", field, "blank");
  return text;
}

function optional<F extends "address" | "issuer" | "travelPermitNumber">(
  block: Uint8Array,
  field: F,
  at: number,
  bytes: number,
): Partial<Record<F, string>> {
  const text = textAt(block, field, at, bytes);
  const found: Partial<Record<F, string>> = {};
  if (text !== "") found[field] = text;
  return found;
}

function textAt(block: Uint8Array, field: CardField, at: number, bytes: number): string {
  const text = trimmed(rawText(block, at, bytes));
  assertPrintable(field, text);
  return text;
}

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

// Rare characters live in the private use area, so only what no name can hold is refused.
function assertPrintable(field: CardField, text: string): void {
  if (/[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/u.test(text)) {
    throw new CardContentError("malformed", field, "holds control characters or half a character");
  }
}
