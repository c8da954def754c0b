/** A real mosquitto that is configured to refuse things, takes sessions over, and has its certificates renewed. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createSystemClock } from "../../../hal/linux/clock.ts";
import { readBrokerSecrets } from "../../../src/config/broker-secrets.ts";
import { parseUnitConfig, type UnitConfig } from "../../../src/config/unit.ts";
import { certificateDates, tryBroker } from "../../../src/cli/doctor/broker-check.ts";
import { createMqttJsLink } from "../../../src/mqtt/mqttjs.ts";
import { createAuthority } from "../../support/certificates.ts";
import { startMosquitto, type Mosquitto } from "../../support/mosquitto.ts";
import { startScriptedBroker, type Script } from "../../support/scripted-broker.ts";
import { uplinkRigs } from "../../support/uplink-rig.ts";
import { until } from "../../support/until.ts";

const { ending, unit } = uplinkRigs();
const clock = createSystemClock();

async function mosquitto(...settings: string[]): Promise<Mosquitto> {
  const broker = await startMosquitto(settings);
  ending.push(() => broker.dispose());
  return broker;
}

function folderOf(): string {
  const folder = mkdtempSync(join(tmpdir(), "sentinel-broker-"));
  ending.push(async () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function configOf(mqtt: Readonly<Record<string, unknown>>): UnitConfig {
  const file = { unitId: "door-1", district: "pudong", mqtt, devices: { gate: { file: "/gate" } } };
  return parseUnitConfig(JSON.stringify(file), "unit.yaml");
}

async function doctor(mqtt: Readonly<Record<string, unknown>>): Promise<string> {
  const config = configOf(mqtt);
  if (config.mqtt === undefined) throw new Error("no broker");
  return tryBroker(config, config.mqtt, clock).catch((error: unknown) => `✗ ${String(error)}`);
}

async function listening(url: string): Promise<void> {
  const ear = await createMqttJsLink({ url, version: "5" }).connect({
    clientId: "ear",
    cleanStart: true,
    sessionExpirySeconds: 0,
    keepAliveSeconds: 60,
    connectTimeoutMs: 5_000,
  });
  ending.push(() => ear.close());
  await ear.subscribe([{ filter: "sentinel/1/+/+/evt", qos: 1 }]);
}

describe("mosquitto", () => {
  it("with retain_available false gets the records, and doctor says what it refuses", async () => {
    const broker = await mosquitto("allow_anonymous true", "retain_available false");
    await listening(broker.url);
    const { uplink, store, commit } = unit({ url: broker.url });
    await commit(1, 5);
    await until("the outbox is empty", () => store.outbox.pending() === 0);
    await until("the unit is online", () => uplink.online());
    expect(uplink.restrictions()).toMatchObject([{ what: "retain" }]);
    expect(await doctor({ url: broker.url })).toMatch(/✗ .*records go there; refused: retain/);
  });

  it("whose access rules deny the unit's state gets the records, and doctor names its limits", async () => {
    const folder = folderOf();
    const rules = ["topic write sentinel/1/pudong/door-1/evt", "topic read sentinel/1/#"];
    writeFileSync(join(folder, "acl"), `${rules.join("\n")}\n`);
    const broker = await mosquitto("allow_anonymous true", `acl_file ${join(folder, "acl")}`);
    await listening(broker.url);
    const { uplink, store, commit } = unit({ url: broker.url });
    await commit(1, 5);
    await until("the outbox is empty", () => store.outbox.pending() === 0);
    await until("the unit is online", () => uplink.online());
    expect(uplink.restrictions()).toEqual([{ what: "state", why: "Not authorized (0x87)" }]);
    expect(await doctor({ url: broker.url })).toMatch(/door-1\/doctor may not be written/);
  });

  it("whose packets are smaller than records is found too small", async () => {
    const broker = await mosquitto("allow_anonymous true", "max_packet_size 300");
    expect(await doctor({ url: broker.url })).toMatch(
      /✗ .*records \(the broker takes packets of 300/,
    );
  });

  it("that refuses nothing is found well, and keeps nothing of doctor", async () => {
    const broker = await mosquitto("allow_anonymous true");
    const found = await doctor({ url: broker.url });
    expect(found).toBe(`${broker.url}; IN THE CLEAR, without TLS`);
    const late = await createMqttJsLink({ url: broker.url }).connect({
      clientId: "late",
      cleanStart: true,
      sessionExpirySeconds: 0,
      keepAliveSeconds: 60,
      connectTimeoutMs: 5_000,
    });
    ending.push(() => late.close());
    const heard: string[] = [];
    late.onMessage(({ topic }) => heard.push(topic));
    await late.subscribe([{ filter: "#", qos: 1 }]);
    await late.publish({ topic: "end", payload: "", qos: 1 });
    await until("what is retained has come", () => heard.includes("end"));
    expect(heard).toEqual(["end"]);
  });

  it("that gives the name to another client again and again makes one of them wait, and say so", async () => {
    const broker = await mosquitto("allow_anonymous true");
    const pause = { reconnect: { firstMs: 2_400, longestMs: 2_400 } };
    const first = unit({ url: broker.url }, pause);
    await until("the first is online", () => first.uplink.online());
    const second = unit({ url: broker.url }, pause);
    const knows = (): boolean => first.uplink.nameInUse() || second.uplink.nameInUse();
    await until("one of them knows", knows);
    const [one, other] = [first.uplink.counters(), second.uplink.counters()];
    expect(one.connections + other.connections).toBeLessThan(10);
    expect(first.uplink.restrictions()).toEqual([]);
  });
});

describe("user and password", () => {
  it("come from a file, and are printed nowhere", async () => {
    const folder = folderOf();
    const passwords = join(folder, "passwords");
    // mosquitto_passwd's own form of "s3cr#t/%": taken from a file that it rewrites at once.
    writeFileSync(passwords, "door-1:s3cr#t/%\n");
    const { execFileSync } = await import("node:child_process");
    execFileSync("mosquitto_passwd", ["-U", passwords]);
    const broker = await mosquitto("allow_anonymous false", `password_file ${passwords}`);
    writeFileSync(join(folder, "right"), "s3cr#t/%\n");
    writeFileSync(join(folder, "wrong"), "s3cret");
    const named = { url: broker.url, username: "door-1" };
    expect(await doctor({ ...named, passwordFile: join(folder, "right") })).not.toMatch(/✗|s3cr/);
    const refused = await doctor({ ...named, passwordFile: join(folder, "wrong") });
    expect(refused).toMatch(/✗ .*Not authorized \(0x87\)/);
    const inUrl = broker.url.replace("//", "//door-1:s3cr%23t%2F%25@");
    expect(await doctor({ url: inUrl })).not.toMatch(/✗|s3cr/);
    const bad = await doctor({ url: broker.url.replace("//", "//door-1:s3cr%zz@") });
    expect(bad).toMatch(/password .* has a % without two hexadecimal digits/);
    expect(bad).not.toMatch(/s3cr/);
  });
});

describe("TLS", () => {
  it("takes up a renewed client certificate at the next connect", async () => {
    const folder = folderOf();
    const authority = createAuthority(folder);
    authority.issue("server");
    const tls = {
      ca: join(folder, "ca.pem"),
      cert: join(folder, "live.pem"),
      key: join(folder, "live.key"),
    };
    // Not of this authority: the broker turns it away.
    const other = createAuthority(folderOf()).issue("door-1");
    writeFileSync(tls.cert, other.cert);
    writeFileSync(tls.key, other.key);
    const broker = await startMosquitto(
      [
        "listener {port} 127.0.0.1",
        `cafile ${tls.ca}`,
        `certfile ${join(folder, "server.pem")}`,
        `keyfile ${join(folder, "server.key")}`,
        "require_certificate true",
        "allow_anonymous true",
      ],
      false,
    );
    ending.push(() => broker.dispose());
    // In the clear by its scheme, in TLS because a file is named.
    const url = broker.url;
    const { mqtt } = configOf({ url, tls });
    if (mqtt === undefined) throw new Error("no broker");
    const { uplink } = unit({ url, secrets: () => readBrokerSecrets(mqtt) });
    await until("the unit was turned away", () => uplink.lastFailure() !== undefined);
    expect(uplink.lastFailure()).toMatch(/TLS: .*does not take this side's certificate/);
    const renewed = authority.issue("door-1");
    writeFileSync(tls.cert, renewed.cert);
    writeFileSync(tls.key, renewed.key);
    await until("the unit is online", () => uplink.online());
    expect(await doctor({ url, tls })).toMatch(/with TLS, because mqtt\.tls names a file/);
    expect(await certificateDates(tls, Date.now())).toMatch(/live\.pem until .*ONLY 1 DAYS/);
    await expect(certificateDates(tls, Date.now() + 3 * 86_400_000)).rejects.toThrow(/ended on/);
    writeFileSync(tls.key, other.key);
    await expect(certificateDates(tls, Date.now())).rejects.toThrow(/is not the key of/);
  });

  it("is not given up for a broker in the clear, where a certificate is named", async () => {
    const folder = folderOf();
    createAuthority(folder);
    const broker = await mosquitto("allow_anonymous true");
    const found = await doctor({ url: broker.url, tls: { ca: join(folder, "ca.pem") } });
    expect(found).toMatch(/^✗ /);
    expect(broker.url).toMatch(/^mqtt:/);
  });
});

describe("doctor", () => {
  const cases: [name: string, script: Script, version: string, found: RegExp][] = [
    [
      "drops whoever retains",
      { onPublish: ({ retain }, answer, line) => (retain ? line.drop() : answer()) },
      "5",
      /refused: retain/,
    ],
    ["refuses the will", { refuse: ({ will }) => (will ? 0x87 : 0) }, "5", /refused: will/],
    [
      "drops whoever subscribes to commands",
      { onSubscribe: (filter) => (filter.includes("/cmd/") ? undefined : 1) },
      "5",
      /refused: commands/,
    ],
    ["takes QoS 0 only", { maximumQoS: 0 }, "5", /refused: records/],
    ["speaks 3.1.1", {}, "3.1.1", /refused: delivery \(MQTT 3\.1\.1 cannot say/],
    ["never says that nobody listens", {}, "5", /^mqtt.*never says that nobody is/],
    ["bans the unit", { refuse: () => 0x8a }, "5", /✗ .*Banned \(0x8a\)/],
  ];

  it.each(cases)("says so of a broker that %s", async (_name, script, version, found) => {
    const broker = await startScriptedBroker(script);
    ending.push(() => broker.close());
    expect(await doctor({ url: broker.url, version })).toMatch(found);
  });
});
