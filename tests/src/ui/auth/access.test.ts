import { request as httpRequest } from "node:http";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSystemClock } from "../../../../hal/linux/clock.ts";
import { startUiServer, type UiServer } from "../../../../src/ui/server.ts";
import { createStubUnit, STUB_VIEWS, type StubUnit } from "../support/stub-unit.ts";

const TOKEN = "a token of this test only";
const SECRET = "the secret of this test's own screen";
const DECISION = { verdict: "grant", visitRef: "visit-3", operator: "Lin", why: "known to me" };

let pagesDir: string;
let unit: StubUnit;
let server: UiServer;
const guessing: boolean[] = [];

beforeAll(async () => {
  pagesDir = mkdtempSync(join(tmpdir(), "sentinel-pages-"));
  writeFileSync(join(pagesDir, "index.html"), "<!doctype html>");
  unit = createStubUnit();
  server = await startUiServer({
    feed: unit,
    clock: createSystemClock(),
    pagesDir,
    operatorToken: TOKEN,
    screenSecret: SECRET,
    proxies: ["127.0.0.1"],
    allowedHosts: ["door.example"],
    onTokenGuessing: (active) => guessing.push(active),
  });
});
afterAll(async () => {
  await server.close();
  rmSync(pagesDir, { recursive: true });
});

interface Answer {
  status: number;
  body: string;
  /** `Set-Cookie`, as far as a browser gives it back. */
  cookie: string;
}

/** A request with any headers, `host` too, which fetch does not allow. Resolves with the first chunk. */
function ask(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: unknown } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const request = httpRequest(
      {
        host: "127.0.0.1",
        port: server.port,
        path,
        method: options.method ?? "GET",
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...options.headers,
        },
      },
      (response) => {
        response.once("data", (chunk: Buffer) => {
          const [cookie = ""] = response.headers["set-cookie"]?.[0]?.split(";") ?? [];
          resolve({ status: response.statusCode ?? 0, body: chunk.toString("utf8"), cookie });
          request.destroy();
        });
      },
    );
    request.once("error", reject);
    request.end(body);
  });
}

/** As the unit's proxy passes a request on from another machine. */
const FROM_AFAR = { "x-forwarded-for": "203.0.113.7" };

describe("who may see visits and decide", () => {
  it.each([
    ["this machine", {}],
    ["another machine", FROM_AFAR],
    ["a name of this machine", { host: "localhost" }],
    ["who says to be local", { "x-forwarded-for": "127.0.0.1", "x-real-ip": "127.0.0.1" }],
    ["who is forwarded in other words", { forwarded: "for=127.0.0.1", via: "1.1 proxy" }],
  ])("shows only the screen to %s", async (_who, headers) => {
    const { status, body } = await ask("/api/live?with=visits", { headers });
    expect(status).toBe(200);
    expect(body).toContain('"phase":"welcome"');
    expect(body).not.toContain("王**");
  });

  it("shows visits to the holder of the token, wherever they are", async () => {
    const headers = { ...FROM_AFAR, authorization: `Bearer ${TOKEN}` };
    expect((await ask("/api/live?with=visits", { headers })).body).toContain("王**");
  });

  it.each([
    ["no token", {}],
    ["a wrong token", { authorization: "Bearer another" }],
    ["an empty token", { authorization: "Bearer " }],
    ["the token in another scheme", { authorization: `Basic ${TOKEN}` }],
    ["no token on this machine", { "x-forwarded-for": "127.0.0.1" }],
  ])("takes no decision with %s", async (_what, headers) => {
    const options = { method: "POST", body: DECISION, headers: { ...FROM_AFAR, ...headers } };
    const { status, body } = await ask("/api/operator/decide", options);
    expect(status).toBe(403);
    expect(body).toContain("token");
    expect(unit.asked).toEqual([]);
  });

  it("keeps the camera's picture on the unit", async () => {
    expect((await ask("/api/aim", { headers: FROM_AFAR })).status).toBe(403);
  });

  it("takes a decision from afar with the token", async () => {
    const headers = { ...FROM_AFAR, authorization: `Bearer ${TOKEN}` };
    const answer = await ask("/api/operator/decide", { method: "POST", body: DECISION, headers });
    expect(answer.status).toBe(200);
    expect(unit.asked).toEqual([DECISION]);
  });
});

describe("staff at another screen", () => {
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    ask(path, { method: "POST", body, headers: { ...FROM_AFAR, ...headers } });
  const visits = (cookie: string): Promise<Answer> =>
    ask("/api/live?with=visits", { headers: { ...FROM_AFAR, cookie } });

  it("sign in with the token, see visits and decide, and sign out", async () => {
    const { status, cookie } = await post("/api/staff/sign-in", { token: TOKEN });
    expect([status, cookie]).toEqual([200, expect.stringMatching(/^sentinel-staff=[\w-]{43}$/)]);
    const beside = `theme=dark; ${cookie}; other=1`;
    expect((await visits(beside)).body).toMatch(/"signedIn":true.*王\*\*/);
    expect((await post("/api/operator/decide", DECISION, { cookie })).status).toBe(200);
    const out = await post("/api/staff/sign-out", {}, { cookie });
    expect([out.status, out.cookie]).toEqual([200, "sentinel-staff="]);
    expect((await visits(cookie)).body).not.toContain("王**");
    expect((await post("/api/operator/decide", DECISION, { cookie })).status).toBe(403);
  });

  it("who signed out see nothing more on a page that stands open", async () => {
    const { cookie } = await post("/api/staff/sign-in", { token: TOKEN });
    const headers = { ...FROM_AFAR, cookie };
    const stream = await fetch(`${server.url}api/live?with=visits`, { headers });
    const told: string[] = [];
    for await (const chunk of stream.body ?? []) {
      told.push(new TextDecoder().decode(chunk));
      if (told.length === 1) await post("/api/staff/sign-out", {}, { cookie });
      if (told.at(-1)?.includes('signedIn":false') === true) break;
    }
    expect(told[0]).toContain("王**");
    expect(told.at(-1)).toContain('"visits":[]');
  });

  it.each([
    ["a wrong token", { token: "another" }, 401],
    ["no token", {}, 400],
    ["an empty token", { token: "" }, 400],
    ["a token that is no text", { token: [TOKEN] }, 400],
  ])("are not signed in with %s", async (_what, body, status) => {
    const answer = await post("/api/staff/sign-in", body);
    expect([answer.status, answer.cookie]).toEqual([status, ""]);
  });

  it.each(["sentinel-staff=", "sentinel-staff=AAAA", "xsentinel-staff=1", "sentinel-staff"])(
    "are not known by the cookie %s",
    async (cookie) => {
      expect((await visits(cookie)).body).not.toContain("王**");
    },
  );

  it("are not signed in by another site's page", async () => {
    const headers = { "sec-fetch-site": "cross-site" };
    expect((await post("/api/staff/sign-in", { token: TOKEN }, headers)).status).toBe(403);
  });

  it("are told whether there is a token to sign in with", async () => {
    expect((await ask("/api/unit")).body).toContain('"staffToken":true');
  });
});

describe("the unit's own screen", () => {
  const open = (secret: string): Promise<Answer> =>
    ask("/api/screen/open", { method: "POST", body: { secret } });

  it("shows its secret once, and sees who stands there, but neither visits nor decides", async () => {
    const { status, cookie } = await open(SECRET);
    expect([status, cookie]).toEqual([200, expect.stringMatching(/^sentinel-screen=[\w-]{43}$/)]);
    unit.show(STUB_VIEWS.granted);
    const headers = { cookie };
    const { body } = await ask("/api/live?with=visits", { headers });
    unit.show(STUB_VIEWS.welcome);
    expect(body).toContain('"maskedName":"王**"');
    expect(body).not.toContain('"visits"');
    const decided = { method: "POST", body: DECISION, headers };
    expect((await ask("/api/operator/decide", decided)).status).toBe(403);
  });

  it("stays the unit's own when the unit starts again with the same secret", async () => {
    const { cookie } = await open(SECRET);
    const options = { feed: unit, clock: createSystemClock(), pagesDir, screenSecret: SECRET };
    const again = await startUiServer(options);
    try {
      const answer = await fetch(`${again.url}api/aim`, { headers: { cookie } });
      expect(answer.status).toBe(204);
    } finally {
      await again.close();
    }
  });

  it.each(["", "another", `${SECRET} `, SECRET.slice(1)])("is not who shows %j", async (secret) => {
    const answer = await open(secret);
    expect([answer.status >= 400, answer.cookie]).toEqual([true, ""]);
  });

  it.each(["sentinel-screen=", "sentinel-screen=AAAA", `sentinel-screen=${TOKEN}`])(
    "is not known by the cookie %s",
    async (cookie) => {
      expect((await ask("/api/aim", { headers: { cookie } })).status).toBe(403);
    },
  );

  it("does not exist for a unit without a secret", async () => {
    const bare = await startUiServer({ feed: unit, clock: createSystemClock(), pagesDir });
    try {
      const body = JSON.stringify({ secret: "undefined" });
      const headers = { "content-type": "application/json" };
      const opened = await fetch(`${bare.url}api/screen/open`, { method: "POST", body, headers });
      expect(opened.status).toBe(401);
    } finally {
      await bare.close();
    }
  });
});

describe("whoever guesses the token", () => {
  const asked = (address: string, token: string): Promise<Answer> =>
    ask("/api/operator/decide", {
      method: "POST",
      body: DECISION,
      headers: { "x-forwarded-for": address, authorization: `Bearer ${token}` },
    });

  it("is not listened to any more, though the sixth be right, and staff are told", async () => {
    for (let time = 1; time <= 5; time++) {
      expect((await asked("198.51.100.1", `guess number ${time}`)).status).toBe(403);
    }
    expect(guessing).toEqual([true]);
    const { status, body } = await asked("198.51.100.1", TOKEN);
    expect([status, body]).toEqual([429, expect.stringMatching(/try again in \d+ s/)]);
    // Neither does a name of their own making help, nor another page that takes tokens.
    expect((await asked("203.0.113.9, 198.51.100.1", TOKEN)).status).toBe(429);
    const headers = { "x-forwarded-for": "198.51.100.1", authorization: `Bearer ${TOKEN}` };
    expect((await ask("/api/live?with=visits", { headers })).status).toBe(429);
    const signIn = { method: "POST", body: { token: TOKEN }, headers };
    expect((await ask("/api/staff/sign-in", signIn)).status).toBe(429);
  });

  it("by signing in is not listened to either", async () => {
    const signIn = (token: string): Promise<Answer> =>
      ask("/api/staff/sign-in", {
        method: "POST",
        body: { token },
        headers: { "x-forwarded-for": "198.51.100.77" },
      });
    for (let time = 1; time <= 5; time++) expect((await signIn("a guess")).status).toBe(401);
    expect((await signIn(TOKEN)).status).toBe(429);
  });

  it("locks out nobody else: not staff elsewhere, not the unit's own screen, not monitoring", async () => {
    expect((await asked("198.51.100.2", TOKEN)).status).toBe(200);
    const { cookie } = await ask("/api/screen/open", {
      method: "POST",
      body: { secret: SECRET },
      headers: { "x-forwarded-for": "198.51.100.1" },
    });
    expect((await fetch(`${server.url}api/aim`, { headers: { cookie } })).status).toBe(204);
    const headers = { "x-forwarded-for": "198.51.100.1" };
    expect((await ask("/api/unit", { headers })).status).toBe(200);
    expect((await ask("/api/live", { headers })).status).toBe(200);
  });
});

describe("the name the unit is asked under", () => {
  it.each(["127.0.0.1", "localhost:80", "[::1]:80", "192.0.2.9:8080", "door.example"])(
    "answers to %s",
    async (host) => {
      expect((await ask("/api/unit", { headers: { host } })).status).toBe(200);
    },
  );

  it.each(["attacker.example", "127.0.0.1.attacker.example", "door.example.attacker.example"])(
    "does not answer to %s, which somebody's DNS could point here",
    async (host) => {
      const { status, body } = await ask("/api/unit", { headers: { host } });
      expect(status).toBe(403);
      expect(body).toContain("allowed hosts");
    },
  );

  it("refuses a request that the browser says comes from another site", async () => {
    const headers = { "sec-fetch-site": "cross-site" };
    const answer = await ask("/api/operator/decide", { method: "POST", body: DECISION, headers });
    expect(answer.status).toBe(403);
  });
});
