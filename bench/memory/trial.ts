/** One unit process at a doorway of stand-ins: a camera's program, a card reader on a pty, a broker. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { DAY_MS, HOUR_MS } from "../../src/core/time.ts";
import {
  createIssuerKey,
  issueHealthPass,
} from "../../src/credential/formats/health-pass/health-pass.ts";
import { pseudonymOf } from "../../src/credential/pseudonym.ts";
import { publicIssuerFile } from "../../src/credential/formats/health-pass/issuer-key.ts";
import { renderScene } from "../../sim/camera/render.ts";
import { GOOD_CONDITIONS } from "../../sim/camera/picture.ts";
import { createSamVChip, encodeCard, type SamVChip } from "../../sim/chips/sam-v.ts";
import { createRandom } from "../../sim/kernel/random.ts";
import { openFarEnd } from "../../tests/support/far-end.ts";
import { freePort, startMosquitto } from "../../tests/support/mosquitto.ts";
import { createPtyPair } from "../../tests/support/pty.ts";
import { cpuMs, descendantsOf } from "../processes.ts";
import type { Installation } from "./installation.ts";
import { openScreen, type Screen } from "./screen.ts";

const SIZE = { width: 1280, height: 720 };
const CAMERA = fileURLToPath(new URL("camera-process.ts", import.meta.url));
const PATIENCE_MS = 20_000;
const HOLDER = "11010519491231002X";
const CARD = encodeCard({
  type: "citizen",
  name: "王测试",
  sex: "female",
  nationCode: "01",
  birth: "19491231",
  address: "上海市奉贤区望园路1号",
  number: HOLDER,
  issuer: "上海市公安局",
  validFrom: "20200101",
  validTo: "20400101",
});
// The shortest times a policy may have.
const POLICY = `id: trial
version: 1
clock: {whenUntrusted: grant}
visit: {releaseMs: 500, resultMs: 500}
rules:
  - {id: colour, kind: code-colour}
`;

export interface Trial {
  pid: number;
  /** From the start of the process until its pages were served, and its CPU until then. */
  start: { ms: number; cpuMs: number };
  /** What else belongs to the unit, by what it is. */
  helpers(): { name: string; pid: number }[];
  readonly hasCardReader: boolean;
  readonly screen: Screen;
  /** One visitor comes, shows a code or a card, and goes; false when they were not let in. */
  visit(by: "code" | "card"): Promise<boolean>;
  stop(): Promise<void>;
}

/** Starts everything and waits until the screen greets. */
export async function startTrial(folder: string, installation: Installation): Promise<Trial> {
  const ends: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0)) await end();
  };
  try {
    return { ...(await setUp(folder, installation, ends)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** @param ends gets what has to be ended again, in that order */
async function setUp(
  folder: string,
  installation: Installation,
  ends: (() => Promise<unknown>)[],
): Promise<Omit<Trial, "stop">> {
  mkdirSync(folder, { recursive: true });
  const at = (name: string): string => join(folder, name);
  const broker = await startMosquitto(["allow_anonymous true"]);
  ends.push(() => broker.dispose());
  const reader = await plugReader();
  if (reader !== undefined) ends.push(() => reader.close());
  const showing = cameraPictures(at("frame.gray"));
  showing.hall();
  const port = await freePort();
  const operatorToken = randomBytes(16).toString("hex");
  const districtKey = randomBytes(32);
  const issue = issuer(districtKey, at("issuers.json"));
  writeFileSync(at("district.key"), districtKey.toString("hex"));
  writeFileSync(at("policy.yaml"), POLICY);
  writeFileSync(at("directory.jsonl"), knownHolder(districtKey));
  writeFileSync(at("gate"), "0");
  const config = {
    unitId: "trial",
    district: "d",
    policy: at("policy.yaml"),
    store: { path: at("unit.db") },
    keys: { district: at("district.key"), unit: at("unit.key") },
    trust: { files: [at("issuers.json")], directory: at("directory.jsonl") },
    mqtt: { url: broker.url, collector: false },
    http: { port, operatorToken },
    devices: {
      gate: { file: at("gate") },
      camera: {
        source: "command",
        command: process.execPath,
        args: [CAMERA, at("frame.gray")],
        ...SIZE,
      },
      ...(reader === undefined ? {} : { cardReader: { path: reader.path } }),
    },
  };
  writeFileSync(at("unit.yaml"), JSON.stringify(config));
  const unit = await startUnit(installation, at("unit.yaml"));
  ends.unshift(() => unit.stop());
  const screen = await openScreen(unit.url, operatorToken);
  ends.unshift(() => screen.close());
  const welcome = (): Promise<unknown> =>
    screen.until(({ phase }) => phase === "welcome", PATIENCE_MS);
  await welcome();
  return {
    pid: unit.pid,
    start: unit.start,
    helpers: () => helpersOf(unit.pid),
    hasCardReader: reader !== undefined,
    screen,
    async visit(by) {
      if (by === "card") reader?.chip.place(CARD);
      else showing.code(issue());
      const granted = await screen.until(({ phase }) => phase === "granted", PATIENCE_MS);
      showing.hall();
      reader?.chip.remove();
      await welcome();
      return granted !== undefined;
    },
  };
}

/** The picture the camera's program writes, replaced in one step. */
function cameraPictures(path: string): { code(text: string): void; hall(): void } {
  const random = createRandom(1);
  const hall = renderScene(null, GOOD_CONDITIONS, random, SIZE).luminance;
  const put = (picture: Uint8Array): void => {
    writeFileSync(`${path}.next`, picture);
    renameSync(`${path}.next`, path);
  };
  return {
    hall: () => put(hall),
    code: (text) =>
      put(renderScene({ text, medium: "phone" }, GOOD_CONDITIONS, random, SIZE).luminance),
  };
}

/** Green passes, each of another holder. */
function issuer(districtKey: Uint8Array, publicFile: string): () => string {
  const startMs = Date.now();
  const key = createIssuerKey({
    issuer: "trial",
    algorithm: "EdDSA",
    notBeforeMs: startMs - DAY_MS,
    notAfterMs: startMs + DAY_MS,
    seed: randomBytes(32),
  });
  writeFileSync(publicFile, JSON.stringify(publicIssuerFile([key], startMs)));
  return () => {
    const nowMs = Date.now();
    const serial = randomBytes(8).toString("hex");
    return issueHealthPass(key, {
      form: "live",
      serial,
      issuedAtMs: nowMs,
      holder: { pseudonym: pseudonymOf(districtKey, serial), maskedName: "王**" },
      colour: "green",
      nucleicAcidTest: { result: "negative", sampledAtMs: nowMs - HOUR_MS },
    });
  };
}

/** The directory of one: whoever the card belongs to. */
function knownHolder(districtKey: Uint8Array): string {
  const entry = {
    pseudonym: pseudonymOf(districtKey, HOLDER),
    colour: "green",
    asOfMs: Date.now(),
  };
  return `${JSON.stringify(entry)}\n`;
}

interface Reader {
  path: string;
  chip: SamVChip;
  close(): Promise<void>;
}

/** The simulated module behind a terminal of the kernel; none where there is no socat to make one. */
async function plugReader(): Promise<Reader | undefined> {
  if (!existsSync("/usr/bin/socat")) return undefined;
  const pair = await createPtyPair();
  const chip = createSamVChip({ clock: createSystemClock() });
  const far = await openFarEnd(pair.far, (bytes) => chip.receive(Uint8Array.from(bytes)));
  chip.onSend((bytes) => {
    far.send(bytes).catch(() => {});
  });
  return {
    path: pair.near,
    chip,
    async close() {
      await far.close();
      await pair.dispose();
    },
  };
}

interface StartedUnit {
  pid: number;
  start: Trial["start"];
  url: string;
  stop(): Promise<void>;
}

async function startUnit(installation: Installation, config: string): Promise<StartedUnit> {
  const { node, nodeFlags, program, workingFolder, environment } = installation;
  const startedAt = performance.now();
  const child = spawn(node, [...nodeFlags, program, "run", "--config", config], {
    cwd: workingFolder,
    env: { PATH: process.env.PATH, ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<number | null>((resolve) => {
    child.once("exit", resolve);
  });
  const url = await new Promise<string>((resolve, reject) => {
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4_000);
      const found = /"url":"([^"]+)"/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once("exit", (code) => reject(new Error(`the unit ended with ${code}: ${said}`)));
  });
  const pid = child.pid ?? 0;
  return {
    pid,
    start: { ms: performance.now() - startedAt, cpuMs: cpuMs(pid) },
    url,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** The unit's own processes; the camera's program stands for rpicam-vid and is not the unit's. */
function helpersOf(pid: number): { name: string; pid: number }[] {
  return descendantsOf(pid).flatMap(({ pid: helper, commandLine }) => {
    const command = commandLine.join(" ");
    // A decoder's first argument is its name.
    const program = commandLine.findIndex((word) => word.includes("decoder-process"));
    const decoder = program < 0 ? undefined : commandLine[program + 1];
    const guard = command.includes("guard-process") ? "gate guard" : undefined;
    const name = decoder ?? guard;
    return name === undefined ? [] : [{ name, pid: helper }];
  });
}
