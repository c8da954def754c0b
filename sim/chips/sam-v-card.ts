/** Cards for the simulated reader: fields in, the 256 text bytes as the card holds them out. */

/** A day as `YYYYMMDD` or `YYYY-MM-DD`; written as given, so that impossible days can be tried. */
export type CardDay = string;

export type CardSex = "male" | "female" | "unknown" | "unspecified";

interface CommonFields {
  sex: CardSex;
  birth: CardDay;
  number: string;
  validFrom: CardDay;
  /** `长期` means for ever. */
  validTo: CardDay;
}

export interface CitizenFields extends CommonFields {
  type: "citizen";
  name: string;
  /** Two digits of GB/T 3304; 01 (汉) when not given. */
  nationCode?: string;
  address: string;
  issuer: string;
}

export interface PermitFields extends CommonFields {
  type: "hong-kong-macau-taiwan-permit";
  name: string;
  address: string;
  issuer: string;
  travelPermitNumber: string;
  /** Two digits. */
  issueCount?: string;
}

export interface Foreigner2023Fields extends CommonFields {
  type: "foreigner-2023";
  /** Chinese name; may be blank. */
  name: string;
  latinName: string;
  /** Three letters or three digits of ISO 3166-1. */
  country: string;
  /** Two digits. */
  renewalCount?: string;
  /** Three digits that lead to the 2017 number. */
  formerLink?: string;
}

export interface Foreigner2017Fields extends CommonFields {
  type: "foreigner-2017";
  name: string;
  latinName: string;
  /** Three letters. */
  country: string;
  cardVersion?: string;
  /** Code of the accepting authority, four characters. */
  issuer?: string;
}

/** What is printed on a card, in the terms of the four published layouts. */
export type CardFields = CitizenFields | PermitFields | Foreigner2023Fields | Foreigner2017Fields;

export type CardType = CardFields["type"];

const BLOCK_BYTES = 256;
const SEX_CODE = { unknown: "0", male: "1", female: "2", unspecified: "9" } as const;

/** One entry of a layout: byte offset, byte width, text. */
type Slot = readonly [at: number, width: number, text: string];

/**
 * The text block of a card: UTF-16LE, each field padded with spaces (layout tables of the
 * SDT/SAM-V documents and of the 2017 and 2023 foreigners' cards).
 * @throws RangeError when a field is longer than its place
 */
export function encodeCard(fields: CardFields): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  for (let at = 0; at < BLOCK_BYTES; at += 2) block[at] = 0x20;
  for (const [at, width, text] of layout(fields)) {
    if (text.length * 2 > width) {
      throw new RangeError(
        `card field at byte ${at} holds ${width / 2} characters, not ${text.length}`,
      );
    }
    for (let index = 0; index < text.length; index++) {
      const unit = text.charCodeAt(index);
      block[at + 2 * index] = unit & 0xff;
      block[at + 2 * index + 1] = unit >> 8;
    }
  }
  return block;
}

function layout(fields: CardFields): Slot[] {
  switch (fields.type) {
    case "citizen":
      return [
        [0, 30, fields.name],
        [30, 2, SEX_CODE[fields.sex]],
        [32, 4, fields.nationCode ?? "01"],
        [36, 16, digits(fields.birth)],
        [52, 70, fields.address],
        [122, 36, fields.number],
        [158, 30, fields.issuer],
        ...validity(fields),
      ];
    case "hong-kong-macau-taiwan-permit":
      return [
        [0, 30, fields.name],
        [30, 2, SEX_CODE[fields.sex]],
        [36, 16, digits(fields.birth)],
        [52, 70, fields.address],
        [122, 36, fields.number],
        [158, 30, fields.issuer],
        ...validity(fields),
        [220, 18, fields.travelPermitNumber],
        [238, 4, fields.issueCount ?? "01"],
        [248, 2, "J"],
      ];
    case "foreigner-2023":
      return [
        [0, 30, fields.name],
        [30, 2, SEX_CODE[fields.sex]],
        [32, 4, fields.renewalCount ?? "01"],
        [36, 16, digits(fields.birth)],
        [52, 70, fields.latinName.slice(0, 35)],
        [122, 36, fields.number],
        ...validity(fields),
        [220, 22, fields.latinName.slice(35)],
        [242, 6, fields.country],
        [248, 2, "Y"],
        [250, 6, fields.formerLink ?? ""],
      ];
    case "foreigner-2017":
      return [
        [0, 120, fields.latinName],
        [120, 2, SEX_CODE[fields.sex]],
        [122, 30, fields.number],
        [152, 6, fields.country],
        [158, 30, fields.name],
        ...validity(fields),
        [220, 16, digits(fields.birth)],
        [236, 4, fields.cardVersion ?? "01"],
        [240, 8, fields.issuer ?? "1500"],
        [248, 2, "I"],
      ];
  }
}

function validity({ validFrom, validTo }: CommonFields): Slot[] {
  return [
    [188, 16, digits(validFrom)],
    [204, 16, digits(validTo)],
  ];
}

function digits(day: CardDay): string {
  return day.replaceAll("-", "");
}
