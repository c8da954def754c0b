/** What an ICAO seal says: against what, how many doses by which dose number, which result of which test. */
import { describe, expect, it } from "vitest";
import { SEAL_DATA, SEAL_NOW, sealText, sealTrust } from "./samples.ts";
import { instant, verifierOf } from "../../passes.ts";

async function evidenceOf(data: unknown) {
  const text = sealText(data);
  const verifier = verifierOf({ trust: sealTrust() });
  const credential = await verifier.code(Buffer.from(text), text, instant(SEAL_NOW));
  expect(credential.reasons).toEqual([]);
  return credential.evidence;
}

interface Vaccine {
  des?: string;
  nam?: string;
  dis?: unknown;
  doses: readonly (readonly [day: string, seq: number])[];
}

async function counted(...vaccines: Vaccine[]): Promise<string[]> {
  const ve = vaccines.map(({ des = "XM68M6", nam = "Comirnaty", doses, ...rest }) => ({
    des,
    nam,
    ...("dis" in rest ? (rest.dis === undefined ? {} : rest) : { dis: "RA01.0" }),
    vd: doses.map(([dvc, seq]) => ({ dvc, seq, ctr: "UTO", adm: "RIVM" })),
  }));
  const evidence = await evidenceOf({ ...SEAL_DATA, msg: { ...SEAL_DATA.msg, ve } });
  return evidence.map((piece) =>
    piece.kind === "vaccination" ? `${piece.disease} ${piece.doses}` : piece.kind,
  );
}

describe("what a seal's vaccine is against", () => {
  const doses = [["2026-03-03", 1]] as const;
  it.each<[string, Vaccine, string]>([
    ["RA01", { dis: "RA01", doses }, "covid-19"],
    ["RA01.0", { dis: "RA01.0", doses }, "covid-19"],
    ["RA01.1", { dis: "RA01.1", doses }, "covid-19"],
    ["U07.1", { dis: "U07.1", doses }, "covid-19"],
    ["a small letter and a blank", { dis: " ra01.0", doses }, "covid-19"],
    ["nothing, its vaccine COVID-19's", { dis: undefined, doses }, "covid-19"],
    ["nothing, its vaccine unknown", { dis: undefined, des: "XM0000", doses }, "unknown"],
    ["influenza", { dis: "1E32", des: "XM0000", doses }, "icd:1E32"],
    ["yellow fever", { dis: "1D47", des: "XM3418", doses }, "icd:1D47"],
    ["influenza with a vaccine of COVID-19", { dis: "1E32", doses }, "unknown"],
    ["no code", { dis: "?", des: "XM0000", doses }, "unknown"],
    ["no text", { dis: 7, des: "XM0000", doses }, "unknown"],
  ])("%s", async (_name, vaccine, disease) => {
    expect(await counted(vaccine)).toEqual([`${disease} 1`]);
  });
});

describe("a seal's doses", () => {
  it.each<[string, Vaccine[], string[]]>([
    [
      "two",
      [
        {
          doses: [
            ["2026-03-03", 1],
            ["2026-03-24", 2],
          ],
        },
      ],
      ["covid-19 2"],
    ],
    [
      "one, written twice",
      [
        {
          doses: [
            ["2026-03-03", 1],
            ["2026-03-03", 1],
          ],
        },
      ],
      ["covid-19 1"],
    ],
    [
      "one day under two numbers",
      [
        {
          doses: [
            ["2026-03-03", 1],
            ["2026-03-03", 2],
          ],
        },
      ],
      ["covid-19 1"],
    ],
    ["the third alone", [{ doses: [["2026-03-03", 3]] }], ["covid-19 3"]],
    ["the twelfth alone", [{ doses: [["2026-03-03", 12]] }], ["covid-19 12"]],
    ["the thirteenth alone", [{ doses: [["2026-03-03", 13]] }], ["covid-19 1"]],
    ["number 99", [{ doses: [["2026-03-03", 99]] }], ["covid-19 1"]],
    [
      "number 99 after two",
      [
        {
          doses: [
            ["2026-03-03", 1],
            ["2026-03-24", 2],
            ["2026-04-24", 99],
          ],
        },
      ],
      ["covid-19 3"],
    ],
    [
      "one each of two products",
      [{ doses: [["2026-03-03", 1]] }, { nam: "Spikevax", doses: [["2026-04-03", 1]] }],
      ["covid-19 2"],
    ],
    [
      "COVID-19 and influenza",
      [{ doses: [["2026-03-03", 1]] }, { dis: "1E32", des: "XM0000", doses: [["2026-04-03", 2]] }],
      ["covid-19 1", "icd:1E32 2"],
    ],
    [
      "influenza and yellow fever",
      [
        { dis: "1E32", des: "X", doses: [["2026-03-03", 1]] },
        { dis: "1D47", des: "Y", doses: [["2026-04-03", 1]] },
      ],
      ["icd:1E32 1", "icd:1D47 1"],
    ],
  ])("%s", async (_name, vaccines, expected) => {
    expect(await counted(...vaccines)).toEqual(expected);
  });
});

describe("a seal's test", () => {
  const { uvci: _uvci, ve: _ve, ...msg } = SEAL_DATA.msg;

  it("of which only the day is known may be of its end", async () => {
    const data = {
      hdr: { ...SEAL_DATA.hdr, t: "icao.test" },
      msg: { ...msg, utci: "T1", dat: { sc: "2027-01-31" }, tr: { tc: "antigen", r: "positive" } },
    };
    expect(await evidenceOf(data)).toMatchObject([
      {
        sampledAtMs: Date.parse("2027-01-31"),
        sampledUntilMs: Date.parse("2027-01-31T23:59:59.999Z"),
      },
    ]);
  });

  it.each([
    [
      "molecular(PCR)",
      "negative",
      [{ kind: "nucleic-acid-test", disease: "covid-19", result: "negative" }],
    ],
    ["molecular(PCR)", "Positive ", [{ kind: "nucleic-acid-test", result: "positive" }]],
    ["molecular(other)", "weakly positive", [{ kind: "nucleic-acid-test", result: "unknown" }]],
    ["antigen", "", [{ kind: "antigen-test", result: "unknown" }]],
    ["antigen", "constructor", [{ kind: "antigen-test", result: "unknown" }]],
    [
      "breath",
      "positive",
      [{ kind: "other-test", disease: "covid-19", result: "positive", test: "breath" }],
    ],
    ["antibody", "positive", []],
  ])("%s, %s", async (tc, r, expected) => {
    const data = {
      hdr: { ...SEAL_DATA.hdr, t: "icao.test" },
      msg: { ...msg, utci: "T1", dat: { sc: "2027-01-31T10:00:00Z" }, tr: { tc, r } },
    };
    expect(await evidenceOf(data)).toMatchObject(expected);
  });
});
