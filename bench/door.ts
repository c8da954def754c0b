/** The door as a whole: from the first frame that holds a readable code, or a card's last byte, to the gate's line. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { createProcessEngine } from "../hal/drivers/code-reader/engine/process-engine.ts";
import { createCodeReader } from "../hal/drivers/code-reader/camera/reader.ts";
import { createGate } from "../hal/drivers/gate/guarded-line/gate.ts";
import { createSdtReader } from "../hal/drivers/card-reader/sdt/reader.ts";
import { createSystemClock } from "../hal/linux/clock.ts";
import { HOUR_MS } from "../src/core/time.ts";
import { CREDENTIAL_SHAPES } from "../src/credential/shapes.ts";
import { type VisitTimings } from "../src/gateway/visit-timings.ts";
import { openStore } from "../src/store/store.ts";
import { createSimulatedGpio } from "../sim/bus/gpio.ts";
import { createSimulatedGuard } from "../sim/bus/guard.ts";
import { createSimulatedSerial } from "../sim/bus/serial.ts";
import { renderScene } from "../sim/camera/render.ts";
import { GOOD_CONDITIONS } from "../sim/camera/picture.ts";
import { createSamVChip, encodeCard } from "../sim/chips/sam-v.ts";
import { SimulatedDistrict, DISTRICT_ISSUER } from "../sim/actors/district.ts";
import { pharmacyPolicy } from "../sim/actors/policy.ts";
import { createRandom } from "../sim/kernel/random.ts";
import { MemoryFiles } from "../sim/platform/memory-files.ts";
import { percentile, printTable, spread } from "./figures.ts";
import { composeBenchUnit } from "./platform.ts";
import { ReplayCamera } from "./replay-camera.ts";

const SIZE = { width: 1280, height: 720 };
const GATE_LINE = 17;
const HOLDER = "11010519491231002X";
const PEER_FRAMES = 60;
const PATIENCE_MS = 3_000;

/** `--visits N` (default 1000) by code, `--cards N` (default 100), `--no-peer`. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      visits: { type: "string", default: "1000" },
      cards: { type: "string", default: "100" },
      "no-peer": { type: "boolean", default: false },
    },
  });
  const folder = mkdtempSync(join(tmpdir(), "sentinel-bench-"));
  try {
    const door = await openDoor(folder);
    const visits = Number(values.visits);
    console.log(`${visits} visits by code at ${SIZE.width}x${SIZE.height}, 30 frames a second …`);
    const before = process.memoryUsage.rss();
    const codes = await door.byCode(visits);
    const after = process.memoryUsage.rss();
    const cards = await door.byCard(Number(values.cards));
    await door.close();
    report("first readable frame → gate line", codes, visits);
    report("card reader's last byte → gate line", cards, Number(values.cards));
    const mb = (bytes: number): string => (bytes / 1e6).toFixed(0);
    console.log(
      `memory of this process, which holds simulator and pictures too: ${mb(before)} MB before, ` +
        `${mb(after)} MB after; a unit's own: npm run bench -- memory`,
    );
    if (!values["no-peer"]) comparePeer(folder, door.frames, codes);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Door {
  /** Pictures for the peer: the same that the door saw. */
  frames: Uint8Array[];
  byCode(visits: number): Promise<VisitTimings[]>;
  byCard(visits: number): Promise<VisitTimings[]>;
  close(): Promise<void>;
}

/** A unit with a real engine in workers, a real store on the disk, and simulated wires. */
async function openDoor(folder: string): Promise<Door> {
  const clock = createSystemClock();
  const random = createRandom(1);
  const district = new SimulatedDistrict({
    random: random.fork("district"),
    startMs: clock.wallMs(),
  });
  const pseudonym = district.pseudonymOf(HOLDER);
  const hall = renderScene(null, GOOD_CONDITIONS, random, SIZE).luminance;
  const camera = new ReplayCamera(clock, hall, SIZE);
  const engine = createProcessEngine({ clock, wanted: CREDENTIAL_SHAPES });
  await engine.ready();
  const gpio = createSimulatedGpio(clock);
  const line = createSimulatedGuard({ gpio, line: GATE_LINE, clock, maximumMs: 1_000 });
  const serial = createSimulatedSerial({ clock });
  const chip = createSamVChip({ clock });
  serial.attach(chip);
  const base = pharmacyPolicy(clock.wallMs());
  const policy = { ...base, visit: { ...base.visit, releaseMs: 50, resultMs: 50 } };
  const files = new MemoryFiles(() => clock.wallMs());
  let passed: (timings: VisitTimings) => void = () => {};
  const unit = await composeBenchUnit({
    clock,
    unitId: "bench",
    district: "bench",
    store: openStore({ path: join(folder, "unit.db"), unitId: "bench", clock }),
    devices: {
      codeReaders: [createCodeReader({ camera, engine, clock, wanted: CREDENTIAL_SHAPES })],
      cardReaders: [createSdtReader({ host: serial, clock })],
      gate: createGate({ line, clock, maximumMs: 1_000 }),
    },
    close: () => engine.close(),
    policy,
    observer: { onTimings: (timings) => passed(timings) },
    authority: district,
    files,
  });
  const { gateway } = unit;
  await unit.start();
  const frames: Uint8Array[] = [];

  /** One visit: the temperature is taken, then something is shown; undefined when nothing came of it. */
  const visit = async (show: () => void): Promise<VisitTimings | undefined> => {
    const at = {
      monotonicMs: clock.monotonicMs(),
      wallMs: clock.wallMs(),
      wallTrusted: true,
    };
    gateway.dispatch({
      kind: "temperature-measured",
      evidence: {
        id: "temperature-1",
        kind: "temperature",
        trust: "observed",
        source: { name: "thermometer" },
        observedAt: at,
        estimateC: 36.5,
        skinC: 34.5,
        ambientC: 22,
        spreadK: 0.1,
      },
    });
    const timings = await new Promise<VisitTimings | undefined>((resolve) => {
      const giveUp = clock.after(PATIENCE_MS, () => resolve(undefined));
      passed = (each) => {
        giveUp.cancel();
        resolve(each);
      };
      show();
    });
    return timings?.gateAtMs === undefined ? undefined : timings;
  };

  const pass = (): string => {
    const nowMs = clock.wallMs();
    return district.issue(DISTRICT_ISSUER, {
      form: "live",
      serial: district.nextSerial(),
      issuedAtMs: nowMs,
      holder: { pseudonym, maskedName: "王**" },
      colour: "green",
      nucleicAcidTest: {
        result: "negative",
        sampledAtMs: nowMs - 20 * HOUR_MS,
        reportedAtMs: nowMs - 12 * HOUR_MS,
      },
    });
  };

  return {
    frames,
    async byCode(visits) {
      const timings: VisitTimings[] = [];
      for (let count = 0; count < visits; count++) {
        const scene = { text: pass(), medium: "phone" as const };
        const { luminance } = renderScene(scene, GOOD_CONDITIONS, random, SIZE);
        if (frames.length < PEER_FRAMES) frames.push(luminance);
        const done = await visit(() => camera.show(luminance));
        camera.show(hall);
        await camera.frames(2);
        if (done !== undefined) timings.push(done);
      }
      return timings;
    },
    async byCard(visits) {
      district.know({
        pseudonym,
        maskedName: "王**",
        roles: [],
        colour: "green",
        nucleicAcidTests: [{ result: "negative", sampledAtMs: clock.wallMs() - 20 * HOUR_MS }],
        antigenTests: [],
        asOfMs: clock.wallMs(),
      });
      district.handOver(files);
      await unit.reload();
      const card = encodeCard({
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
      const timings: VisitTimings[] = [];
      for (let count = 0; count < visits; count++) {
        const done = await visit(() => chip.place(card));
        chip.remove();
        await camera.frames(12);
        if (done !== undefined) timings.push(done);
      }
      return timings;
    },
    async close() {
      await unit.stop();
    },
  };
}

function report(title: string, timings: readonly VisitTimings[], visits: number): void {
  const stage = (name: string, from: keyof VisitTimings, to: keyof VisitTimings): string[] => [
    name,
    ...spread(timings.map((each) => Number(each[to]) - Number(each[from]))),
  ];
  console.log(`\n${title}: ${timings.length} of ${visits} visits were let in (milliseconds)\n`);
  printTable(
    ["stage", "p50", "p95", "p99"],
    [
      stage("read and decode", "readyAtMs", "decodedAtMs"),
      stage("verify", "decodedAtMs", "verifiedAtMs"),
      stage("decide", "verifiedAtMs", "decidedAtMs"),
      stage("record on disk", "decidedAtMs", "committedAtMs"),
      stage("gate line", "committedAtMs", "gateAtMs"),
      stage("whole", "readyAtMs", "gateAtMs"),
    ],
  );
}

function comparePeer(
  folder: string,
  frames: readonly Uint8Array[],
  timings: readonly VisitTimings[],
): void {
  const path = join(folder, "frames.gray");
  writeFileSync(path, Buffer.concat(frames));
  const script = new URL("peer.py", import.meta.url).pathname;
  const peer = spawnSync(
    "/usr/bin/python3",
    [script, path, String(SIZE.width), String(SIZE.height)],
    { encoding: "utf8", maxBuffer: 1 << 24 },
  );
  if (peer.status !== 0) {
    console.log(`\nthe peer did not run: ${peer.stderr || peer.error?.message}`);
    return;
  }
  const figures = JSON.parse(peer.stdout) as {
    opencv: string;
    read: number;
    frames: number;
    defaults: number[];
    qrOnly: number[];
  };
  const whole = timings.map((each) => Number(each.gateAtMs) - each.readyAtMs);
  console.log(
    `\nbeside it, decoding alone with pyzbar (OpenCV ${figures.opencv}) on ${figures.frames} of these frames; it read ${figures.read}\n`,
  );
  printTable(
    ["", "p50", "p95", "p99"],
    [
      ["pyzbar, its defaults", ...spread(figures.defaults)],
      ["pyzbar, QR codes only", ...spread(figures.qrOnly)],
      ["this unit, frame to gate", ...spread(whole)],
    ],
  );
  const ratio = percentile(figures.defaults, 0.5) / percentile(whole, 0.99);
  console.log(`\nthe peer's median is ${ratio.toFixed(1)} times this unit's p99`);
}
