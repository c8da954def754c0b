import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { startUiServer, type UiServer } from "../../src/ui/server.ts";
import { createStubUnit, STUB_VIEWS, type StubUnit } from "../src/ui/support/stub-unit.ts";
import { createAuthority } from "../support/certificates.ts";
import { freePort } from "../support/mosquitto.ts";
import { listens, startNginx, type Nginx } from "../support/nginx.ts";

const TOKEN = "a token of this test only";
const DECISION = { verdict: "grant", visitRef: "visit-3", operator: "Lin", why: "known to me" };
const PERSONAL = /王|maskedName|visitRef|temperatureC|"visits"/;

let folder: string;
let unit: StubUnit;
let server: UiServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sentinel-proxy-"));
  writeFileSync(join(folder, "index.html"), "<!doctype html>");
  unit = createStubUnit();
  unit.show(STUB_VIEWS.granted);
  server = await startUiServer({
    feed: unit,
    clock: createSystemClock(),
    pagesDir: folder,
    operatorToken: TOKEN,
    screenSecret: "the secret of this test's own screen",
    proxies: ["127.0.0.1"],
    allowedHosts: ["door.example"],
  });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** The first message of a live stream. */
async function firstOf(response: Response): Promise<string> {
  for await (const chunk of response.body ?? []) {
    return Buffer.from(chunk as Uint8Array).toString("utf8");
  }
  return "";
}

describe("behind a proxy that says little or nothing of who asks", () => {
  const PASSING: Readonly<Record<string, string>> = {
    "nginx as it comes": "",
    "nginx with X-Real-IP": "proxy_set_header X-Real-IP $remote_addr;",
    "nginx with X-Forwarded-For": "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    "nginx with Forwarded": 'proxy_set_header Forwarded "for=$remote_addr";',
    "nginx with Via, X-Forwarded-Proto and X-Forwarded-Host":
      'proxy_set_header Via "1.1 p"; proxy_set_header X-Forwarded-Proto https; proxy_set_header X-Forwarded-Host door;',
  };
  const ports = new Map<string, number>();
  let nginx: Nginx;
  let socat: ChildProcess;

  beforeAll(async () => {
    let servers = "";
    for (const [name, settings] of Object.entries(PASSING)) {
      const port = await freePort();
      ports.set(name, port);
      servers += `server { listen 127.0.0.1:${port}; location / { proxy_pass ${server.url}; ${settings} } }\n`;
    }
    nginx = await startNginx(servers, ports.get("nginx as it comes") ?? 0);
    const port = await freePort();
    ports.set("a TCP forwarder", port);
    socat = spawn("socat", [
      `TCP-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr`,
      `TCP:127.0.0.1:${server.port}`,
    ]);
    await listens(port, () => {
      if (socat.exitCode !== null) throw new Error("socat ended at once");
    });
  });
  afterAll(async () => {
    const gone = once(socat, "exit");
    socat.kill();
    await gone;
    await nginx.dispose();
  });

  it.each([...Object.keys(PASSING), "a TCP forwarder"])(
    "nobody is staff without signing in: %s",
    async (name) => {
      const url = `http://127.0.0.1:${ports.get(name)}/api/`;
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify(DECISION);
      const decided = await fetch(`${url}operator/decide`, { method: "POST", headers, body });
      expect(decided.status).toBe(403);
      expect(unit.asked).toEqual([]);
      const seen = await firstOf(await fetch(`${url}live?with=visits`));
      expect(seen).toContain('"phase":"granted"');
      expect(seen).not.toMatch(PERSONAL);
      expect((await fetch(`${url}aim`)).status).toBe(403);
    },
  );
});

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  /** The first part of the body. */
  body: string;
}

describe("behind the nginx that is shipped", () => {
  let nginx: Nginx;
  let port: number;
  let ca: string;

  beforeAll(async () => {
    const identity = createAuthority(folder).issue("door.example");
    ({ ca } = identity);
    port = await freePort();
    const plain = await freePort();
    const shipped = readFileSync("deploy/nginx/sentinel.conf", "utf8")
      .replaceAll(/^\s*listen \[::\].*$/gm, "")
      .replace("listen 443 ssl", `listen 127.0.0.1:${port} ssl`)
      .replace("listen 80", `listen 127.0.0.1:${plain}`)
      .replaceAll("/etc/nginx/door.example", join(folder, "door.example"))
      .replace("http://127.0.0.1:8080", `http://127.0.0.1:${server.port}`);
    nginx = await startNginx(shipped, port);
  });
  afterAll(() => nginx.dispose());

  /** As a browser on another machine sends it. @param from another address of this machine */
  function ask(
    path: string,
    options: { body?: unknown; headers?: Record<string, string>; from?: string } = {},
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const body = options.body === undefined ? undefined : JSON.stringify(options.body);
      const own = { host: `door.example:${port}`, origin: `https://door.example:${port}` };
      const request = httpsRequest(
        {
          host: "127.0.0.1",
          port,
          path,
          ca,
          // The authority of the tests names addresses only.
          checkServerIdentity: () => undefined,
          method: body === undefined ? "GET" : "POST",
          localAddress: options.from ?? "127.0.0.1",
          headers: { ...own, "content-type": "application/json", ...options.headers },
        },
        (response) => {
          response.once("data", (chunk: Buffer) => {
            const { statusCode: status = 0, headers } = response;
            resolve({ status, headers, body: chunk.toString("utf8") });
            request.destroy();
          });
        },
      );
      request.once("error", reject);
      request.end(body);
    });
  }

  it("strangers see the screen and no person, as it happens", async () => {
    const seen = await ask("/api/live?with=visits");
    expect(seen.body).toContain('"phase":"granted"');
    expect(seen.body).not.toMatch(PERSONAL);
    const decided = await ask("/api/operator/decide", { body: DECISION });
    expect(decided.status).toBe(403);
  });

  it("staff sign in, see visits as they happen, and decide", async () => {
    const signedIn = await ask("/api/staff/sign-in", { body: { token: TOKEN } });
    const [setCookie = ""] = signedIn.headers["set-cookie"] ?? [];
    expect(setCookie).toMatch(/; HttpOnly; SameSite=Strict; Secure$/);
    const headers = { cookie: setCookie.split(";")[0] ?? "" };
    expect((await ask("/api/live?with=visits", { headers })).body).toMatch(/"visits":\[\{/);
    expect((await ask("/api/operator/decide", { body: DECISION, headers })).status).toBe(200);
    expect(unit.asked).toEqual([DECISION]);
    const foreign = { ...headers, origin: "https://elsewhere.example" };
    expect((await ask("/api/operator/decide", { body: DECISION, headers: foreign })).status).toBe(
      403,
    );
  });

  it("answers under its own name only", async () => {
    expect((await ask("/api/unit")).status).toBe(200);
    const headers = { host: "elsewhere.example" };
    expect((await ask("/api/unit", { headers })).status).toBe(403);
  });

  it("whoever guesses the token waits alone, whatever they say of themselves", async () => {
    const guess = (token: string, from: string, says: string): Promise<Answer> =>
      ask("/api/staff/sign-in", { body: { token }, from, headers: { "x-forwarded-for": says } });
    for (let time = 1; time <= 5; time++) await guess("a guess", "127.0.0.2", `192.0.2.${time}`);
    expect((await guess(TOKEN, "127.0.0.2", "192.0.2.99")).status).toBe(429);
    expect((await guess(TOKEN, "127.0.0.3", "192.0.2.99")).status).toBe(200);
  });

  it("refuses a large body itself", async () => {
    const body = { token: "x".repeat(100_000) };
    expect((await ask("/api/staff/sign-in", { body })).status).toBe(413);
  });
});
