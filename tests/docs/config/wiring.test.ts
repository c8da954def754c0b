/** The wiring table is what the registered drivers say of their wiring. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import {
  tableIn,
  WIRING_PAGE,
  wiringTable,
  withWiringTable,
} from "../../../docs/generate/config/wiring.ts";

const page = readFileSync(WIRING_PAGE, "utf8");

it("the wiring table is current (npm run docs:config)", () => {
  expect(tableIn(page)).toEqual(wiringTable());
});

it("a table that is out of date is replaced, and nothing else of the page", () => {
  const old = page.replace("lock relay (input of its driver)", "lock");
  const renewed = withWiringTable(old);
  expect(tableIn(old)).not.toEqual(wiringTable());
  expect(tableIn(renewed)).toEqual(wiringTable());
  const [before, after] = page.split("## What locks");
  expect(renewed.endsWith(`## What locks${after}`)).toBe(true);
  expect(renewed.startsWith(before?.slice(0, before.indexOf("|")) ?? "")).toBe(true);
});
