import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openDemoSession, type DemoSession } from "../../../sim/demo/session.ts";
import { createRandom } from "../../../sim/kernel/random.ts";
import { startUiServer } from "../../../src/ui/server.ts";

let folder: string;
let stage: DemoSession;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "guessing-"));
  stage = await openDemoSession({
    random: createRandom(3),
    folder,
    unitId: "unit-sim",
    venueName: { zh: "药房", en: "Pharmacy" },
    servePages: (services) => startUiServer({ ...services, operatorToken: "the right token" }),
  });
  await stage.doorway.start();
}, 60_000);

afterEach(async () => {
  await stage.dispose();
  await rm(folder, { recursive: true, force: true });
});

it("raises an alarm at the simulated door while the staff token is being guessed", async () => {
  const url = stage.doorway.unit().url() ?? "";
  const kinds = (): string[] => stage.doorway.view().alarms.map(({ kind }) => kind);
  expect(kinds()).not.toContain("token-guessing");
  for (let guess = 0; guess < 6; guess++) {
    const response = await fetch(new URL("api/staff/sign-in", url), {
      method: "POST",
      headers: { "content-type": "application/json", origin: new URL(url).origin },
      body: JSON.stringify({ token: `a guess, number ${guess}` }),
    });
    expect([401, 429]).toContain(response.status);
  }
  expect(kinds()).toContain("token-guessing");
});
