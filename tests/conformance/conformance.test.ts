/** Conformance as a test: every published vector as expected, or excepted with a reason. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { checkAll } from "./check.ts";
import { corporaFolder } from "./corpora.ts";
import { report, unexplained } from "./report.ts";

const folder = corporaFolder();
const inCi = process.env["CI"] !== undefined && process.env["CI"] !== "";

describe("conformance", () => {
  it.runIf(folder === undefined)("needs the public test data, which CI must have", () => {
    console.warn("conformance: no test data; set SENTINEL_CORPORA to the folder of the corpora");
    expect(inCi).toBe(false);
  });

  it.runIf(folder !== undefined)("every vector is as expected or excepted by name", async () => {
    const outcomes = await checkAll(folder ?? "");
    expect(unexplained(outcomes)).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(1_000);
    expect(report(outcomes)).toBe(readFileSync("docs/developers/conformance.md", "utf8"));
  });
});
