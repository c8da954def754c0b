import { describe, expect, it } from "vitest";
import { parseTextBlock } from "../../../hal/drivers/card-reader/sdt/card-content.ts";
import { encodeCard } from "../../../sim/chips/sam-v.ts";
import { cardOf, makePerson } from "../../../sim/actors/people.ts";
import { createRandom } from "../../../sim/kernel/random.ts";

/** What a card is read as; the two designs of a foreigner's card are one document. */
const TYPES = [
  ["citizen", { document: "resident-id" }],
  ["hong-kong-macau-taiwan-permit", { document: "residence-permit" }],
  ["foreigner-2017", { document: "foreign-permanent-resident", design: 2017 }],
  ["foreigner-2023", { document: "foreign-permanent-resident", design: 2023 }],
] as const;

describe("made-up people", () => {
  it.each(TYPES)("carry %s cards that the reader's driver accepts", (cardType, document) => {
    for (let seed = 0; seed < 200; seed++) {
      const person = makePerson(createRandom(seed), { cardType });
      const content = parseTextBlock(encodeCard(cardOf(person)));
      expect(content, `seed ${seed}`).toMatchObject({
        ...document,
        number: person.number,
        birth: person.birth,
        sex: person.sex,
      });
    }
  });

  it.each([
    ["11010519491231002X", "female", 1949],
    ["440524188001010014", "male", 1880],
  ])("of a given number %s are %s, born in %i", (number, sex, year) => {
    const person = makePerson(createRandom(1), { number });
    expect(person).toMatchObject({ number, sex, birth: { year } });
  });

  it("are the same for the same seed, and others for another", () => {
    expect(makePerson(createRandom(4))).toEqual(makePerson(createRandom(4)));
    expect(makePerson(createRandom(4))).not.toEqual(makePerson(createRandom(5)));
  });
});
