/** One command for all units of a district, over a real broker, by the command line's own verb. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createSystemClock } from "../../../hal/linux/clock.ts";
import { commandCommand } from "../../../src/district/cli/command.ts";
import { makeSigningKey } from "../../../src/cli/support/signing-key.ts";
import {
  createCommandVerifier,
  type CommandVerifier,
} from "../../../src/uplink/command-verifier.ts";
import { stateMessage } from "../../../src/protocol/cloud-event.ts";
import type { MqttConnection } from "../../../src/mqtt/connection.ts";
import { createMqttJsLink } from "../../../src/mqtt/mqttjs.ts";
import { KeyRing } from "../../../src/protocol/signed-token.ts";
import { unitTopics } from "../../../src/protocol/topics.ts";
import { startMosquitto, type Mosquitto } from "../../support/mosquitto.ts";

const DISTRICT = "pudong";
const folder = mkdtempSync(join(tmpdir(), "sentinel-all-"));
const keyFile = join(folder, "ops.json");
const key = makeSigningKey(keyFile, "ops-1", "Desk");
const open: MqttConnection[] = [];
let broker: Mosquitto;

beforeAll(async () => {
  broker = await startMosquitto();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((connection) => connection.close()));
  process.exitCode = undefined;
});
afterAll(async () => {
  await broker.dispose();
  rmSync(folder, { recursive: true });
});

/** What this unit has obeyed, once it is there. */
type Obeyed = string[];

/** A unit as far as commands go: its presence, its desk, and its answers where it gives any. */
async function unit(
  unitId: string,
  { keys = { "ops-1": key.publicKey }, answers = true, online = true } = {},
): Promise<Obeyed> {
  const topics = unitTopics(DISTRICT, unitId);
  const connection = await createMqttJsLink({ url: broker.url }).connect({
    clientId: unitId,
    cleanStart: true,
    sessionExpirySeconds: 0,
    keepAliveSeconds: 20,
    connectTimeoutMs: 5_000,
  });
  open.push(connection);
  const values = new Map<string, string>();
  const desk: CommandVerifier = createCommandVerifier({
    unitId,
    district: DISTRICT,
    clock: createSystemClock(),
    keys: new KeyRing(keys),
    memory: {
      get: async (name) => values.get(name),
      set: async (name, value) => void values.set(name, value),
    },
  });
  const obeyed: Obeyed = [];
  connection.onMessage(({ topic, payload }) => {
    void desk.verify(topic.split("/").at(-1) ?? "", payload).then(async (verdict) => {
      if ("command" in verdict) obeyed.push(verdict.command.name);
      const { commandId } = verdict;
      if (commandId === undefined || !answers) return;
      const result = "refused" in verdict ? "refused" : "done";
      const answer = { commandId, result, detail: "as told", atMs: Date.now() };
      const text = JSON.stringify(answer);
      await connection.publish({ topic: topics.commandResult, payload: text, qos: 1 });
    });
  });
  await connection.subscribe([{ filter: topics.commandFilter, qos: 1 }]);
  const sender = { district: DISTRICT, unitId };
  const state = stateMessage(sender, online ? "online" : "offline", "b1");
  await connection.publish({ topic: topics.state, payload: state, qos: 1, retain: true });
  return obeyed;
}

/** Runs the verb; resolves with what it printed and its exit status. */
async function command(...words: string[]): Promise<{ lines: string[]; status: number }> {
  const lines: string[] = [];
  const usual = ["--district", DISTRICT, "--key", keyFile, "--why", "a drill"];
  const verb = commandCommand((line) => lines.push(line));
  await verb.parseAsync([...words, ...usual], { from: "user" });
  return { lines, status: Number(process.exitCode ?? 0) };
}

const toAll = (name: string, ...words: string[]): ReturnType<typeof command> =>
  command(name, "--all", "--broker", broker.url, ...words);

describe("a command to all", () => {
  it("is one signed text that every unit obeys once, and tells which did", async () => {
    const obeyed = [await unit("door-1"), await unit("door-2")];
    expect(await toAll("lock-down")).toEqual({
      lines: ["door-1 did it: as told", "door-2 did it: as told"],
      status: 0,
    });
    expect(obeyed).toEqual([["lock-down"], ["lock-down"]]);
    await toAll("lock-down", "--lift");
    expect(obeyed.map((each) => each.length)).toEqual([2, 2]);
  });

  it("names who is away and who says nothing, and then is no success", async () => {
    await unit("door-1");
    await unit("door-2", { online: false, answers: false });
    await unit("door-3", { answers: false });
    const { lines, status } = await toAll("message", "--text", "x", "--timeout", "3", "--json");
    expect(status).toBe(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      units: {
        "door-1": { result: "done" },
        "door-2": { result: "no-answer", detail: "it is offline" },
        "door-3": { result: "no-answer", detail: expect.stringMatching(/nothing within 3 s/) },
      },
    });
  });

  it.each([
    ["to let somebody in", ["release", "--all", "--unit", "door-1"], /unknown option/],
    ["to one and to all", ["evacuate", "--all", "--unit", "door-1"], /say which unit/],
    ["to nobody", ["evacuate"], /say which unit/],
    ["without a broker to ask", ["evacuate", "--all"], /needs --broker/],
  ])("is not given %s", async (_name, words, problem) => {
    await expect(command(...words)).rejects.toThrow(problem);
  });
});
