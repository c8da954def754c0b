/** What the camera stops for, what the verifier recognises: every format by its samples. */
import { describe, expect, it } from "vitest";
import { wantedBy } from "../../../hal/drivers/code-reader/decode/wanted.ts";
import { classify } from "../../../src/credential/classify.ts";
import { FORMATS } from "../../../src/credential/formats/index.ts";
import { CREDENTIAL_SHAPES } from "../../../src/credential/shapes.ts";
import { samplesOf } from "./formats/samples.ts";

const isWanted = wantedBy(CREDENTIAL_SHAPES);

describe.each(FORMATS)("$name", async (format) => {
  const { recognised, wrongPrefix = [] } = await samplesOf(format);

  it("has texts to be recognised by, or none where it is read from cards", () => {
    expect(recognised.length > 0).toBe(format.code !== undefined);
  });

  it("recognises its own texts, which no other format does, and the camera stops for them", () => {
    for (const text of [...recognised, ...wrongPrefix]) {
      const found = FORMATS.filter(({ code }) => code?.recognise(text) !== undefined);
      expect(found.map(({ name }) => name)).toEqual([format.name]);
      const recognition = recognised.includes(text) ? "recognised" : "wrong-prefix";
      expect(classify(text)).toMatchObject({ format, recognition });
      expect(isWanted(text)).toBe(true);
    }
  });
});

describe("what is no credential", () => {
  it.each([
    "",
    "https://example.org/venue/12345",
    "https://pay.example/c?amount=12",
    "WIFI:T:WPA;S:guest;P:secret;;",
    "BEGIN:VCARD",
    "4006381333931",
    "HEALTH",
    "01234567890123456789",
    "supercalifragilisticexpialidocious",
    '{"data":{}}',
    "健康码",
  ])("is of no format, and the camera does not stop for it: %s", (text) => {
    expect(classify(text)).toBeUndefined();
    expect(isWanted(text)).toBe(false);
  });
});
