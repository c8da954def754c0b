import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MqttConnection } from "../../src/mqtt/connection.ts";
import { createMqttJsLink } from "../../src/mqtt/mqttjs.ts";
import { districtTopics, unitTopics } from "../../src/protocol/topics.ts";
import { createAuthority, type Identity } from "../support/certificates.ts";
import { startShippedBroker, type ShippedBroker } from "../support/shipped-broker.ts";
import { until } from "../support/until.ts";

const one = unitTopics("pudong", "door-1");
const two = unitTopics("pudong", "door-2");
const NOT_AUTHORISED = 0x87;

let strangers: string;
let shipped: ShippedBroker;
let stranger: Identity;
const open: MqttConnection[] = [];

async function connect(
  name: string,
  tls: Partial<Identity> = shipped.identity(name),
): Promise<MqttConnection> {
  const link = createMqttJsLink({ url: shipped.url, version: "5", tls });
  const connection = await link.connect({
    clientId: `${name}-${open.length}`,
    cleanStart: true,
    sessionExpirySeconds: 0,
    keepAliveSeconds: 20,
    connectTimeoutMs: 5_000,
  });
  open.push(connection);
  return connection;
}

/** What a connection hears on a filter, if the broker lets it subscribe at all. */
async function listening(connection: MqttConnection, filter: string): Promise<string[]> {
  const heard: string[] = [];
  connection.onMessage(({ topic }) => heard.push(topic));
  await connection.subscribe([{ filter, qos: 1 }]).catch(() => {});
  return heard;
}

const send = (connection: MqttConnection, topic: string): Promise<number> =>
  connection.publish({ topic, payload: "{}", qos: 1 });

beforeAll(async () => {
  strangers = mkdtempSync(join(tmpdir(), "sentinel-tls-strangers-"));
  stranger = createAuthority(strangers).issue("door-1");
  shipped = await startShippedBroker();
});

afterAll(async () => {
  await Promise.all(open.map((connection) => connection.close()));
  await shipped.dispose();
  rmSync(strangers, { recursive: true, force: true });
});

describe("the shipped broker configuration", () => {
  it("lets a unit use its own topics", async () => {
    const unit = await connect("door-1");
    const collector = await connect("collector");
    const heard = await listening(collector, districtTopics("pudong").everyUnit.events);
    expect(await send(unit, one.events)).toBe(0);
    await until("the collector hears it", () => heard.length === 1);
    const words = await listening(unit, one.acknowledgement);
    await send(collector, one.acknowledgement);
    await until("the unit hears its acknowledgement", () => words.length === 1);
  });

  it.each(["events", "state", "telemetry", "acknowledgement", "commandResult", "request"] as const)(
    "does not let a unit write another's %s",
    async (name) => {
      expect(await send(await connect("door-1"), two[name])).toBe(NOT_AUTHORISED);
    },
  );

  it("does not let a unit write what only the far end may, not even its own", async () => {
    const unit = await connect("door-1");
    const forbidden = [
      one.acknowledgement,
      one.command("release"),
      one.manifest("directory"),
      districtTopics("pudong").rebirth,
    ];
    const answers = await Promise.all(forbidden.map((topic) => send(unit, topic)));
    expect(answers).toEqual(forbidden.map(() => NOT_AUTHORISED));
  });

  it("carries data sets: whole to every unit, parts to whoever asked", async () => {
    const unit = await connect("door-1");
    const operator = await connect("operator");
    const heard = await listening(operator, districtTopics("pudong").everyUnit.request);
    await operator.subscribe([{ filter: districtTopics("pudong").everyUnit.state, qos: 1 }]);
    const offered = await listening(unit, districtTopics("pudong").manifestFilter);
    await unit.subscribe(
      [one.manifestFilter, one.chunkFilter].map((filter) => ({ filter, qos: 1 })),
    );
    await send(operator, districtTopics("pudong").manifest("directory"));
    await send(operator, one.manifest("policy"));
    await send(unit, one.request);
    await send(unit, one.state);
    await send(operator, one.chunk("a".repeat(64)));
    await until("all has arrived", () => offered.length === 3 && heard.length === 2);
  });

  it("does not let a unit read another's topics, by name or by wildcard", async () => {
    const second = await connect("door-2");
    const collector = await connect("collector");
    const operator = await connect("operator");
    const heard = [];
    for (const filter of ["#", "sentinel/1/pudong/door-1/#", one.events, one.commandFilter]) {
      heard.push(await listening(second, filter));
    }
    const own = await listening(await connect("door-2"), two.commandFilter);
    await send(await connect("door-1"), one.events);
    await send(collector, one.acknowledgement);
    await send(operator, one.command("release"));
    // The broker keeps the order of one sender: once this is here, the command before it was judged.
    await send(operator, two.command("release"));
    await until("its own command arrives", () => own.length === 1);
    expect(heard.flat().filter((topic) => !topic.startsWith("sentinel/1/pudong/door-2/"))).toEqual(
      [],
    );
  });

  it.each([
    ["no certificate", () => ({ ca: shipped.identity("door-1").ca })],
    [
      "a certificate of somebody else's authority",
      () => ({ ...stranger, ca: shipped.identity("door-1").ca }),
    ],
  ])("turns away a client with %s", async (_name, tls) => {
    await expect(connect("door-1", tls())).rejects.toThrow();
  });

  it("is itself turned away by a unit that does not know its authority", async () => {
    const trusting = { ...shipped.identity("door-1"), ca: stranger.ca };
    await expect(connect("door-1", trusting)).rejects.toThrow(/certificate/i);
  });
});
