import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MqttConnection } from "../../src/uplink/link.ts";
import { createMqttJsLink } from "../../src/uplink/mqttjs-link.ts";
import { districtTopics, unitTopics } from "../../src/uplink/topics.ts";
import { createAuthority, type Identity } from "../support/certificates.ts";
import { startMosquitto, type Mosquitto } from "../support/mosquitto.ts";
import { until } from "../support/until.ts";

const SHIPPED = "deploy/mosquitto";
const one = unitTopics("pudong", "door-1");
const two = unitTopics("pudong", "door-2");
const NOT_AUTHORISED = 0x87;

let folder: string;
let strangers: string;
let broker: Mosquitto;
const identities = new Map<string, Identity>();
const open: MqttConnection[] = [];

async function connect(
  name: string,
  tls: Partial<Identity> | undefined = identities.get(name),
): Promise<MqttConnection> {
  const url = `mqtts://127.0.0.1:${broker.port}`;
  const link = createMqttJsLink({ url, version: "5", ...(tls === undefined ? {} : { tls }) });
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
  folder = mkdtempSync(join(tmpdir(), "sentinel-tls-"));
  strangers = mkdtempSync(join(tmpdir(), "sentinel-tls-strangers-"));
  const authority = createAuthority(folder);
  for (const name of ["server", "door-1", "door-2", "collector", "operator"]) {
    identities.set(name, authority.issue(name));
  }
  identities.set("stranger", createAuthority(strangers).issue("door-1"));
  // The shipped configuration as it is, with its paths and its port put where this test may write.
  const shipped = readFileSync(join(SHIPPED, "mosquitto.conf"), "utf8")
    .replace("/etc/mosquitto/sentinel/acl.conf", join(process.cwd(), SHIPPED, "acl.conf"))
    .replaceAll("/etc/mosquitto/sentinel/", `${folder}/`)
    .replace("/var/lib/mosquitto/", "{folder}/")
    .replace("listener 8883", "listener {port} 127.0.0.1")
    .split("\n");
  broker = await startMosquitto(shipped, false);
});

afterAll(async () => {
  await Promise.all(open.map((connection) => connection.close()));
  await broker.dispose();
  for (const each of [folder, strangers]) rmSync(each, { recursive: true, force: true });
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
      [one.manifestFilter, one.partFilter].map((filter) => ({ filter, qos: 1 })),
    );
    await send(operator, districtTopics("pudong").manifest("directory"));
    await send(operator, one.manifest("policy"));
    await send(unit, one.request);
    await send(unit, one.state);
    await send(operator, one.part("a".repeat(64)));
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
    ["no certificate", () => ({ ca: identities.get("server")?.ca ?? "" })],
    [
      "a certificate of somebody else's authority",
      () => ({ ...identities.get("stranger"), ca: identities.get("server")?.ca ?? "" }),
    ],
  ])("turns away a client with %s", async (_name, tls) => {
    await expect(connect("door-1", tls())).rejects.toThrow();
  });

  it("is itself turned away by a unit that does not know its authority", async () => {
    const trusting = { ...identities.get("door-1"), ca: identities.get("stranger")?.ca ?? "" };
    await expect(connect("door-1", trusting)).rejects.toThrow(/certificate/i);
  });
});
