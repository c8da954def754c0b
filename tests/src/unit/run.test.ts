import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createIssuerKey, issueHealthPass } from "../../../src/credential/health-pass.ts";
import { publicIssuerFile } from "../../../src/credential/issuer-key.ts";
import { pseudonymOf } from "../../../src/credential/identity.ts";
import { DAY_MS, HOUR_MS } from "../../../src/core/time.ts";
import { GOOD_CONDITIONS, renderScene } from "../../../sim/camera/render.ts";
import { createRandom } from "../../../sim/random.ts";

const SIZE = { width: 640, height: 480 };
const DISTRICT_KEY = randomBytes(32);
const NODE = process.execPath;

/** A camera program: writes the picture in the file it is given, again and again, in odd pieces. */
const CAMERA = `
import { readFileSync } from "node:fs";
const show = () => {
  const frame = readFileSync(process.argv[1]);
  for (let at = 0; at < frame.length; at += 50001) process.stdout.write(frame.subarray(at, at + 50001));
};
setInterval(show, 100);
show();
`;

interface Started {
  process: ChildProcess;
  url: string;
}

const folder = mkdtempSync(join(tmpdir(), "unit-"));
const at = (name: string): string => join(folder, name);
const running: ChildProcess[] = [];

function pass(colour: "green" | "red"): string {
  const nowMs = Date.now();
  const key = createIssuerKey({
    issuer: "trial",
    algorithm: "EdDSA",
    notBeforeMs: nowMs - DAY_MS,
    notAfterMs: nowMs + DAY_MS,
    seed: new Uint8Array(32).fill(7),
  });
  writeFileSync(at("issuers.json"), JSON.stringify(publicIssuerFile([key], nowMs)));
  return issueHealthPass(key, {
    form: "live",
    serial: randomBytes(8).toString("hex"),
    issuedAtMs: nowMs,
    holder: { pseudonym: pseudonymOf(DISTRICT_KEY, "11010519491231002X"), maskedName: "王**" },
    colour,
    nucleicAcidTest: { result: "negative", sampledAtMs: nowMs - HOUR_MS },
  });
}

function camera(text: string | null): void {
  const scene = text === null ? null : { text, medium: "phone" as const };
  const { luminance } = renderScene(scene, GOOD_CONDITIONS, createRandom(1), SIZE);
  writeFileSync(at("next.gray"), luminance);
  // Replaced in one step: the camera program never reads half a picture.
  spawnSync("mv", [at("next.gray"), at("frame.gray")]);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function start(): Promise<Started> {
  const port = await freePort();
  writeFileSync(
    at("unit.yaml"),
    JSON.stringify({
      unitId: "trial",
      district: "d",
      policy: at("policy.yaml"),
      store: { path: at("unit.db") },
      keys: { district: at("district.key"), unit: at("unit.key") },
      trust: { files: [at("issuers.json")] },
      http: { port },
      devices: {
        gate: { file: at("gate") },
        camera: {
          source: "command",
          command: NODE,
          args: ["--input-type=module", "-e", CAMERA, at("frame.gray")],
          ...SIZE,
        },
        cardReader: { path: at("no-such-reader") },
      },
    }),
  );
  const child = spawn(NODE, ["src/cli/main.ts", "run", "--config", at("unit.yaml")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.push(child);
  return await new Promise((resolve, reject) => {
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      const url = /"url":"([^"]+)"/.exec(said)?.[1];
      if (url !== undefined) resolve({ process: child, url });
    });
    child.once("exit", (code) => reject(new Error(`the unit ended with ${code}: ${said}`)));
  });
}

interface Snapshot {
  view: { phase: string; reasons: { code: string }[]; alarms: { subject?: string }[] };
  visits: { outcome: string }[];
}

/** Waits on the unit's own live stream until it shows what is asked for. */
async function until(url: string, wanted: (snapshot: Snapshot) => boolean): Promise<Snapshot> {
  const response = await fetch(`${url}api/live`);
  const reader = response.body?.getReader();
  if (reader === undefined) throw new Error("the live stream has no body");
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the live stream ended");
    text += new TextDecoder().decode(value);
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const data = event.split("\n").find((row) => row.startsWith("data: "));
      if (data === undefined) continue;
      const snapshot = JSON.parse(data.slice(6)) as Snapshot;
      if (snapshot.view === undefined || !wanted(snapshot)) continue;
      await reader.cancel();
      return snapshot;
    }
  }
}

const gateLevel = (): string => readFileSync(at("gate"), "utf8").trim();

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => {
    child.once("exit", resolve);
  });
}

beforeAll(() => {
  writeFileSync(at("district.key"), DISTRICT_KEY.toString("hex"));
  writeFileSync(at("gate"), "0");
  writeFileSync(
    at("policy.yaml"),
    "id: trial\nversion: 1\nclock: {whenUntrusted: grant}\nvisit: {releaseMs: 10000}\nrules:\n  - {id: colour, kind: code-colour}\n",
  );
  camera(null);
  pass("green");
});

afterEach(async () => {
  for (const child of running.splice(0)) {
    child.kill("SIGKILL");
    await ended(child);
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a real unit as a process of its own", () => {
  it("opens its gate's line for a green code and not for a red one, with its card reader missing", async () => {
    const unit = await start();
    const missing = await until(unit.url, ({ view }) => view.alarms.length > 0);
    expect(missing.view.alarms.map((alarm) => alarm.subject)).toContain("card-reader");
    camera(pass("red"));
    const denied = await until(unit.url, ({ view }) => view.phase === "denied");
    expect(denied.view.reasons.map((reason) => reason.code)).toEqual(["code-red"]);
    expect(gateLevel()).toBe("0");
    camera(pass("green"));
    await until(unit.url, ({ view }) => view.phase === "granted");
    expect(gateLevel()).toBe("1");
    expect((await fetch(`${unit.url}healthz`)).status).toBe(200);
    const ready = await fetch(`${unit.url}readyz`);
    expect(await ready.text()).toContain("card-reader");
    const metrics = await (await fetch(`${unit.url}metrics`)).text();
    expect(metrics).toMatch(/outcome="granted"[^\n]* 1/);
    expect(metrics).not.toContain("王");
    unit.process.kill("SIGTERM");
    await ended(unit.process);
    expect(unit.process.exitCode).toBe(0);
    expect(gateLevel()).toBe("0");
  });

  it("refuses to start without a policy, in one clear line", () => {
    writeFileSync(at("bad.yaml"), "unitId: a\ndistrict: d\npolicy: /nowhere/policy.yaml\n");
    const run = spawnSync(NODE, ["src/cli/main.ts", "run", "--config", at("bad.yaml")], {
      encoding: "utf8",
    });
    expect(run.status).not.toBe(0);
    expect(run.stderr).toContain("/nowhere/policy.yaml");
    expect(run.stderr.trim().split("\n")).toHaveLength(1);
  });
});

describe("doctor", () => {
  it("tells what works and what does not, with a mend, and leaves the gate locked", () => {
    const run = spawnSync(
      NODE,
      ["src/cli/main.ts", "doctor", "--json", "--config", at("unit.yaml")],
      { encoding: "utf8" },
    );
    const { ok, findings } = JSON.parse(run.stdout) as {
      ok: boolean;
      findings: { what: string; state: string; mend?: string }[];
    };
    const state = Object.fromEntries(findings.map((finding) => [finding.what, finding.state]));
    expect(state).toMatchObject({
      policy: "ok",
      "district key": "ok",
      "trust lists": "ok",
      disk: "ok",
      camera: "ok",
      "card reader": "failed",
      thermometer: "absent",
      "gate line": "ok",
      broker: "absent",
    });
    expect(findings.filter((each) => each.state === "failed").every((each) => each.mend)).toBe(
      true,
    );
    expect([ok, run.status]).toEqual([false, 1]);
    expect(gateLevel()).toBe("0");
  });
});
