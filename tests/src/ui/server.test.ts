import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { OperatorRefusal } from "../../../src/core/authority/answer.ts";
import { createSystemClock } from "../../../hal/linux/clock.ts";
import { doorwayExtension } from "../../../sim/demo/routes.ts";
import { startUiServer, type UiServer } from "../../../src/ui/server.ts";
import { openEvents } from "./support/events.ts";
import { createStubDoorway, type StubDoorway } from "./support/stub-doorway.ts";
import { createStubUnit, STUB_VIEWS, type StubUnit } from "./support/stub-unit.ts";

const clock = createSystemClock();
let unit: StubUnit;
let doorway: StubDoorway;
let server: UiServer;
let pagesDir: string;

beforeEach(async () => {
  pagesDir = mkdtempSync(join(tmpdir(), "sentinel-pages-"));
  writeFileSync(join(pagesDir, "index.html"), "<!doctype html><title>pages</title>");
  unit = createStubUnit();
  doorway = createStubDoorway(unit);
  server = await startUiServer({
    feed: unit,
    extension: doorwayExtension(doorway, unit),
    clock,
    pagesDir,
  });
});

afterEach(async () => {
  await server.close();
  rmSync(pagesDir, { recursive: true });
});

const get = (path: string): Promise<Response> => fetch(new URL(path, server.url));

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(new URL(path, server.url), {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

const problemOf = async (response: Response): Promise<string> =>
  String(((await response.json()) as { error?: unknown }).error);

describe("pages", () => {
  it.each(["/kiosk", "/staff", "/doorway"])("serves %s", async (path) => {
    const response = await get(path);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain("<title>pages</title>");
  });

  it("opens on the doorway where there is one", async () => {
    expect((await get("/")).url).toMatch(/\/doorway$/);
  });

  it("opens on the kiosk of a real unit, which has no doorway page and no doorway routes", async () => {
    const real = await startUiServer({ feed: unit, clock, pagesDir });
    try {
      expect((await fetch(real.url)).url).toMatch(/\/kiosk$/);
      const paths = ["doorway", "api/doorway", "api/doorway/frame", "api/doorway/present/green"];
      const answers = paths.map(async (path) => (await fetch(real.url + path)).status);
      expect(await Promise.all(answers)).toEqual([404, 404, 404, 404]);
    } finally {
      await real.close();
    }
  });

  it("says how to build the pages when they are not there", async () => {
    const empty = join(pagesDir, "nothing");
    await expect(startUiServer({ feed: unit, clock, pagesDir: empty })).rejects.toThrow(
      /build:pages/,
    );
  });

  it.each(["/../package.json", "/%2e%2e/package.json", "/..%2fpackage.json", "/server.ts"])(
    "serves nothing outside its folder: %s",
    async (path) => {
      expect((await get(path)).status).toBeGreaterThanOrEqual(400);
    },
  );

  it("forbids inline scripts, other origins, framing and guessing of types", async () => {
    const { headers } = await get("/kiosk");
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy).toMatch(/default-src '(self|none)'/);
    expect(policy).not.toMatch(/script-src[^;]*unsafe/);
    expect(policy).toMatch(/frame-ancestors '(self|none)'/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
  });
});

describe("the live stream", () => {
  it("starts with the present state and follows every change", async () => {
    const events = await openEvents(new URL("/api/live", server.url));
    try {
      expect(await events.next((data) => phaseOf(data) === "welcome")).toBeDefined();
      unit.show(STUB_VIEWS.granted);
      expect(await events.next((data) => phaseOf(data) === "granted")).toBeDefined();
    } finally {
      await events.close();
    }
  });

  it("beats while nothing happens, so that silence means something", async () => {
    const events = await openEvents(new URL("/api/live", server.url));
    try {
      await events.next(() => true);
      expect(await events.next(() => true)).toEqual({});
      expect(await events.next(() => true)).toEqual({});
    } finally {
      await events.close();
    }
  });

  it("merges a burst and ends with its last state", async () => {
    const events = await openEvents(new URL("/api/live", server.url));
    try {
      await events.next(() => true);
      const before = events.received();
      for (let temperatureC = 1; temperatureC <= 500; temperatureC++) {
        unit.show({ ...STUB_VIEWS.granted, temperatureC });
      }
      await events.next((data) => (data as Live).view?.temperatureC === 500);
      expect(events.received() - before).toBeLessThan(10);
    } finally {
      await events.close();
    }
  });

  it("stops listening when the page goes away", async () => {
    const before = unit.listeners();
    const events = await openEvents(new URL("/api/live", server.url));
    await events.next(() => true);
    expect(unit.listeners()).toBe(before + 1);
    await events.close();
    await expect.poll(() => unit.listeners()).toBe(before);
  });
});

interface Live {
  view?: { phase?: string; temperatureC?: number };
}

const phaseOf = (data: unknown): string | undefined => (data as Live).view?.phase;

describe("staff", () => {
  const request = { verdict: "grant", visitRef: "visit-3", operator: "Lin", why: "known to me" };

  it("lets staff decide with a name and a reason", async () => {
    const response = await post("/api/operator/decide", request);
    expect(response.status).toBe(200);
    expect(unit.asked).toEqual([request]);
  });

  it.each([
    ["no name", { ...request, operator: " " }, /operator/],
    ["no reason", { ...request, why: "" }, /why/],
    ["an unknown verdict", { ...request, verdict: "maybe" }, /verdict/],
    ["something else beside it", { ...request, extra: 1 }, /extra/],
    ["a name too long", { ...request, operator: "x".repeat(200) }, /operator/],
  ])("refuses %s and says what is wrong", async (_what, body, complaint) => {
    const response = await post("/api/operator/decide", body);
    expect(response.status).toBe(400);
    expect(await problemOf(response)).toMatch(complaint);
    expect(unit.asked).toEqual([]);
  });

  it.each([
    ["nothing", ""],
    ["text that is no JSON", "{"],
    ["a list", "[]"],
  ])("refuses %s", async (_what, body) => {
    const response = await post("/api/operator/decide", body);
    expect(response.status).toBe(400);
    expect(await problemOf(response)).not.toBe("undefined");
  });

  it("refuses a body that is too large", async () => {
    const response = await post("/api/operator/decide", { ...request, why: "x".repeat(100_000) });
    expect(response.status).toBe(413);
  });

  it.each<[string, OperatorRefusal, RegExp]>([
    ["decided", { done: false, code: "already-decided", by: "Wang" }, /decided already by Wang/],
    [
      "a red code",
      { done: false, code: "confirm-needed", confirm: ["code-red"] },
      /second step.*code-red/,
    ],
    ["over", { done: false, code: "visit-over" }, /visit is over/],
  ])("passes on why the unit refuses, as a code and in words: %s", async (_what, said, words) => {
    unit.refuseStaff(said);
    const response = await post("/api/operator/decide", request);
    expect(response.status).toBe(409);
    const answer = await response.json();
    expect(answer).toMatchObject(said);
    expect(answer).toMatchObject({ error: expect.stringMatching(words) });
  });

  it("opens without a visit only where that is said", async () => {
    const { visitRef: _about, ...unsaid } = request;
    const response = await post("/api/operator/decide", unsaid);
    expect(response.status).toBe(400);
    expect(await problemOf(response)).toMatch(/withoutVisit/);
    expect((await post("/api/operator/decide", { ...unsaid, withoutVisit: true })).status).toBe(
      200,
    );
    expect(unit.asked).toEqual([unsaid]);
    const both = await post("/api/operator/decide", { ...request, withoutVisit: true });
    expect(both.status).toBe(400);
  });

  it("carries a decision out once, however often it is sent again", async () => {
    const named = { ...request, requestId: "once-and-again" };
    const decide = (body: unknown) => post("/api/operator/decide", body);
    const both = await Promise.all([decide(named), decide(named)]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect((await decide(named)).status).toBe(200);
    expect(unit.asked).toEqual([request]);
    const other = await decide({ ...named, visitRef: "another" });
    expect(other.status).toBe(400);
    expect(await problemOf(other)).toMatch(/requestId/);
  });

  it("tries a decision again that was refused", async () => {
    const named = { ...request, requestId: "once-and-again" };
    unit.refuseStaff({ done: false, code: "not-recorded" });
    expect((await post("/api/operator/decide", named)).status).toBe(409);
    unit.refuseStaff({ done: false, code: "gate-failed" });
    const again = await post("/api/operator/decide", named);
    expect(await again.json()).toMatchObject({ code: "gate-failed" });
  });

  it("takes what a second step overrules, and no findings that do not exist", async () => {
    const confirmed = { ...request, confirm: ["code-red"] };
    expect((await post("/api/operator/decide", confirmed)).status).toBe(200);
    expect(unit.asked).toEqual([confirmed]);
    const made = await post("/api/operator/decide", { ...request, confirm: ["code-blue"] });
    expect(made.status).toBe(400);
    expect(await problemOf(made)).toMatch(/confirm/);
  });

  it.each([
    ["another origin", { origin: "http://elsewhere.example" }],
    ["a sandboxed page", { origin: "null" }],
  ])("refuses a request from %s", async (_what, headers) => {
    const response = await post("/api/operator/decide", request, headers);
    expect(response.status).toBe(403);
    expect(unit.asked).toEqual([]);
  });

  it("accepts a request from its own page", async () => {
    const { origin } = new URL(server.url);
    expect((await post("/api/operator/decide", request, { origin })).status).toBe(200);
  });

  it("refuses a form's content types, which a browser sends without asking", async () => {
    const response = await post("/api/operator/decide", JSON.stringify(request), {
      "content-type": "text/plain",
    });
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(unit.asked).toEqual([]);
  });
});
