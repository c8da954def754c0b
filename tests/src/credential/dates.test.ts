/** A date that does not exist is refused where it stands, in every format. */
import { describe, expect, it } from "vitest";
import { cardJws, cardPayload, cardText, cardTrust } from "./formats/smart-health-card/samples.ts";
import { asMaps } from "./makers.ts";
import { SEAL_DATA, SEAL_NOW, sealText, sealTrust } from "./formats/vds-nc/samples.ts";
import { nzPayload, nzText, nzTrust } from "./formats/nz-covid-pass/samples.ts";
import { instant, NOW, verifierOf } from "./passes.ts";

const violation = (path: string) => [{ code: "schema-violation", params: { path } }];

describe("a SMART Health Card", () => {
  const reasonsOf = async (resource: Record<string, unknown>) => {
    const fhirBundle = { resourceType: "Bundle", entry: [{ resource }] };
    const vc = {
      type: ["https://smarthealth.cards#health-card"],
      credentialSubject: { fhirVersion: "4.0.1", fhirBundle },
    };
    const text = cardText(await cardJws(cardPayload({ vc })));
    const verifier = verifierOf({ trust: cardTrust() });
    return (await verifier.code(Buffer.from(text), text, instant(NOW))).reasons;
  };
  const IMMUNIZATION = { resourceType: "Immunization", status: "completed" };
  const OBSERVATION = { resourceType: "Observation", status: "final" };
  const inBundle = (path: string) =>
    violation(`vc.credentialSubject.fhirBundle.entry.0.resource.${path}`);

  it.each<[string, Record<string, unknown>]>([
    ["occurrenceDateTime", { ...IMMUNIZATION, occurrenceDateTime: "2021-02-30" }],
    ["occurrenceDateTime", { ...IMMUNIZATION, occurrenceDateTime: "2021-04-31T10:00:00Z" }],
    ["occurrenceDateTime", { ...IMMUNIZATION, occurrenceDateTime: "0021-04-01" }],
    ["occurrenceDateTime", { ...IMMUNIZATION, occurrenceDateTime: "2021-13" }],
    ["effectiveDateTime", { ...OBSERVATION, effectiveDateTime: "2026-04-31T12:00:00Z" }],
    ["effectiveInstant", { ...OBSERVATION, effectiveInstant: "2026-05-01T24:00:00Z" }],
    ["effectivePeriod.start", { ...OBSERVATION, effectivePeriod: { start: "2026-02-29" } }],
    ["issued", { ...OBSERVATION, issued: "2026-06-30T23:59:60Z" }],
    ["birthDate", { resourceType: "Patient", birthDate: "1990-02-30" }],
    ["birthDate", { resourceType: "Patient", birthDate: "1990-13" }],
  ])("%s of %j", async (path, resource) => {
    expect(await reasonsOf(resource)).toEqual(inBundle(path));
  });

  it.each<Record<string, unknown>>([
    { ...IMMUNIZATION, occurrenceDateTime: "2021" },
    { ...IMMUNIZATION, occurrenceDateTime: "2021-02" },
    { ...IMMUNIZATION, occurrenceDateTime: "2024-02-29" },
    { ...OBSERVATION, effectiveDateTime: "2026-05-01T12:00:00+08:00" },
    { resourceType: "Patient", birthDate: "1990" },
  ])("takes %j", async (resource) => {
    expect(await reasonsOf(resource)).toEqual([]);
  });
});

describe("a NZ COVID Pass", () => {
  it.each(["1960-99-99", "1990-02-30", "1900-02-29", "0026-01-01", "1960-04-00"])(
    "born on %s",
    async (dob) => {
      const vc = asMaps({
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        version: "1.0.0",
        type: ["VerifiableCredential", "PublicCovidPass"],
        credentialSubject: { givenName: "Jack", familyName: "Sparrow", dob },
      });
      const text = nzText(nzPayload({ vc }));
      const { reasons } = await verifierOf({ trust: nzTrust() }).code(
        Buffer.from(text),
        text,
        instant(NOW),
      );
      expect(reasons).toEqual(violation("subject.dob"));
    },
  );
});

describe("an ICAO seal", () => {
  const reasonsOf = async (hdr: object, msg: object) => {
    const text = sealText({ hdr: { ...SEAL_DATA.hdr, ...hdr }, msg });
    const verifier = verifierOf({ trust: sealTrust() });
    return (await verifier.code(Buffer.from(text), text, instant(SEAL_NOW))).reasons;
  };
  const { ve, uvci, pid } = SEAL_DATA.msg;
  const test = { utci: "T1", pid, tr: { tc: "antigen", r: "negative" } };

  it.each(["2027-02-30T10:00:00Z", "2027-01-31T24:00:00Z", "0027-01-31", "yesterday"])(
    "of a test sampled on %s",
    async (sc) => {
      const found = await reasonsOf({ t: "icao.test" }, { ...test, dat: { sc } });
      expect(found).toEqual(violation("data.msg.dat.sc"));
    },
  );

  it("of a test reported on a day that does not exist", async () => {
    const dat = { sc: "2027-01-31T10:00:00Z", ri: "2027-02-30T10:00:00Z" };
    const found = await reasonsOf({ t: "icao.test" }, { ...test, dat });
    expect(found).toEqual(violation("data.msg.dat.ri"));
  });

  it.each(["2026-02-30", "2026-04-31", "0026-03-03", "2026-03-03T10:00:00Z"])(
    "of a dose on %s",
    async (dvc) => {
      const doses = [{ ...ve[0], vd: [{ dvc, seq: 1 }] }];
      const found = await reasonsOf({}, { uvci, pid, ve: doses });
      expect(found).toEqual(violation("data.msg.ve.0.vd.0.dvc"));
    },
  );

  it.each([
    ["1960-99-99", violation("data.msg.pid.dob")],
    ["1990-02-30", violation("data.msg.pid.dob")],
    ["0026-01-01", violation("data.msg.pid.dob")],
    ["1990-00-00", []],
    ["1990-01", []],
    ["", []],
  ])("of somebody born on %j", async (dob, expected) => {
    const found = await reasonsOf({}, { uvci, ve, pid: { ...pid, dob } });
    expect(found).toEqual(expected);
  });
});
