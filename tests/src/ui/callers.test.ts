import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSystemClock } from "../../../hal/linux/clock.ts";
import { startUiServer, type UiServer } from "../../../src/ui/server.ts";
import { createStubDoorway } from "./support/stub-doorway.ts";
import { createStubUnit, STUB_VIEWS, type StubUnit } from "./support/stub-unit.ts";

const TOKEN = "a token of this test only";
const SECRET = "the secret of this test's own screen";
const CALLERS = ["stranger", "kiosk", "staff"] as const;
type Caller = (typeof CALLERS)[number];

let pagesDir: string;
let unit: StubUnit;
let server: UiServer;
const headersOf: Record<Caller, Record<string, string>> = { stranger: {}, kiosk: {}, staff: {} };

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(server.url + path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...headers },
  });

async function cookieOf(path: string, body: unknown): Promise<string> {
  const response = await post(path, body);
  return response.headers.get("set-cookie")?.split(";")[0] ?? "";
}

beforeAll(async () => {
  pagesDir = mkdtempSync(join(tmpdir(), "sentinel-pages-"));
  writeFileSync(join(pagesDir, "index.html"), "<!doctype html>");
  unit = createStubUnit();
  server = await startUiServer({
    feed: { ...unit, cameraFrame: () => createStubDoorway(unit).frame() },
    clock: createSystemClock(),
    pagesDir,
    operatorToken: TOKEN,
    screenSecret: SECRET,
    health: {
      alive: () => Promise.resolve({ ok: true, parts: [] }),
      ready: () => Promise.resolve({ ok: true, parts: [] }),
      metrics: () => Promise.resolve({ contentType: "text/plain", text: "up 1\n" }),
    },
  });
  headersOf.kiosk = { cookie: await cookieOf("api/screen/open", { secret: SECRET }) };
  headersOf.staff = { cookie: await cookieOf("api/staff/sign-in", { token: TOKEN }) };
});
afterAll(async () => {
  await server.close();
  rmSync(pagesDir, { recursive: true });
});

/** Each route of a real unit, with the status of the answer to a stranger, the kiosk and staff. */
const ROUTES: Readonly<Record<string, readonly [number, number, number]>> = {
  "GET /": [302, 302, 302],
  "GET /kiosk": [200, 200, 200],
  "GET /staff": [200, 200, 200],
  "GET /healthz": [200, 200, 200],
  "GET /readyz": [200, 200, 200],
  "GET /metrics": [200, 200, 200],
  "GET /api/unit": [200, 200, 200],
  "GET /api/live": [200, 200, 200],
  "GET /api/aim": [403, 200, 200],
  "POST /api/operator/decide": [403, 403, 200],
  "POST /api/screen/open": [400, 400, 400],
  "POST /api/staff/sign-in": [400, 400, 400],
  "POST /api/staff/sign-out": [200, 200, 200],
};

const DECISION = { verdict: "grant", visitRef: "visit-3", operator: "Lin", why: "known to me" };

async function statusOf(route: string, caller: Caller): Promise<number> {
  const [method = "", path = ""] = route.split(" ");
  const body = route.endsWith("/decide") ? DECISION : {};
  const response = await fetch(new URL(path, server.url), {
    method,
    redirect: "manual",
    headers: { "content-type": "application/json", ...headersOf[caller] },
    ...(method === "POST" ? { body: JSON.stringify(body) } : {}),
  });
  await response.body?.cancel();
  return response.status;
}

/** The first message of the live stream. */
async function firstSeen(caller: Caller): Promise<string> {
  const response = await fetch(`${server.url}api/live?with=visits,doorway`, {
    headers: headersOf[caller],
  });
  for await (const chunk of response.body ?? []) {
    return Buffer.from(chunk as Uint8Array).toString("utf8");
  }
  return "";
}

describe("who may ask a unit for what", () => {
  it("is decided here for every route there is", () => {
    const pages = /^(GET|HEAD) \/\*$/;
    const routes = server.routes.filter((each) => !each.startsWith("HEAD ") && !pages.test(each));
    expect(routes.toSorted()).toEqual(Object.keys(ROUTES).toSorted());
  });

  it("stands for every route in the documentation", () => {
    const documented = readFileSync("docs/operators/security.md", "utf8");
    const missing = Object.keys(ROUTES).filter((route) => {
      const [, path = ""] = route.split(" ");
      return !documented.includes(`\`${path}\``);
    });
    expect(missing).toEqual([]);
  });

  it.each(Object.entries(ROUTES))("%s answers %j", async (route, expected) => {
    const [stranger, kiosk] = [await statusOf(route, "stranger"), await statusOf(route, "kiosk")];
    // Signing out ends the session that the other routes need.
    const staff = route.endsWith("/sign-out") ? 200 : await statusOf(route, "staff");
    expect([stranger, kiosk, staff]).toEqual(expected);
  });
});

describe("what the live stream says", () => {
  const PERSONAL =
    /maskedName|王|visitRef|visit-\d|credentialKind|outcome|temperatureC|"code":|"ruleId":|"visits"|"openings"|"hint"/;

  it.each(Object.entries(STUB_VIEWS))("to strangers of nobody, at %s", async (_name, view) => {
    unit.show(view);
    const seen = await firstSeen("stranger");
    expect(seen).toContain(`"phase":"${view.phase}"`);
    expect(seen).not.toMatch(PERSONAL);
    expect(seen).toMatch(/"alarms":\[\]/);
  });

  it("to the kiosk of who stands there, and not of who came", async () => {
    unit.show(STUB_VIEWS.granted);
    const seen = await firstSeen("kiosk");
    expect(seen).toContain('"maskedName":"王**"');
    expect(seen).not.toContain('"visits"');
  });

  it("to staff of both, while their session lasts", async () => {
    unit.show(STUB_VIEWS.granted);
    expect(await firstSeen("staff")).toMatch(/"maskedName":"王\*\*".*"visits":\[\{/);
    const cookie = await cookieOf("api/staff/sign-in", { token: TOKEN });
    const response = await fetch(`${server.url}api/live?with=visits`, { headers: { cookie } });
    let last = "";
    let begun = false;
    for await (const chunk of response.body ?? []) {
      last = Buffer.from(chunk as Uint8Array).toString("utf8");
      if (!begun) await post("api/staff/sign-out", {}, { cookie });
      begun = true;
      if (last.includes('"signedIn":false')) break;
    }
    expect(last).toContain('"visits":[]');
    expect(last).not.toContain("王");
  });
});
