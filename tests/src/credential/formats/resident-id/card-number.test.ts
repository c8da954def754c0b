/** Numbers of resident cards: the two checks, ours and the reader driver's, say the same of each. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseTextBlock } from "../../../../../hal/drivers/card-reader/sdt/card-content.ts";
import { encodeCard, type CardFields } from "../../../../../sim/chips/sam-v-card.ts";
import { isResidentNumber } from "../../../../../src/credential/formats/resident-id/card-number.ts";
import {
  citizenCard,
  foreigner2017Card,
  foreigner2023Card,
  permitCard,
} from "../../../../hal/drivers/card-reader/sdt/cards.ts";

const CARDS: readonly CardFields[] = [
  citizenCard,
  permitCard,
  foreigner2023Card,
  foreigner2017Card,
];

/** Whether a card of some kind is read with that number on it. */
function isReadFromCard(number: string): boolean {
  return CARDS.some((card) => {
    try {
      return parseTextBlock(encodeCard({ ...card, number })).number === number;
    } catch {
      return false;
    }
  });
}

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const with18 = (digits: string): string => {
  const sum = WEIGHTS.reduce((total, weight, at) => total + weight * Number(digits[at]), 0);
  return `${digits}${"10X98765432"[sum % 11]}`;
};
const with15 = (body: string): string => {
  const values = Array.from(body, (each) => Number.parseInt(each, 36));
  return `${body}${values.reduce((total, value, at) => total + value * ([7, 3, 1][at % 3] ?? 0), 0) % 10}`;
};

describe("a number", () => {
  it.each<[string, boolean]>([
    ["11010519491231002X", true],
    ["440524188001010014", true],
    [with18("11010520000229002"), true],
    [with18("71010519800101002"), true],
    ["810000199408230021", true],
    [with18("83000019940823002"), true],
    ["911124198108030024", true],
    ["932682198501010017", true],
    ["PAK310080010103", true],
    [with15("CAN31001231000"), false],
    [with15("CAN31000002290"), true],
    ["PAK310080010104", false],
    [with15("PAK31008013010"), false],
    [with15("PAK31008002300"), false],
    [with15("PAK31008102290"), false],
    ["pak310080010103", false],
    ["110105190002290025", false],
    [with18("11010519000229002"), false],
    [with18("11010520230229002"), false],
    [with18("11010519491331002"), false],
    [with18("11010519490431002"), false],
    [with18("11010518490101002"), false],
    [with18("00010519491231002"), false],
    [with18("16010519491231002"), false],
    [with18("84000019940823002"), false],
    ["11010519491231002x", false],
    ["110105194912310021", false],
    ["１1010519491231002X", false],
    ["11010519491231002", false],
    ["1101051949123100", false],
    ["110105491231002", false],
    ["", false],
  ])("%s: %s", (number, good) => {
    expect(isResidentNumber(number)).toBe(good);
    expect(isReadFromCard(number)).toBe(good);
  });

  it("of any digits is judged alike by both", () => {
    const digits = (length: number) =>
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length });
    const day = fc
      .tuple(fc.integer({ min: 1840, max: 2030 }), fc.nat(13), fc.nat(32))
      .map(([year, month, date]) =>
        [year, month, date].map((each) => String(each).padStart(2, "0")).join(""),
      );
    const of18 = fc
      .tuple(digits(6), day, digits(3), fc.boolean())
      .map(([region, born, rest, good]) => {
        const whole = with18(region.join("") + born + rest.join(""));
        return good ? whole : `${whole.slice(0, -1)}0`;
      });
    const of15 = fc
      .tuple(digits(4), day, digits(1), fc.boolean())
      .map(([region, born, rest, good]) => {
        const whole = with15(`PAK${region.join("")}${born.slice(2)}${rest.join("")}`);
        return good ? whole : `${whole.slice(0, -1)}0`;
      });
    fc.assert(
      fc.property(fc.oneof(of18, of15), (number) => {
        expect(isResidentNumber(number)).toBe(isReadFromCard(number));
      }),
      { numRuns: 3_000 },
    );
  });
});
