/** Everything a unit and its district really say on a real broker is what the published contract says. */
import { generateKeyPairSync, randomBytes, randomUUID, type KeyObject } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createSystemClock } from "../../../hal/linux/clock.ts";
import { createRandom } from "../../../sim/kernel/random.ts";
import { openDemoSession, type DemoSession } from "../../../sim/demo/session.ts";
import { GATE_LINE } from "../../../sim/doorway/wiring.ts";
import { parseUnitConfig } from "../../../src/config/unit.ts";
import { DAY_MS, HOUR_MS } from "../../../src/core/time.ts";
import {
  createIssuerKey,
  issueHealthPass,
} from "../../../src/credential/formats/health-pass/health-pass.ts";
import { pseudonymOf } from "../../../src/credential/pseudonym.ts";
import { publicIssuerFile } from "../../../src/credential/formats/health-pass/issuer-key.ts";
import { SqliteRecordArchive } from "../../../src/district/sqlite-record-archive.ts";
import { createCollector } from "../../../src/district/collector.ts";
import { audienceOf } from "../../../src/protocol/command.ts";
import { COMMAND_TOKEN_TYPE } from "../../../src/protocol/command.ts";
import { type Command } from "../../../src/protocol/command.ts";
import { CHUNK_BYTES, signManifest, type Blob } from "../../../src/protocol/manifest.ts";
import { readChunkRequest } from "../../../src/protocol/data-set-reports.ts";
import { sha256Of } from "../../../src/distribution/data-set-cache.ts";
import { tryBroker } from "../../../src/cli/doctor/broker-check.ts";
import { createMqttJsLink } from "../../../src/mqtt/mqttjs.ts";
import { sendCommand, type CommandReport } from "../../../src/district/command-client.ts";
import { signToken } from "../../../src/protocol/signed-token.ts";
import { districtTopics, unitTopics } from "../../../src/protocol/topics.ts";
import { ContractWatch } from "../../support/contract.ts";
import { startMosquitto, type Mosquitto } from "../../support/mosquitto.ts";
import { until } from "../../support/until.ts";
import {
  UnitFolder,
  ended,
  until as unitShows,
  type Started,
} from "../../src/unit/unit-process.ts";

const DISTRICT = "d";
const UNIT = "trial";
const TOPICS = unitTopics(DISTRICT, UNIT);
const NAME = "王**";
const watch = new ContractWatch();
const clock = createSystemClock();
const folder = new UnitFolder();
const signing = generateKeyPairSync("ed25519");
/** Everything that was said, as text, for what must never be in it. */
let overheard = "";
let broker: Mosquitto;
let ear: MqttClient;
let operator: MqttClient;

beforeAll(async () => {
  broker = await startMosquitto();
  ear = await connectAsync(broker.url, { protocolVersion: 5, clientId: "ear" });
  ear.on("message", (topic, payload, { qos, retain, properties }) => {
    overheard += `${topic} ${payload.toString("latin1")}\n`;
    watch.heard({
      topic,
      payload,
      qos,
      retain,
      contentType: properties?.contentType,
      expirySeconds: properties?.messageExpiryInterval,
    });
  });
  // With the retain flag as the publisher set it (MQTT 5 §3.8.3.1).
  await ear.subscribeAsync("#", { qos: 1, rap: true });
  operator = await connectAsync(broker.url, { protocolVersion: 5, clientId: "operator" });
});

afterAll(async () => {
  await ear.endAsync(true);
  await operator.endAsync(true);
  await folder.killAll();
  folder.remove();
  await broker.dispose();
});

const seen = (name: string): number => watch.messages.get(name) ?? 0;
const heard = (name: string, times = 1): Promise<void> =>
  until(`${name} is published`, () => seen(name) >= times, 30_000);

/** A green or red pass of somebody, made now. */
function pass(colour: "green" | "red"): string {
  const nowMs = clock.wallMs();
  const key = createIssuerKey({
    issuer: "trial",
    algorithm: "EdDSA",
    notBeforeMs: nowMs - DAY_MS,
    notAfterMs: nowMs + DAY_MS,
    seed: new Uint8Array(32).fill(7),
  });
  writeFileSync(folder.at("issuers.json"), JSON.stringify(publicIssuerFile([key], nowMs)));
  return issueHealthPass(key, {
    form: "live",
    serial: randomBytes(8).toString("hex"),
    issuedAtMs: nowMs,
    holder: {
      pseudonym: pseudonymOf(folder.districtKey, "11010519491231002X"),
      maskedName: NAME,
    },
    colour,
    nucleicAcidTest: { result: "negative", sampledAtMs: nowMs - HOUR_MS },
  });
}

/** A file that lets one key do something. */
function keyFile(name: string, may: readonly string[], key: KeyObject): string {
  const { x } = key.export({ format: "jwk" });
  const path = folder.at(name);
  writeFileSync(path, JSON.stringify({ keys: [{ id: "ops", owner: "Desk", key: x, may }] }));
  return path;
}

let counter = clock.wallMs();

/** Sends a command as the operator's program does. */
async function command(cmd: Command): Promise<CommandReport> {
  const nowSeconds = Math.floor(clock.wallMs() / 1_000);
  const commandId = randomUUID();
  counter += 1;
  const claims = {
    aud: audienceOf(DISTRICT, UNIT),
    jti: commandId,
    nbf: nowSeconds,
    exp: nowSeconds + 30,
    cnt: counter,
    why: "a test",
    cmd,
  };
  return await sendCommand({
    link: createMqttJsLink({ url: broker.url }),
    clock,
    topics: TOPICS,
    name: cmd.name,
    commandId,
    payload: signToken(claims, COMMAND_TOKEN_TYPE, "ops", signing.privateKey),
    validSeconds: 30,
    timeoutMs: 20_000,
  });
}

function startUnit(homeAssistant: boolean): Promise<Started> {
  return folder.start({
    mqtt: { url: broker.url, collector: true, telemetrySeconds: 1, homeAssistant },
    trust: { files: [folder.at("issuers.json")] },
    commands: {
      keys: keyFile(
        "commands.yaml",
        ["release", "lock-down", "evacuate", "message", "settings"],
        signing.publicKey,
      ),
    },
    data: {
      keys: keyFile("data.yaml", ["policy"], signing.publicKey),
      folder: folder.at("sets"),
    },
    // Nobody keeps the clock of a machine that only runs tests.
    clock: { vouchedBy: "nobody" },
  });
}

/** Stores what the unit says until it is told to stop. */
async function collect(key?: KeyObject): Promise<() => Promise<void>> {
  const archive = new SqliteRecordArchive(folder.at(`archive-${randomUUID()}.db`));
  const collector = createCollector({
    link: createMqttJsLink({ url: broker.url }),
    archive,
    clock,
    chance: () => 0.5,
    district: DISTRICT,
    ...(key === undefined ? {} : { key: { id: "collector", secret: key } }),
  });
  collector.start();
  await until("the collector is connected", () => collector.online());
  return async () => {
    await collector.stop();
    await archive.close();
  };
}

/** Announces a policy for whoever the topic is for, and hands out its parts when asked. */
async function distribute(version: number, audience: string, topic: string): Promise<void> {
  const policy = Buffer.from(
    `id: trial-${version}\nversion: ${version}\nclock: {whenUntrusted: grant}\nrules:\n  - {id: colour, kind: code-colour}\n`,
  );
  if (policy.length > CHUNK_BYTES) throw new Error("the policy has one part");
  const sha256 = sha256Of(policy);
  const blob: Blob = { sha256, size: policy.length, parts: [sha256] };
  const nowMs = clock.wallMs();
  const manifest = signManifest(
    {
      kind: "policy",
      version,
      audience,
      asOfMs: nowMs,
      issuedAtMs: nowMs,
      expiresMs: nowMs + DAY_MS,
      files: [blob],
      deltas: [],
    },
    "ops",
    signing.privateKey,
  );
  operator.on("message", (_topic, payload) => {
    if (readChunkRequest(payload)?.parts.includes(sha256) !== true) return;
    operator.publish(TOPICS.chunk(sha256), policy, { qos: 1 });
  });
  await operator.subscribeAsync(TOPICS.request, { qos: 1 });
  await operator.publishAsync(topic, manifest, { qos: 1, retain: true });
}

describe("a real unit, its collector and its operator", { timeout: 120_000 }, () => {
  it("say what the contract says, from birth to will", async () => {
    const green = pass("green");
    const stopCollecting = await collect();
    const unit = await startUnit(true);
    await Promise.all(
      ["birth", "discovery", "telemetry", "alarmRaised"].map((name) => heard(name)),
    );
    folder.show(pass("red"));
    await heard("visitDecided");
    folder.show(green);
    await heard("visitDecided", 2);
    folder.show(null);
    // Nothing opens twice: the release below is for whoever comes after this one.
    await unitShows(unit.url, ({ view }) => view.phase === "welcome");
    for (const cmd of [
      { name: "lock-down", active: true },
      { name: "lock-down", active: false },
      { name: "message", text: "back at two", forMs: 1_000 },
      { name: "release" },
    ] satisfies Command[]) {
      expect(await command(cmd)).toMatchObject({ result: "done" });
    }
    await command({ name: "settings", version: 1, values: { nonsense: true } });
    await distribute(2, audienceOf(DISTRICT), districtTopics(DISTRICT).manifest("policy"));
    await heard("policyChanged");
    await distribute(3, audienceOf(DISTRICT, UNIT), TOPICS.manifest("policy"));
    await heard("policyChanged", 2);
    await stopCollecting();
    await broker.stop();
    await unitShows(unit.url, ({ view }) =>
      view.alarms.some(({ kind }) => kind === "broker-unreachable"),
    );
    await broker.start();
    const stopAgain = await collect(signing.privateKey);
    await heard("signedAcknowledgement");
    await heard("alarmCleared");
    unit.process.kill("SIGKILL");
    await ended(unit.process);
    await heard("will");
    const discoveries = watch.channels.get("homeAssistant") ?? 0;
    const after = await startUnit(false);
    await until(
      "the announcement is taken back",
      () => (watch.channels.get("homeAssistant") ?? 0) > discoveries,
    );
    after.process.kill("SIGTERM");
    await ended(after.process);
    const config = parseUnitConfig(readFileSync(folder.at("unit.yaml"), "utf8"), "unit.yaml");
    if (config.mqtt === undefined) throw new Error("the unit has no broker");
    await tryBroker(config, config.mqtt, clock);
    await heard("trial");
    await stopAgain();
    expect(watch.problems).toEqual([]);
  });

  it("use every channel of the contract", () => {
    expect([...watch.channels].filter(([, times]) => times === 0)).toEqual([]);
  });

  it("name nobody", () => {
    expect(overheard.length).toBeGreaterThan(10_000);
    expect(overheard).not.toContain("11010519491231002X");
    expect(overheard).not.toContain(Buffer.from(NAME).toString("latin1"));
  });
});

describe("a simulated unit on a real broker", { timeout: 120_000 }, () => {
  const place = mkdtempSync(join(tmpdir(), "contract-"));
  let stage: DemoSession;

  beforeAll(async () => {
    stage = await openDemoSession({
      random: createRandom(5),
      folder: place,
      unitId: "unit-sim",
      venueName: { zh: "药房", en: "Pharmacy" },
      mqtt: { url: broker.url, version: "5" },
    });
    await stage.doorway.start();
  });

  afterAll(async () => {
    await stage.dispose();
    rmSync(place, { recursive: true, force: true });
  });

  it("says what the contract says, with people, cards and faults", async () => {
    const { control } = stage;
    for (const visitor of ["green-phone", "red-phone", "grandmother"]) {
      const decided = seen("visitDecided");
      await control.present(visitor);
      await until(`${visitor} is decided`, () => seen("visitDecided") > decided, 30_000);
      control.dismiss();
      await until("the door waits again", () => stage.doorway.view().phase === "welcome", 30_000);
    }
    control.setWorld({ clockErrorMs: 3_600_000, thermometerPlugged: false });
    await heard("clockStepped");
    const gateway = stage.doorway.gateway();
    await until("nobody walks through", () => gateway.state().passage === null, 30_000);
    stage.doorway.hardware.gpio.setFaulty(GATE_LINE, true);
    const request = { verdict: "grant", operator: "Li", why: "a delivery" } as const;
    const answer = await gateway.operatorDecide(request);
    expect(answer).toMatchObject({ done: false, code: "gate-failed" });
    await heard("gateNotReleased");
    expect(watch.problems).toEqual([]);
  });

  it("leaves no kind of message unseen, but for those listed with the reason", () => {
    const unseen = [...watch.messages].filter(([, times]) => times === 0).map(([name]) => name);
    expect(unseen).toEqual(Object.keys(UNSEEN));
  });
});

/** Messages this run does not bring about, and where they are. */
const UNSEEN: Readonly<Record<string, string>> = {
  exitRepeated: "presses of the exit button, a minute later: tests/src/core/damping.test.ts",
  databaseReplaced: "a unit whose database was damaged: tests/src/store",
};

describe("whoever holds messages to the contract", () => {
  const state = { unit: UNIT, availability: "offline", bootId: "b" };
  const said = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
  const good = { topic: TOPICS.state, payload: said(state), qos: 1, retain: true };

  it.each([
    ["what it allows", good, []],
    ["a topic that is not in it", { ...good, topic: "sentinel/1/d/trial/gossip" }, [/no channel/]],
    ["a field too many", { ...good, payload: said({ ...state, name: NAME }) }, [/as will: .*name/]],
    ["a wrong word", { ...good, payload: said({ ...state, availability: "away" }) }, [/as will/]],
    ["a message that was not retained", { ...good, retain: false }, [/retained: false/]],
    ["another quality of service", { ...good, qos: 0 }, [/QoS 0/]],
    ["an expiry where there is none", { ...good, expirySeconds: 60 }, [/must not expire/]],
    ["an empty message", { ...good, payload: new Uint8Array() }, [/empty/]],
    [
      "a part that is not what its topic says",
      { topic: TOPICS.chunk("0".repeat(64)), payload: said("part") },
      [/its hash is/],
    ],
  ])("sees %s", (_what, message, problems) => {
    const alone = new ContractWatch();
    alone.heard(message);
    expect(alone.problems).toEqual(problems.map((problem) => expect.stringMatching(problem)));
  });
});
