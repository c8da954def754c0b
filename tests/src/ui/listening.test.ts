import { createServer as createHttpServer, type Server } from "node:http";
import { createServer } from "node:net";
import { once } from "node:events";
import { afterEach, expect, it } from "vitest";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { listenOn, type Listening, type ListeningOptions } from "../../../src/ui/listening.ts";
import { freePort } from "../../support/mosquitto.ts";
import { START_MS } from "../../support/records.ts";
import { until } from "../../support/until.ts";

const ending: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

function answering(): Server {
  return createHttpServer((_request, response) => response.end("here"));
}

async function listening(options: Partial<ListeningOptions>): Promise<Listening> {
  const made = await listenOn({
    server: answering(),
    clock: new VirtualClock(START_MS),
    host: "127.0.0.1",
    port: 0,
    ...options,
  });
  ending.push(() => made.close());
  return made;
}

const ask = async (host: string, port: number): Promise<string> =>
  (await fetch(`http://${host}:${port}/`)).text();

it("listens on loopback at once where the machine does not have the configured address", async () => {
  const port = await freePort();
  const problems: (string | undefined)[] = [];
  // RFC 5737: an address that no machine has.
  const { host } = await listening({ host: "192.0.2.7", port, onProblem: (p) => problems.push(p) });
  expect(await ask("127.0.0.1", port)).toBe("here");
  expect(host).toBe("127.0.0.1");
  expect(problems).toEqual([expect.stringMatching(/http\.host 192\.0\.2\.7.*does not have/)]);
});

it("says that a name cannot be resolved, and goes on", async () => {
  const port = await freePort();
  let problem: string | undefined;
  await listening({ host: "no-such-host.invalid", port, onProblem: (p) => (problem = p) });
  expect(problem).toMatch(/no-such-host\.invalid/);
  expect(await ask("127.0.0.1", port)).toBe("here");
});

it("listens on an address beside loopback, under the limits of the one server", async () => {
  const port = await freePort();
  const server = answering();
  // Not loopback's own name, but an address that every machine with the lo interface has.
  await listening({ server, host: "127.0.0.2", port, onProblem: () => {} });
  expect(await ask("127.0.0.2", port)).toBe("here");
});

it("takes up an address once it is free, and says so", async () => {
  const taken = createServer();
  taken.listen(0, "127.0.0.1");
  await once(taken, "listening");
  const address = taken.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const clock = new VirtualClock(START_MS);
  const problems: (string | undefined)[] = [];
  await listening({ clock, port, onProblem: (problem) => problems.push(problem) });
  expect(problems).toEqual([expect.stringMatching(/another program listens there/)]);
  await new Promise((resolve) => taken.close(resolve));
  await clock.run(6_000);
  await until("the address is taken up", () => problems.length === 2);
  expect(problems[1]).toBeUndefined();
  expect(await ask("127.0.0.1", port)).toBe("here");
});

it("rejects for an address that is taken where nobody asked for patience", async () => {
  const taken = createServer();
  taken.listen(0, "127.0.0.1");
  await once(taken, "listening");
  ending.push(() => new Promise((resolve) => taken.close(resolve)));
  const address = taken.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await expect(listening({ port })).rejects.toThrow(/EADDRINUSE/);
});
