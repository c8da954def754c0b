import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createSystemClock } from "../../../../hal/linux/clock.ts";
import { parseCollectorKeys } from "../../../../src/config/collector-keys.ts";
import { openStore } from "../../../../src/store/store.ts";
import { createMqttJsLink } from "../../../../src/mqtt/mqttjs.ts";
import { KeyRing } from "../../../../src/protocol/signed-token.ts";
import { createUplink } from "../../../../src/uplink/uplink.ts";
import { startMosquitto, type Mosquitto } from "../../../support/mosquitto.ts";
import { draft } from "../../../support/records.ts";
import { until } from "../../../support/until.ts";

const PROGRAM = "src/cli/main.ts";
const UNIT = "door-1";
const DISTRICT = "pudong";

let folder: string;
let broker: Mosquitto;
let running: ChildProcess[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "sentinel-collect-"));
  broker = await startMosquitto();
});

afterEach(async () => {
  for (const child of running) {
    const gone = once(child, "exit");
    if (child.exitCode === null && child.kill("SIGTERM")) await gone;
  }
  running = [];
  await broker.dispose();
  rmSync(folder, { recursive: true, force: true });
});

const path = (name: string): string => join(folder, name);
const argsOf = (key: string): string[] => [
  PROGRAM,
  "collect",
  "--broker",
  broker.url,
  "--district",
  DISTRICT,
  "--database",
  path("collector.db"),
  "--key",
  key,
];

async function collect(): Promise<string> {
  const child = spawn(process.execPath, argsOf(path("collector.key")));
  running.push(child);
  let said = "";
  child.stderr.on("data", (text: Buffer) => {
    said += text.toString();
  });
  await until("the keys are there", () => {
    try {
      return statSync(path("collector.key.units.yaml")).size > 0;
    } catch {
      return false;
    }
  });
  return said;
}

describe("sentinel collect --key", () => {
  it("makes a key, and with what it wrote for them units listen to it and to nobody else", async () => {
    await collect();
    expect(statSync(path("collector.key")).mode & 0o777).toBe(0o600);
    const file = path("collector.key.units.yaml");
    const keys = parseCollectorKeys(readFileSync(file, "utf8"), file);
    expect(keys).toMatchObject([{ owner: "collector of pudong", may: ["acknowledge"] }]);
    const clock = createSystemClock();
    const store = openStore({ path: path("unit.db"), unitId: UNIT, clock });
    const uplink = createUplink({
      link: createMqttJsLink({ url: broker.url, version: "5" }),
      outbox: store.outbox,
      clock,
      chance: () => 0,
      unitId: UNIT,
      district: DISTRICT,
      bootId: "boot-1",
      version: "test",
      acknowledgedBy: "collector",
      collectorKeys: new KeyRing(Object.fromEntries(keys.map(({ id, key }) => [id, key]))),
      retryMs: 100,
    });
    for (let number = 1; number <= 50; number++) await store.commit(draft(number));
    uplink.start();
    await until("the outbox is empty", () => store.outbox.pending() === 0);
    const refused = Object.values(uplink.counters().acknowledgementsRefused);
    expect(Math.max(...refused)).toBe(0);
    await uplink.stop();
    await store.close();
  });

  it("keeps its key over a restart", async () => {
    await collect();
    const before = readFileSync(path("collector.key"), "utf8");
    const [first] = running.splice(0);
    first?.kill("SIGTERM");
    if (first !== undefined) await once(first, "exit");
    const said = await collect();
    expect(said).not.toContain("made the key");
    expect(readFileSync(path("collector.key"), "utf8")).toBe(before);
  });

  it("says so when it is given the certificate's key", async () => {
    writeFileSync(path("tls.pem"), "-----BEGIN PRIVATE KEY-----\n");
    const outcome = await new Promise<{ code: unknown; said: string }>((resolve) => {
      execFile(process.execPath, argsOf(path("tls.pem")), (error, _out, said) =>
        resolve({ code: error?.code, said }),
      );
    });
    expect(outcome.code).toBe(2);
    expect(outcome.said).toContain("the certificate's key is --cert-key");
  });
});
