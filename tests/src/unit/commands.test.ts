import { spawn } from "node:child_process";
import { createPrivateKey, generateKeyPairSync, randomUUID, type KeyObject } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { audienceOf } from "../../../src/protocol/command.ts";
import { LONGEST_COMMAND } from "../../../src/protocol/command.ts";
import { COMMAND_TOKEN_TYPE } from "../../../src/protocol/command.ts";
import type { MqttConnection } from "../../../src/mqtt/connection.ts";
import { createMqttJsLink } from "../../../src/mqtt/mqttjs.ts";
import { signToken } from "../../../src/protocol/signed-token.ts";
import { unitTopics } from "../../../src/protocol/topics.ts";
import { startMosquitto, type Mosquitto } from "../../support/mosquitto.ts";
import { ended, NODE, UnitFolder, until, type Started } from "./unit-process.ts";

const folder = new UnitFolder();
const topics = unitTopics("d", "trial");
let broker: Mosquitto;
let unit: Started;
let attacker: MqttConnection;

/** Runs `sentinel command` as an operator would. */
async function sentinel(
  args: readonly string[],
): Promise<{ status: number | null; output: string }> {
  const child = spawn(NODE, ["src/cli/main.ts", "command", ...args]);
  let output = "";
  const keep = (text: Buffer): void => {
    output += text.toString();
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  await ended(child);
  return { status: child.exitCode, output };
}

const TO_TRIAL = ["--unit", "trial", "--district", "d", "--why", "a test"];

const command = (name: string, ...args: string[]): ReturnType<typeof sentinel> =>
  sentinel([name, ...TO_TRIAL, "--key", folder.at("ops.json"), "--broker", broker.url, ...args]);

async function keygen(id: string, ...args: string[]): Promise<string> {
  const file = folder.at(`${id}.json`);
  const made = await sentinel(["keygen", "--id", id, "--owner", "Desk", "--out", file, ...args]);
  expect(made).toMatchObject({ status: 0 });
  return made.output;
}

const keyOf = (id: string): KeyObject =>
  createPrivateKey({
    key: JSON.parse(readFileSync(folder.at(`${id}.json`), "utf8")),
    format: "jwk",
  });

async function startUnit(): Promise<void> {
  unit = await folder.start({
    mqtt: { url: broker.url },
    commands: { keys: folder.at("command-keys.yaml") },
    // Nobody keeps the clock of a machine that only runs tests.
    clock: { vouchedBy: "nobody" },
  });
}

async function refusedFor(why: string): Promise<number> {
  const metrics = await (await fetch(`${unit.url}metrics`)).text();
  const line = new RegExp(`sentinel_commands_refused_total\\{why="${why}"\\} (\\d+)`).exec(metrics);
  // Not there is not zero: a count that appears with its first event has no increase to be seen.
  return Number(line?.[1]);
}

interface StoredBody {
  type: string;
  command?: string;
  mode?: string;
  authority?: { by: string; why: string };
}

function records(): StoredBody[] {
  const database = new Database(folder.at("unit.db"), { readonly: true });
  try {
    const rows = database.prepare("SELECT canonical FROM records ORDER BY seq").pluck().all();
    return rows.map((text) => (JSON.parse(String(text)) as { body: StoredBody }).body);
  } finally {
    database.close();
  }
}

let counter = Date.now();
const seconds = Math.floor(Date.now() / 1_000);

/** A release that would count, but for what is changed. */
function release(change: Record<string, unknown> = {}, id = "ops", key = keyOf("ops")): string {
  const claims = {
    aud: audienceOf("d", "trial"),
    jti: randomUUID(),
    nbf: seconds,
    exp: seconds + 200,
    cnt: counter++,
    why: "an attack",
    cmd: { name: "release" },
    ...change,
  };
  return signToken(claims, COMMAND_TOKEN_TYPE, id, key);
}

beforeAll(async () => {
  broker = await startMosquitto();
  const entries = [await keygen("ops"), await keygen("reader", "--may", "message")];
  const [first = "", second = ""] = entries;
  writeFileSync(folder.at("command-keys.yaml"), first + second.replace("keys:\n", ""));
  await startUnit();
  attacker = await createMqttJsLink({ url: broker.url }).connect({
    clientId: "attacker",
    cleanStart: true,
    sessionExpirySeconds: 0,
    keepAliveSeconds: 20,
    connectTimeoutMs: 5_000,
  });
  await until(
    unit.url,
    ({ view }) => !view.alarms.some(({ kind }) => kind === "broker-unreachable"),
  );
}, 60_000);

afterAll(async () => {
  await attacker.close();
  await folder.killAll();
  await broker.dispose();
  folder.remove();
});

describe("a key to command with", { timeout: 60_000 }, () => {
  it("is readable by its owner only, and is not made twice", async () => {
    expect(statSync(folder.at("ops.json")).mode & 0o777).toBe(0o600);
    const file = folder.at("ops.json");
    const again = await sentinel(["keygen", "--id", "ops", "--owner", "x", "--out", file]);
    expect(again.status).toBe(2);
  });

  it("signs without a broker too, each time with another counter", async () => {
    const args = ["release", ...TO_TRIAL, "--key", folder.at("ops.json")];
    const texts = [await sentinel(args), await sentinel(args)];
    const counters = texts.map(({ output }) => {
      const [topic = "", token = ""] = output.trim().split("\n");
      expect(topic).toBe("sentinel/1/d/trial/cmd/release");
      const claims = Buffer.from(token.split(".")[1] ?? "", "base64url").toString();
      return (JSON.parse(claims) as { cnt: number }).cnt;
    });
    expect(counters[1]).toBeGreaterThan(counters[0] ?? Infinity);
  });
});

describe("a real unit", { timeout: 60_000 }, () => {
  it.each([
    [
      "forged",
      "signature-invalid",
      () => release({}, "ops", generateKeyPairSync("ed25519").privateKey),
    ],
    ["under an unknown key", "key-unknown", () => release({}, "nobody")],
    ["not this key's to give", "not-allowed", () => release({}, "reader", keyOf("reader"))],
    ["expired", "expired", () => release({ nbf: seconds - 100, exp: seconds - 1 })],
    [
      "of the future",
      "not-yet-valid",
      () => release({ nbf: seconds + 3_600, exp: seconds + 3_660 }),
    ],
    ["valid for too long", "valid-too-long", () => release({ exp: seconds + 86_400 })],
    ["for another unit", "wrong-audience", () => release({ aud: "d/another" })],
    ["without a reason", "malformed", () => release({ why: "" })],
    ["that is no token", "malformed", () => "open the door"],
    ["that is too large", "too-large", () => release({ more: "x".repeat(LONGEST_COMMAND) })],
  ])("does nothing on a command %s, and counts it", async (_name, why, make) => {
    const before = await refusedFor(why);
    await attacker.publish({ topic: topics.command("release"), payload: make(), qos: 1 });
    await expect.poll(() => refusedFor(why), { timeout: 10_000 }).toBe(before + 1);
    expect(folder.gate()).toBe("0");
    expect(records().filter(({ type }) => type === "gate-released")).toEqual([]);
  });

  it("opens for a good one, says so, records who and why, and not again for its copy", async () => {
    const heard = new Promise<string>((resolve) => {
      attacker.onMessage(({ payload }) => resolve(Buffer.from(payload).toString()));
    });
    await attacker.subscribe([{ filter: topics.command("release"), qos: 1 }]);
    const { status, output } = await command("release");
    expect([status, output]).toEqual([0, "trial did it: release\n"]);
    expect(folder.gate()).toBe("1");
    expect(records().filter(({ type }) => type === "gate-released")).toMatchObject([
      { type: "gate-released", cause: "command", authority: { by: "ops", why: "a test" } },
    ]);
    await attacker.publish({ topic: topics.command("release"), payload: await heard, qos: 1 });
    await expect.poll(() => refusedFor("replayed"), { timeout: 10_000 }).toBeGreaterThan(0);
    expect(records().filter(({ type }) => type === "gate-released")).toHaveLength(1);
  });

  it("shows a message", async () => {
    expect(await command("message", "--text", "请稍候")).toMatchObject({ status: 0 });
    await until(unit.url, ({ view }) => view.message === "请稍候");
  });

  it("stays locked down through a power cut, until it is lifted", async () => {
    expect(await command("lock-down")).toMatchObject({ status: 0 });
    await folder.killAll();
    await startUnit();
    const { view } = await until(unit.url, (each) => each.view.mode === "locked-down");
    expect(view.alarms.map(({ kind }) => kind)).toContain("locked-down");
    const refused = await command("release", "--json");
    expect([refused.status, JSON.parse(refused.output)]).toEqual([
      1,
      expect.objectContaining({ result: "refused", detail: "the unit is locked down" }),
    ]);
    expect(folder.gate()).toBe("0");
    expect(await command("lock-down", "--lift")).toMatchObject({ status: 0 });
    await until(unit.url, (each) => each.view.mode === "normal");
    const modes = records().filter(({ type }) => type === "mode-changed");
    expect(modes.map(({ mode }) => mode)).toEqual(["locked-down", "locked-down", "normal"]);
  });

  it("stays locked down though the power cut cost it its database", async () => {
    expect(await command("lock-down")).toMatchObject({ status: 0 });
    await folder.killAll();
    for (const end of ["", "-wal", "-shm"]) {
      writeFileSync(folder.at(`unit.db${end}`), "the card has forgotten");
    }
    await startUnit();
    await until(unit.url, (each) => each.view.mode === "locked-down");
    expect(await command("lock-down", "--lift")).toMatchObject({ status: 0 });
  });

  it("keeps evacuating through a power cut: the way is open again without anybody's doing", async () => {
    expect(await command("evacuate")).toMatchObject({ status: 0 });
    await folder.killAll();
    await startUnit();
    await until(unit.url, (each) => each.view.mode === "evacuation");
    await expect.poll(() => folder.gate(), { timeout: 10_000 }).toBe("1");
    expect(await command("evacuate", "--lift")).toMatchObject({ status: 0 });
    await expect.poll(() => folder.gate(), { timeout: 10_000 }).toBe("0");
  });

  it("that starts before its last good time believes neither its clock nor a command", async () => {
    await folder.killAll();
    const lastGood = (ms: number): void => {
      const database = new Database(folder.at("unit.db"));
      const write = "INSERT OR REPLACE INTO settings VALUES ('clock.last-good-ms', ?)";
      database.prepare(write).run(String(ms));
      database.close();
    };
    lastGood(Date.now() + 86_400_000);
    await startUnit();
    await until(unit.url, ({ view }) => view.alarms.some(({ kind }) => kind === "clock-untrusted"));
    const refused = await command("release");
    expect([refused.status, refused.output]).toEqual([1, "trial refused: clock-untrusted\n"]);
    const [step] = records().filter(({ type }) => type === "clock-stepped");
    expect(step).toMatchObject({ trusted: false });
    await folder.killAll();
    lastGood(Date.now());
    await startUnit();
  });

  it("goes by settings from afar, also after a power cut, and tells which", async () => {
    const reports: { version: number; values: object; refused?: object }[] = [];
    attacker.onMessage(({ topic, payload }) => {
      if (topic === topics.settings) reports.push(JSON.parse(Buffer.from(payload).toString()));
    });
    await attacker.subscribe([{ filter: topics.settings, qos: 1 }]);
    await expect.poll(() => reports.at(-1)).toMatchObject({ version: 0 });
    writeFileSync(folder.at("values.yaml"), "telemetrySeconds: 1\nretentionDays: 7\n");
    const change = ["--values", folder.at("values.yaml"), "--settings-version"];
    expect(await command("settings", ...change, "5")).toMatchObject({ status: 0 });
    const inForce = { version: 5, values: { telemetrySeconds: 1, retentionDays: 7 } };
    await expect.poll(() => reports.at(-1)).toMatchObject(inForce);
    const again = await command("settings", ...change, "5");
    expect([again.status, again.output]).toEqual([
      1,
      "trial refused: version is not above 5, which is in force\n",
    ]);
    await expect.poll(() => reports.at(-1)).toMatchObject({ ...inForce, refused: { version: 5 } });
    const told = reports.length;
    await folder.killAll();
    await startUnit();
    await expect.poll(() => reports.length, { timeout: 10_000 }).toBeGreaterThan(told);
    expect(reports.at(-1)).toMatchObject(inForce);
  });

  it("that is not there is told apart from one that refuses", async () => {
    const { status, output } = await command("release", "--unit", "nobody", "--timeout", "1");
    expect(status).toBe(1);
    expect(output).toMatch(/no unit of that name has been on this broker/);
  });
});
