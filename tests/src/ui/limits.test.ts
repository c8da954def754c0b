import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createSystemClock } from "../../../hal/linux/clock.ts";
import { startUiServer, type UiServer, type UiServerOptions } from "../../../src/ui/server.ts";
import { MAX_STREAMS_OF_A_STRANGER, MAX_STREAMS } from "../../../src/ui/stream-slots.ts";
import { createStubUnit, type StubUnit } from "./support/stub-unit.ts";

const TOKEN = "a token of this test only";
const SECRET = "the secret of this test's own screen";
const QUICK = { headersMs: 300, requestMs: 400, checkMs: 50, idleMs: 1_000 };

let pagesDir: string;
let unit: StubUnit;
let server: UiServer;
const open: (Socket | AbortController)[] = [];

beforeEach(() => {
  pagesDir = mkdtempSync(join(tmpdir(), "sentinel-pages-"));
  writeFileSync(join(pagesDir, "index.html"), "<!doctype html>");
  unit = createStubUnit();
});
afterEach(async () => {
  for (const each of open.splice(0)) {
    if (each instanceof AbortController) each.abort();
    else each.destroy();
  }
  await server.close();
  rmSync(pagesDir, { recursive: true });
});

async function start(
  limits: UiServerOptions["limits"] = {},
  proxies: readonly string[] = ["127.0.0.1"],
): Promise<void> {
  server = await startUiServer({
    feed: unit,
    clock: createSystemClock(),
    pagesDir,
    operatorToken: TOKEN,
    screenSecret: SECRET,
    proxies,
    limits,
  });
}

async function cookieOf(path: string, body: unknown): Promise<Record<string, string>> {
  const response = await fetch(server.url + path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
  await response.text();
  return { cookie: response.headers.get("set-cookie")?.split(";")[0] ?? "" };
}
const screen = (): Promise<Record<string, string>> =>
  cookieOf("api/screen/open", { secret: SECRET });
const staff = (): Promise<Record<string, string>> =>
  cookieOf("api/staff/sign-in", { token: TOKEN });
const stranger = (from: string): Record<string, string> => ({ "x-forwarded-for": from });

/** Opens a live stream that stays open. */
async function watch(headers: Record<string, string>): Promise<Response> {
  const abort = new AbortController();
  open.push(abort);
  return fetch(`${server.url}api/live`, { headers, signal: abort.signal });
}

async function statusesOf(count: number, headers: Record<string, string>): Promise<number[]> {
  const statuses: number[] = [];
  for (let each = 0; each < count; each++) statuses.push((await watch(headers)).status);
  return statuses;
}

/** Whether a stream goes on: its next message comes. */
async function goesOn(response: Response): Promise<boolean> {
  const reader = response.body?.getReader();
  for (let message = 0; message < 2; message++) {
    const { done } = (await reader?.read()) ?? { done: true };
    if (done) return false;
  }
  return true;
}

function raw(text: string): Socket {
  const socket = connect(server.port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(text);
  // What is not read is never seen to end.
  socket.resume();
  open.push(socket);
  return socket;
}

const HALF_A_POST =
  "POST /api/staff/sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-For: 203.0.113.9\r\n" +
  `Content-Type: application/json\r\nContent-Length: 16000\r\n\r\n{"token":"${"a".repeat(15_000)}`;

describe("live streams", () => {
  it("of one stranger are few, and of all of them leave screen and staff their places", async () => {
    await start();
    const one = await statusesOf(MAX_STREAMS_OF_A_STRANGER + 2, stranger("203.0.113.9"));
    expect(one.filter((status) => status === 200)).toHaveLength(MAX_STREAMS_OF_A_STRANGER);
    expect(one.slice(-2)).toEqual([503, 503]);
    const others: number[] = [];
    for (let from = 1; from <= 20; from++) {
      others.push(...(await statusesOf(1, stranger(`198.51.100.${from}`))));
    }
    const served = others.filter((status) => status === 200).length;
    expect(served).toBe(MAX_STREAMS.stranger - MAX_STREAMS_OF_A_STRANGER);
    expect((await watch(await screen())).status).toBe(200);
    expect(await statusesOf(MAX_STREAMS.staff, await staff())).not.toContain(503);
  });

  it("through a proxy that nobody configured are few together, whoever they say to be", async () => {
    await start({}, []);
    const statuses: number[] = [];
    for (let from = 1; from <= 8; from++) {
      statuses.push(...(await statusesOf(1, stranger(`198.51.100.${from}`))));
    }
    expect(statuses.filter((status) => status === 200)).toHaveLength(MAX_STREAMS_OF_A_STRANGER);
    // They take no share of whoever came without one.
    expect(await statusesOf(1, {})).toEqual([200]);
  });

  it("of one network of the many addresses of IPv6 count as one stranger's", async () => {
    await start();
    const statuses: number[] = [];
    for (let from = 1; from <= MAX_STREAMS_OF_A_STRANGER + 1; from++) {
      statuses.push(...(await statusesOf(1, stranger(`2001:db8:1:2::${from}`))));
    }
    expect(statuses.at(-1)).toBe(503);
  });

  it("of the unit's own screen are never refused: the oldest ends for the newest", async () => {
    await start();
    const headers = await screen();
    const first = await watch(headers);
    expect(await statusesOf(MAX_STREAMS.kiosk - 1, headers)).not.toContain(503);
    const newest = await watch(headers);
    expect(await goesOn(newest)).toBe(true);
    expect(await goesOn(first)).toBe(false);
  });

  it("that nobody reads are closed", async () => {
    await start(QUICK);
    const before = unit.listeners();
    const socket = connect(server.port, "127.0.0.1");
    open.push(socket);
    socket.pause();
    socket.write("GET /api/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    await expect.poll(() => unit.listeners(), { timeout: 30_000 }).toBe(before + 1);
    // More than the buffers of both sides hold.
    const message = "x".repeat(1_000_000);
    const filling = setInterval(() => unit.show({ ...unit.view(), message, atMs: Date.now() }), 40);
    try {
      await expect.poll(() => unit.listeners(), { timeout: 30_000 }).toBe(before);
    } finally {
      clearInterval(filling);
    }
  });
});

describe("connections", () => {
  it.each([
    ["the header stops", "GET /api/unit HTTP/1.1\r\nHost: 127.0.0.1\r\nX-"],
    ["the body stops", HALF_A_POST],
    ["nothing comes", ""],
  ])("are closed where %s", async (_what, text) => {
    await start(QUICK);
    const sockets = Array.from({ length: 20 }, () => raw(text));
    await Promise.all(sockets.map((socket) => once(socket, "close")));
  });

  it("beyond the bound: the oldest stranger's goes, and everybody is answered", async () => {
    await start({ connections: 40 });
    const flood = Array.from({ length: 300 }, () => raw(HALF_A_POST));
    const closed = (): number => flood.filter((socket) => socket.closed).length;
    await expect.poll(closed, { timeout: 30_000 }).toBeGreaterThanOrEqual(259);
    expect((await fetch(`${server.url}api/unit`)).status).toBe(200);
    expect(closed()).toBeLessThan(300);
  });

  it("on which requests come without waiting for answers are closed", async () => {
    await start();
    const one = "GET /api/unit HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    const few = raw(one.repeat(3));
    let answers = "";
    few.on("data", (chunk: Buffer) => {
      answers += chunk.toString();
    });
    await expect.poll(() => answers.match(/HTTP\/1\.1 200/g)?.length).toBe(3);
    const many = raw(one.repeat(2_000));
    await expect.poll(() => many.closed).toBe(true);
    expect(many.bytesRead).toBeLessThan(50_000);
    expect((await fetch(`${server.url}api/unit`)).status).toBe(200);
  });

  it("of screen and staff stand through a flood", async () => {
    await start({ connections: 20 });
    const own = await watch(await screen());
    const member = await watch(await staff());
    const flood = Array.from({ length: 200 }, () => raw(HALF_A_POST));
    const closed = (): number => flood.filter((socket) => socket.closed).length;
    await expect.poll(closed, { timeout: 30_000 }).toBeGreaterThanOrEqual(150);
    expect(await goesOn(own)).toBe(true);
    expect(await goesOn(member)).toBe(true);
    const aim = await fetch(`${server.url}api/aim`, { headers: await screen() });
    expect(aim.status).toBe(204);
  });
});
