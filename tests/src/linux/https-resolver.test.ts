/** The resolver's transport against a real server: answers, refusals, endless bodies, redirects. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createResolverClient } from "../../../src/linux/https-resolver.ts";

const ENTRY = {
  pseudonym: "p".repeat(43),
  roles: [],
  colour: "green",
  nucleicAcidTests: [],
  antigenTests: [],
  asOfMs: 1,
};

const asked: { method: string | undefined; authorization: string | undefined; body: string }[] = [];

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url, headers } = request;
  asked.push({ method, authorization: headers.authorization, body: await text(request) });
  if (url === "/known") response.end(JSON.stringify(ENTRY));
  else if (url === "/unknown") response.writeHead(404).end("no");
  else if (url === "/moved") response.writeHead(302, { location: "/known" }).end();
  else if (url === "/endless") response.end("x".repeat(200_000));
  else if (url === "/wrong") response.end('{"pseudonym":1}');
  else if (url === "/broken") response.writeHead(500).end();
  // Any other path is never answered.
}

const server = createServer((request, response) => void answer(request, response));
let base = "";

beforeAll(async () => {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe("the resolver's client", () => {
  const ask = (path: string, signal = new AbortController().signal) =>
    createResolverClient(base + path, () => Promise.resolve("secret")).ask("A1B2", signal);

  it("posts the token and reads the entry", async () => {
    expect(await ask("/known")).toEqual(ENTRY);
    expect(asked.at(-1)).toEqual({
      method: "POST",
      authorization: "Bearer secret",
      body: '{"token":"A1B2"}',
    });
  });

  it("takes 404 for not known", async () => {
    expect(await ask("/unknown")).toBeUndefined();
  });

  it.each(["/moved", "/endless", "/wrong", "/broken"])("rejects on %s", async (path) => {
    await expect(ask(path)).rejects.toThrow();
  });

  it("stops when it is told to", async () => {
    const abort = new AbortController();
    const answered = ask("/never", abort.signal);
    abort.abort();
    await expect(answered).rejects.toThrow("abort");
  });
});
