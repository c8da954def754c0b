/** What a unit's certificate is good for in the hands of somebody who means harm. */
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { afterEach, beforeAll, afterAll, describe, expect, it } from "vitest";
import type { MqttConnection } from "../../src/mqtt/connection.ts";
import { createMqttJsLink } from "../../src/mqtt/mqttjs.ts";
import { districtTopics, unitTopics } from "../../src/protocol/topics.ts";
import { startShippedBroker, type ShippedBroker } from "../support/shipped-broker.ts";
import { until } from "../support/until.ts";

const one = unitTopics("pudong", "door-1");
const two = unitTopics("pudong", "door-2");
const all = districtTopics("pudong");

let shipped: ShippedBroker;
const clients: MqttClient[] = [];
const connections: MqttConnection[] = [];

beforeAll(async () => {
  shipped = await startShippedBroker();
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.endAsync(true)));
  await Promise.all(connections.splice(0).map((connection) => connection.close()));
});
afterAll(() => shipped.dispose());

interface Hostile {
  client: MqttClient;
  heard: string[];
}

/** Somebody with a certificate for a name, and a client of their own. */
async function hostile(name: string, options: IClientOptions = {}): Promise<Hostile> {
  const { ca, cert, key } = shipped.identity(name);
  const client = await connectAsync(shipped.url, {
    ca,
    cert,
    key,
    protocolVersion: 5,
    reconnectPeriod: 0,
    clean: true,
    clientId: `hostile-${clients.length}`,
    ...options,
  });
  clients.push(client);
  const heard: string[] = [];
  client.on("message", (topic) => heard.push(topic));
  return { client, heard };
}

/** One of our own programs. */
async function ours(name: string, clientId = name, sessionSeconds = 0): Promise<MqttConnection> {
  const link = createMqttJsLink({ url: shipped.url, version: "5", tls: shipped.identity(name) });
  const connection = await link.connect({
    clientId,
    cleanStart: sessionSeconds === 0,
    sessionExpirySeconds: sessionSeconds,
    keepAliveSeconds: 20,
    connectTimeoutMs: 5_000,
  });
  connections.push(connection);
  return connection;
}

/** Everybody says everything there is to say, some of it retained. */
async function aBusyMoment(): Promise<void> {
  const unit = await ours("door-1");
  const collector = await ours("collector");
  const operator = await ours("operator", "operator-1");
  const said: [MqttConnection, string][] = [
    [unit, one.events],
    [unit, one.state],
    [unit, one.settings],
    [unit, one.telemetry],
    [unit, one.commandResult],
    [unit, one.request],
    [collector, one.acknowledgement],
    [operator, one.command("release")],
    [operator, one.chunk("a".repeat(64))],
    [operator, one.manifest("policy")],
  ];
  for (const [speaker, topic] of said) {
    const answer = await speaker.publish({ topic, payload: "{}", qos: 1, retain: true });
    // 0x10: nobody was listening, which is what this is about.
    expect([0, 0x10]).toContain(answer);
  }
}

const accepted = async ({ client }: Hostile, topic: string): Promise<boolean> =>
  client.publishAsync(topic, "{}", { qos: 1 }).then(
    () => true,
    () => false,
  );

const EVERYTHING = [
  "#",
  "+/#",
  "sentinel/#",
  "sentinel/1/+/+/evt",
  "sentinel/1/+/+/cmd/+",
  "sentinel/1/pudong/door-1/#",
  "$share/all/sentinel/1/+/+/evt",
  "$share/all/sentinel/1/+/+/cmd/+",
  "$share/all/#",
  "$SYS/#",
  "$CONTROL/#",
  "homeassistant/#",
];

/** Resolves when what was sent before has been judged: the broker keeps the order of one sender. */
async function hearsItsOwn({ client, heard }: Hostile): Promise<void> {
  await client.subscribeAsync(two.commandFilter, { qos: 1 });
  const operator = await ours("operator", "operator-2");
  await operator.publish({ topic: two.command("message"), payload: "{}", qos: 1 });
  await until("its own command arrives", () => heard.includes(two.command("message")));
}

describe("a hostile unit", () => {
  it("hears nothing of another through wildcards, shared subscriptions or $SYS", async () => {
    const second = await hostile("door-2");
    await second.client.subscribeAsync(EVERYTHING, { qos: 1 });
    await aBusyMoment();
    await hearsItsOwn(second);
    expect(second.heard.filter((topic) => !topic.includes("/door-2/"))).toEqual([]);
  });

  it("is given none of another's retained messages when it comes later", async () => {
    await aBusyMoment();
    const second = await hostile("door-2");
    await second.client.subscribeAsync([...EVERYTHING, one.state, one.settings], { qos: 1 });
    await hearsItsOwn(second);
    expect(second.heard.filter((topic) => !topic.includes("/door-2/"))).toEqual([]);
  });

  it("leaves no will on another's topics", async () => {
    const collector = await ours("collector");
    const wills: string[] = [];
    collector.onMessage(({ topic, payload }) => {
      if (Buffer.from(payload).toString() === "a will") wills.push(topic);
    });
    await collector.subscribe([{ filter: all.everyUnit.state, qos: 1 }]);
    const will = (topic: string): IClientOptions => ({
      will: { topic, payload: Buffer.from("a will"), qos: 1, retain: true },
    });
    const first = await hostile("door-2", will(one.state));
    const second = await hostile("door-2", will(two.state));
    // Both die; the broker sends the wills in that order, as far as it sends them.
    first.client.stream.destroy();
    second.client.stream.destroy();
    await until("its own will is heard", () => wills.includes(two.state));
    expect(wills).toEqual([two.state]);
  });

  it.each([
    ["its neighbour", "door-1", "door-1"],
    ["the collector", "collector", "collector-pudong"],
  ])("cannot push %s off the broker by its client id", async (_who, name, clientId) => {
    const victim = await ours(name, clientId, 60);
    let ended = false;
    victim.onClose(() => {
      ended = true;
    });
    const session = { clean: false, properties: { sessionExpiryInterval: 60 } };
    await hostile("door-2", { clientId, ...session });
    expect(await victim.publish({ topic: one.events, payload: "{}", qos: 1 })).not.toBeUndefined();
    expect(ended).toBe(false);
    await victim.close();
    // And it comes back to the session it left.
    expect((await ours(name, clientId, 60)).sessionPresent).toBe(true);
  });

  it.each([
    "sentinel/1/pudong/DOOR-1/evt",
    "$share/all/sentinel/1/pudong/door-1/evt",
    "$SYS/broker",
  ])("writes nothing on %s", async (topic) => {
    expect(await accepted(await hostile("door-2"), topic)).toBe(false);
  });
});

describe("a certificate with an odd name", () => {
  const topics = [
    one.events,
    two.events,
    one.state,
    one.acknowledgement,
    one.command("release"),
    one.manifest("policy"),
    all.manifest("policy"),
    all.rebirth,
  ];

  it.each([
    "+",
    "#",
    "%u",
    "%c",
    "+/evt",
    "door-1/#",
    "door-1/cmd",
    "pudong/door-1",
    "door-1 ",
    "all",
  ])("%j is good for nobody's topics", async (name) => {
    const odd = await hostile(name);
    await odd.client.subscribeAsync(["#", "sentinel/1/#", one.commandFilter], { qos: 1 });
    await aBusyMoment();
    const written = [];
    for (const topic of topics) if (await accepted(odd, topic)) written.push(topic);
    expect(written).toEqual([]);
    expect(odd.heard.filter((topic) => !topic.includes("/all/"))).toEqual([]);
  });
});
