/** The four text blocks: what they say, and every way in which one can be wrong. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CardContent, ResidentIdContent } from "../../../../../hal/devices.ts";
import {
  CardContentError,
  parseTextBlock,
} from "../../../../../hal/drivers/card-reader/sdt/card-content.ts";
import { checkCharacter18 } from "../../../../../hal/drivers/card-reader/sdt/number-check.ts";
import { textOfPayload } from "../../../../../hal/drivers/card-reader/sdt/payload.ts";
import { encodeCard, type CardFields } from "../../../../../sim/chips/sam-v-card.ts";
import { citizenCard, foreigner2017Card, foreigner2023Card, permitCard } from "./cards.ts";

function said(block: Uint8Array): { number?: string; fault?: string; error?: string } {
  try {
    return { number: parseTextBlock(block).number };
  } catch (error) {
    if (!(error instanceof CardContentError)) throw error;
    return { fault: `${error.field} ${error.kind}`, error: String(error) };
  }
}

const fault = (block: Uint8Array): string => said(block).fault ?? "a card";

const faultOf = (card: CardFields): string => fault(encodeCard(card));

describe("a whole card", () => {
  test("of a citizen", () => {
    expect(parseTextBlock(encodeCard(citizenCard))).toEqual({
      document: "resident-id",
      name: "王小明",
      sex: "female",
      nation: "汉",
      birth: { year: 1949, month: 12, day: 31 },
      address: "北京市朝阳区样本路1号",
      number: "11010519491231002X",
      issuer: "北京市公安局朝阳分局",
      validFrom: { year: 2015, month: 1, day: 1 },
    });
  });

  test("of a resident from Hong Kong, Macau or Taiwan", () => {
    expect(parseTextBlock(encodeCard(permitCard))).toEqual({
      document: "residence-permit",
      name: "陳樣本",
      sex: "female",
      birth: { year: 1994, month: 8, day: 23 },
      address: "上海市徐汇区样本路2号",
      number: "810000199408230021",
      issuer: "上海市公安局",
      travelPermitNumber: "H01234567",
      validFrom: { year: 2021, month: 3, day: 1 },
      validTo: { year: 2026, month: 3, day: 1 },
    });
  });

  test("of a foreigner, 2023", () => {
    const content = parseTextBlock(encodeCard(foreigner2023Card));
    expect(content).toMatchObject({
      document: "foreign-permanent-resident",
      design: 2023,
      name: "证件样本",
      latinName: "ZHENGJIAN, YANGBEN",
      country: "CAN",
      number: "911124198108030024",
    });
    expect(content).toMatchObject({
      formerNumber: expect.stringMatching(/^CAN1100810803\d{2}$/),
    });
  });

  test("of a foreigner, 2017, where every field lies elsewhere", () => {
    expect(parseTextBlock(encodeCard(foreigner2017Card))).toEqual({
      document: "foreign-permanent-resident",
      design: 2017,
      name: "样本",
      latinName: "SAMPLE, PERSON",
      sex: "male",
      country: "PAK",
      birth: { year: 1980, month: 1, day: 1 },
      number: "PAK310080010103",
      issuer: "1500",
      validFrom: { year: 2018, month: 1, day: 1 },
      validTo: { year: 2028, month: 1, day: 1 },
    });
  });

  test("of a foreigner with a long name and no Chinese one", () => {
    const latinName = "WOLFESCHLEGELSTEINHAUSENBERGER, HUBERT B";
    expect(latinName.length).toBeGreaterThan(35);
    const content = parseTextBlock(encodeCard({ ...foreigner2023Card, name: "", latinName }));
    expect(content).toMatchObject({ name: latinName, latinName });
  });

  test("a blank at the seam of a long name is kept", () => {
    const latinName = `${"A".repeat(34)} ${"B".repeat(11)}`;
    expect(read({ ...foreigner2023Card, latinName })).toMatchObject({ latinName });
  });

  test("whose name needs two code units a character", () => {
    const name = "𠮷田𡈽";
    expect(parseTextBlock(encodeCard({ ...citizenCard, name })).name).toBe(name);
  });

  test("without a link to a former number", () => {
    const { formerLink: _none, ...card } = foreigner2023Card;
    expect(parseTextBlock(encodeCard(card))).not.toHaveProperty("formerNumber");
  });

  test("padded with zeros instead of spaces", () => {
    const block = encodeCard(citizenCard);
    for (let at = 0; at < 256; at += 2)
      if (block[at] === 0x20 && block[at + 1] === 0) block[at] = 0;
    expect(parseTextBlock(block)).toEqual(parseTextBlock(encodeCard(citizenCard)));
  });

  test.each([
    ["male", "110105194912310011"],
    ["female", "11010519491231002X"],
    ["unknown", "11010519491231002X"],
    ["unspecified", "11010519491231002X"],
  ] as const)("of somebody whose sex is %s", (sex, number) => {
    expect(parseTextBlock(encodeCard({ ...citizenCard, sex, number })).sex).toBe(sex);
  });
});

const read = (card: CardFields): CardContent => parseTextBlock(encodeCard(card));

describe("a field that nobody can understand", () => {
  test.each<[string, Partial<typeof citizenCard>, Partial<ResidentIdContent>]>([
    ["a nation that readers know beside GB/T 3304", { nationCode: "59" }, { nation: "unknown" }],
    ["a nation of a registry's own table", { nationCode: "81" }, { nation: "unknown" }],
    ["a nation of another reader's table", { nationCode: "95" }, { nation: "unknown" }],
    ["no nation", { nationCode: "" }, { nation: "unknown" }],
    ["no name", { name: "" }, { name: "" }],
    ["the other sex than the number", { sex: "male" }, { sex: "unknown" }],
    ["another day of birth than the number", { birth: "1949-12-30" }, { birth: "unknown" }],
    ["no first day", { validFrom: "" }, { validFrom: "unknown" }],
    ["a first day that is none", { validFrom: "2015-02-29" }, { validFrom: "unknown" }],
    ["no last day", { validTo: "" }, { validTo: "unknown" }],
    ["a last day of zeros", { validTo: "00000000" }, { validTo: "unknown" }],
    ["a last day that is a word", { validTo: "永久" }, { validTo: "unknown" }],
    ["a last day that is none", { validTo: "2035-02-31" }, { validTo: "unknown" }],
    ["a last day before the first", { validTo: "2014-12-31" }, { validTo: "unknown" }],
    ["a small x", { number: "11010519491231002x" }, { number: "11010519491231002X" }],
  ])("leaves the card a card: %s", (_what, change, expected) => {
    expect(read({ ...citizenCard, ...change })).toMatchObject(expected);
  });

  test.each(["1949-11-31", "1949-13-01", "1949-12-00", "1949XX31", ""])(
    "takes the birth from the number where the card prints %j",
    (birth) => {
      expect(read({ ...citizenCard, birth }).birth).toEqual({ year: 1949, month: 12, day: 31 });
    },
  );

  test.each(["长期", "长\u3000期", "长 期", "長期", "長\u3000\u3000期", "\u3000长期"])(
    "for ever is for ever however it is spaced and written: %j",
    (validTo) => {
      expect(read({ ...citizenCard, validTo })).not.toHaveProperty("validTo");
    },
  );

  test.each(["D", "D<<", "DE", "XXA", "276"])(
    "leaves a foreigner's country as printed: %s",
    (country) => {
      const printed = country.replace("<<", "");
      expect(read({ ...foreigner2023Card, country })).toMatchObject({ country: printed });
      expect(read({ ...foreigner2017Card, country })).toMatchObject({ country: printed });
    },
  );

  test("leaves a foreigner without a country or a name a card", () => {
    const card = { ...foreigner2023Card, country: "", name: "", latinName: "" };
    expect(read(card)).toMatchObject({ country: "unknown", name: "" });
  });

  test("leaves a foreigner of 2017 whose birth contradicts the number a card", () => {
    for (const birth of ["1980-01-02", "", "19801301"]) {
      expect(read({ ...foreigner2017Card, birth }).birth).toBe("unknown");
    }
  });

  test.each([
    ["a control character", 0x0007],
    ["an escape", 0x001b],
    ["a control character of C1", 0x009b],
    ["half a character", 0xd83d],
    ["a non-character", 0xfffe],
  ])("is replaced where it is %s, in each text", (_what, unit) => {
    for (const at of [0, 28, 52, 158]) {
      const block = encodeCard(citizenCard);
      new DataView(block.buffer).setUint16(at, unit, true);
      const content = parseTextBlock(block);
      if (content.document !== "resident-id") throw new Error("the card should be a citizen's");
      const { name, address = "", issuer = "" } = content;
      expect(name + address + issuer).toContain("\uFFFD");
      expect(name + address + issuer).not.toContain(String.fromCharCode(unit));
    }
  });

  test.each([" ", "3", "7", "X"])("is unknown where the sex code is %j", (code) => {
    const block = encodeCard(citizenCard);
    block[30] = code.charCodeAt(0);
    expect(parseTextBlock(block).sex).toBe("unknown");
  });
});

describe("a card that is wrong", () => {
  const withCheck = (digits: string): string => `${digits}${checkCharacter18(digits)}`;

  test.each<[string, Partial<typeof citizenCard>, string]>([
    ["a wrong check character", { number: "110105194912310021" }, "number check-failed"],
    ["a short number", { number: "1101051949123100" }, "number malformed"],
    ["no number", { number: "" }, "number missing"],
    ["a number of no province", { number: withCheck("99010519491231002") }, "number unknown-code"],
    ["a number of no day", { number: withCheck("11010519000229002") }, "number impossible-date"],
    [
      "a number of the 13th month",
      { number: withCheck("11010519491331002") },
      "number impossible-date",
    ],
  ])("%s", (_what, change, expected) => {
    expect(faultOf({ ...citizenCard, ...change })).toBe(expected);
  });

  test.each<[string, CardFields, string]>([
    [
      "2023: a citizen's number",
      { ...foreigner2023Card, number: "110105198108030028" },
      "number check-failed",
    ],
    [
      "2017: a wrong digit",
      { ...foreigner2017Card, number: "PAK310080010104" },
      "number check-failed",
    ],
    [
      "2017: an 18-character number",
      { ...foreigner2017Card, number: "31008001010312" },
      "number malformed",
    ],
    [
      "permit: a wrong number",
      { ...permitCard, number: "810000199408230022" },
      "number check-failed",
    ],
  ])("%s", (_what, card, expected) => {
    expect(faultOf(card)).toBe(expected);
  });

  test.each([
    ["another mark", "Z"],
    ["a small mark", "j"],
    ["a wide mark", "Ｊ"],
  ])("of unknown type: %s", (_what, mark) => {
    const block = encodeCard(citizenCard);
    new DataView(block.buffer).setUint16(248, mark.charCodeAt(0), true);
    expect(fault(block)).toBe("type unknown-type");
  });

  test.each([0, 255, 257, 1295])("of %i bytes", (length) => {
    expect(fault(new Uint8Array(length))).toBe("block wrong-length");
  });

  test("a permit's block read as another type is no card", () => {
    for (const card of [permitCard, foreigner2023Card, foreigner2017Card]) {
      for (const mark of " JYI") {
        const block = encodeCard(card);
        if (block[248] === mark.charCodeAt(0)) continue;
        block[248] = mark.charCodeAt(0);
        expect(fault(block)).not.toBe("a card");
      }
    }
  });
});

describe("any bytes", () => {
  test("are no card and no crash", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(fault(bytes)).not.toBe("a card");
      }),
    );
  });

  test("are no card with a type mark and plausible text either", () => {
    const digits = fc.string({
      unit: fc.constantFrom(...Array.from("0123456789 XIJY")),
      minLength: 128,
      maxLength: 128,
    });
    fc.assert(
      fc.property(digits, fc.constantFrom(" ", "J", "Y", "I"), (text, mark) => {
        const block = Uint8Array.from(Buffer.from(text, "utf16le"));
        block[248] = mark.charCodeAt(0);
        expect(fault(block)).not.toBe("a card");
      }),
    );
  });

  test("one changed bit of a card is a card of the same person or none", () => {
    const numbers = new Set<string>();
    for (let bit = 0; bit < 256 * 8; bit++) {
      const block = encodeCard(citizenCard);
      block[bit >> 3] = (block[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      numbers.add(said(block).number ?? "none");
    }
    expect(numbers).toEqual(new Set([citizenCard.number, "none"]));
  });

  test("errors never quote the card", () => {
    fc.assert(
      fc.property(fc.nat({ max: 255 }), fc.nat({ max: 255 }), (at, value) => {
        const block = encodeCard(citizenCard);
        block[at] = value;
        expect(said(block).error ?? "").not.toMatch(/王|北京|1949|110105/);
      }),
    );
  });
});

describe("a read's payload", () => {
  const payload = (header: number[], total: number): Uint8Array => {
    const bytes = new Uint8Array(total);
    bytes.set(header);
    bytes.set(encodeCard(citizenCard), header.length);
    return bytes;
  };
  test.each([
    ["without fingerprint", [1, 0, 4, 0], 4 + 256 + 1024],
    ["without photo", [1, 0, 0, 0], 4 + 256],
    ["with 1024 bytes of fingerprint", [1, 0, 4, 0, 4, 0], 6 + 256 + 1024 + 1024],
    ["with 512 bytes of fingerprint", [1, 0, 4, 0, 2, 0], 6 + 256 + 1024 + 512],
    ["with an empty fingerprint", [1, 0, 4, 0, 0, 0], 6 + 256 + 1024],
  ])("%s gives its text", (_what, header, total) => {
    expect(textOfPayload(payload(header, total))).toEqual(encodeCard(citizenCard));
  });

  test.each([
    ["one byte short", [1, 0, 4, 0], 4 + 256 + 1023],
    ["one byte long", [1, 0, 4, 0], 4 + 256 + 1025],
    ["another text length", [1, 2, 4, 0], 4 + 258 + 1024],
    ["little-endian lengths", [0, 1, 0, 4], 4 + 256 + 1024],
  ])("%s is refused", (_what, header, total) => {
    expect(() => textOfPayload(payload(header, total))).toThrow(CardContentError);
  });

  test("of nothing is refused", () => {
    expect(() => textOfPayload(new Uint8Array(0))).toThrow(CardContentError);
  });
});
