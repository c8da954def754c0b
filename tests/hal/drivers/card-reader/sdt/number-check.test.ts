/** Check characters, on published specimens. */
import { describe, expect, test } from "vitest";
import {
  checkCharacter18,
  formerNumber,
  isNumber15,
  isNumber18,
} from "../../../../../hal/drivers/card-reader/sdt/number-check.ts";
import { nationName } from "../../../../../hal/drivers/card-reader/sdt/nations.ts";

describe("an 18-character number", () => {
  test.each([
    "11010519491231002X",
    "932682198501010017",
    "911124198108030024",
    "931586198001010028",
    "810000199408230021",
  ])("%s passes, and fails with any one character changed", (number) => {
    expect(isNumber18(number)).toBe(true);
    for (let at = 0; at < number.length; at++) {
      for (const other of "0123456789X") {
        if (other === number[at]) continue;
        expect(isNumber18(number.slice(0, at) + other + number.slice(at + 1))).toBe(false);
      }
    }
  });

  test("fails when two neighbouring digits that differ change places", () => {
    const number = "11010519491231002X";
    for (let at = 0; at < 16; at++) {
      const swapped =
        number.slice(0, at) + number.charAt(at + 1) + number.charAt(at) + number.slice(at + 2);
      expect(isNumber18(swapped)).toBe(swapped === number);
    }
  });

  test.each(["", "1101051949123100", "11010519491231002x", "１１010519491231002X"])(
    "%j is none",
    (number) => {
      expect(isNumber18(number)).toBe(false);
    },
  );

  test("needs 17 digits for its check character", () => {
    expect(checkCharacter18("1101051949123100")).toBeUndefined();
    expect(checkCharacter18("11010519491231002")).toBe("X");
  });
});

test.each([
  ["PAK310080010103", true],
  ["PAK310080010104", false],
  ["pak310080010103", false],
  ["PAK31008001010", false],
  ["PAK310080130106", false],
  ["PAK310081022908", false],
])("the 2017 number %s: %s", (number, valid) => {
  expect(isNumber15(number)).toBe(valid);
});

test("a 2023 number leads to the 2017 one by its link", () => {
  // Birth and province come from the new number; region, sequence and check from the link.
  expect(formerNumber("PAK", "931586198001010028", "000")).toBe("PAK310080010103");
  expect(formerNumber("586", "931586198001010028", "000")).toBeUndefined();
  expect(formerNumber("PAK", "931586198001010028", "")).toBeUndefined();
});

test.each([
  ["01", "汉"],
  ["05", "维吾尔"],
  ["10", "朝鲜"],
  ["46", "德昂"],
  ["56", "基诺"],
  ["97", "其他"],
  ["98", "外国血统中国籍人士"],
  ["00", undefined],
  ["57", undefined],
  ["1", undefined],
])("nation code %s is %s", (code, name) => {
  expect(nationName(code)).toBe(name);
});
