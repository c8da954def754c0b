import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { readDataSetReports } from "../../../src/protocol/data-set-reports.ts";
import { type DataSetReports } from "../../../src/protocol/data-set-reports.ts";
import type { MqttConnection } from "../../../src/mqtt/connection.ts";
import { districtTopics, unitOfTopic } from "../../../src/protocol/topics.ts";
import { connectAs } from "../../support/distribution.ts";
import { startMosquitto, type Mosquitto } from "../../support/mosquitto.ts";
import { until } from "../../support/until.ts";
import { ended, NODE, UnitFolder, type Started } from "./unit-process.ts";

const folders = new Map([
  ["door-1", new UnitFolder()],
  ["door-2", new UnitFolder()],
]);
const office = new UnitFolder();
const publishers: ChildProcess[] = [];
const reports = new Map<string, DataSetReports>();
let broker: Mosquitto;
let observer: MqttConnection;

interface Publisher {
  process: ChildProcess;
  output: () => string;
}

/** Runs `sentinel publish` as an operator would. */
function publish(...args: readonly string[]): Publisher {
  const child = spawn(NODE, ["src/cli/main.ts", "publish", ...args]);
  publishers.push(child);
  let output = "";
  const keep = (text: Buffer): void => {
    output += text.toString();
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  return { process: child, output: () => output };
}

async function published(
  ...args: readonly string[]
): Promise<{ status: number | null; output: string }> {
  const { process, output } = publish(...args, ...usual(), "--once", "--within", "60");
  await ended(process);
  return { status: process.exitCode, output: output() };
}

const usual = (): string[] => [
  "--district",
  "d",
  "--broker",
  broker.url,
  "--key",
  office.at("data.json"),
  "--folder",
  office.at("published"),
];

async function start(unitId: string): Promise<Started> {
  const folder = folders.get(unitId);
  if (folder === undefined) throw new Error(`no folder for ${unitId}`);
  return await folder.start({
    unitId,
    mqtt: { url: broker.url },
    data: { keys: office.at("data-keys.yaml"), folder: folder.at("sets") },
    clock: { vouchedBy: "nobody" },
    devices: { gate: { file: folder.at("gate") } },
  });
}

const versionOf = (unit: string, kind: keyof DataSetReports): number | undefined =>
  reports.get(unit)?.[kind]?.version;

function write(name: string, text: string): string {
  writeFileSync(office.at(name), text);
  return office.at(name);
}

const people = (count: number, asOfMs: number): string =>
  Array.from(
    { length: count },
    (_, index) => `${JSON.stringify({ pseudonym: `person-${index}-0123456789`, asOfMs })}\n`,
  ).join("");
const policy = (version: number): string => `id: town\nversion: ${version}\nrules: []\n`;

beforeAll(async () => {
  broker = await startMosquitto();
  const keygen = publish(
    "keygen",
    "--id",
    "data-1",
    "--owner",
    "Office",
    "--out",
    office.at("data.json"),
  );
  await ended(keygen.process);
  write("data-keys.yaml", keygen.output());
  observer = await connectAs(broker.url, "observer");
  observer.onMessage(({ topic, payload }) => {
    const said = readDataSetReports(payload);
    if (said?.availability === "online") reports.set(unitOfTopic(topic) ?? "", said.sets);
  });
  await observer.subscribe([{ filter: districtTopics("d").everyUnit.state, qos: 1 }]);
});

afterEach(async () => {
  for (const child of publishers.splice(0)) {
    child.kill("SIGKILL");
    await ended(child);
  }
});

afterAll(async () => {
  for (const folder of [...folders.values(), office]) {
    await folder.killAll();
    folder.remove();
  }
  await observer.close();
  await broker.dispose();
});

describe("sentinel publish", { timeout: 300_000 }, () => {
  it("brings a set to every unit that is there, and says so", async () => {
    const units = await Promise.all([start("door-1"), start("door-2")]);
    const done = await published("policy", write("policy.yaml", policy(5)));
    expect(done).toMatchObject({ status: 0 });
    for (const name of folders.keys()) expect(done.output).toContain(`${name} policy: version`);
    for (const { url } of units) {
      const metrics = await (await fetch(`${url}metrics`)).text();
      expect(metrics).toMatch(/sentinel_data_set_version\{set="policy"\} \d+/);
    }
  });

  it("brings a set to one unit alone", async () => {
    const done = await published(
      "directory",
      write("people.jsonl", people(5, 1)),
      "--unit",
      "door-2",
    );
    expect(done).toMatchObject({ status: 0 });
    expect(versionOf("door-2", "directory")).toBeGreaterThan(0);
    expect(versionOf("door-1", "directory")).toBeUndefined();
  });

  it("tells which unit did not take a set, and why", async () => {
    const before = versionOf("door-1", "policy");
    const args = ["policy", office.at("policy.yaml"), "--set-version", "9999999999"];
    const other = ["--folder", office.at("other")];
    const keygen = publish(
      "keygen",
      "--id",
      "data-1",
      "--owner",
      "X",
      "--out",
      office.at("other.json"),
    );
    await ended(keygen.process);
    const { process, output } = publish(
      ...args,
      ...usual(),
      ...other,
      "--key",
      office.at("other.json"),
      "--once",
      "--within",
      "5",
    );
    await ended(process);
    expect(process.exitCode).toBe(1);
    expect(output()).toContain("signature-invalid");
    expect(versionOf("door-1", "policy")).toBe(before);
  });

  it.each([
    ["a policy that does not parse", ["policy", "broken.yaml"], /broken\.yaml/],
    ["a file that is not there", ["trust", "nowhere.pem"], /nowhere\.pem/],
    [
      "a version that was given before",
      ["policy", "policy.yaml", "--set-version", "1"],
      /not above/,
    ],
    ["a directory without anybody", ["directory", "empty.jsonl"], /empty/],
  ])("signs nothing of %s", async (_name, [kind = "", file = "", ...more], words) => {
    write("broken.yaml", "id: town\nversion: one\n");
    write("empty.jsonl", "");
    const done = await published(kind, office.at(file), ...more);
    expect(done.status).toBe(2);
    expect(done.output).toMatch(words);
  });
});

describe("a unit that is killed at any moment of an update", { timeout: 300_000 }, () => {
  it("stands with the last good set and its date, and finishes the update", async () => {
    const folder = folders.get("door-1");
    if (folder === undefined) throw new Error("no folder");
    const first = await published(
      "directory",
      write("people.jsonl", people(500, 1)),
      "--as-of",
      "2026-01-01T00:00:00Z",
    );
    expect(first).toMatchObject({ status: 0 });
    const before = reports.get("door-1")?.directory;
    const serving = publish("directory", write("people.jsonl", people(40_000, 2)), ...usual());
    const parts = (): number => {
      const path = join(folder.at("sets"), "directory", "parts");
      return existsSync(path) ? readdirSync(path).length : 0;
    };
    await until("the update has begun", () => parts() > 3, 30_000);
    const stood: object[] = [];
    let kills = 0;
    for (let fetched = 0; parts() > 0 && kills < 4; kills++) {
      await until("it goes on", () => parts() > fetched + 4 || parts() === 0, 30_000);
      fetched = parts();
      await folder.killAll();
      reports.delete("door-1");
      await start("door-1");
      await until("it is back", () => reports.get("door-1") !== undefined, 30_000);
      const { version, asOfMs } = reports.get("door-1")?.directory ?? {};
      stood.push({ version, asOfMs });
      // What had come is still there.
      expect(parts() === 0 || parts() >= fetched - 1).toBe(true);
    }
    // The last kill may have met a unit that was done.
    expect(stood.slice(0, -1)).toEqual(stood.slice(1).map(() => before));
    await until(
      "the new set is in force",
      () => (versionOf("door-1", "directory") ?? 0) > (before?.version ?? Infinity),
      90_000,
    );
    expect(kills).toBeGreaterThan(2);
    expect(serving.output()).toContain("40000 people");
  });
});
