/** Everything that comes from outside, made hostile, against the simulated unit for a given time. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectSocket, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { connectAsync } from "mqtt";
import { delay } from "../../hal/clock.ts";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { createRandom, type Random } from "../../sim/kernel/random.ts";
import type { Credential } from "../../src/core/evidence/evidence.ts";
import { districtTopics, unitTopics } from "../../src/protocol/topics.ts";
import { printTable } from "../figures.ts";
import { besiege, type Besieged } from "./besieged.ts";
import {
  forgedCommand,
  forgedManifest,
  hostileCode,
  hostileFrame,
  hostileJson,
  noise,
  spoil,
} from "./fuzz.ts";
import { DISTRICT, UNIT } from "./story.ts";

export interface SiegeResult {
  /** How many of each were thrown. */
  thrown: Record<"mqtt" | "serial" | "frames" | "codes" | "http", number>;
  /** Gate releases and granted visits during the siege, and commands and sets of data believed. */
  opened: { releases: number; grants: number; commands: number; sets: number };
  /** Spoilt passes that held and said anything else than the signed one. */
  believed: number;
  /** The whole signed pass wrapped otherwise, or with bytes behind it: the same pass, the same reference. */
  readDespiteTail: number;
  /** Forged and broken sets of data that were offered and not taken. */
  setsRefused: number;
  /** Exceptions nobody caught. */
  crashes: string[];
  /** Longest wait for `/healthz`, and how often it was not 200. */
  slowestHealthMs: number;
  unhealthy: number;
  /** Heap and buffers after a collection, early in the siege and at its end. */
  heapEarlyMb: number;
  heapLateMb: number;
  /** Somebody with everything in order got in afterwards. */
  goodVisitorEntered: boolean;
}

/** A unit that answers later than this hangs, for whoever stands at its door. */
const HANG_MS = 5_000;
/** What a heap may grow by between its early and its late measurement: caches that fill once. */
const GROWTH_MB = 24;
const GOOD_VISITOR_MS = 30_000;
const MEGABYTE = 1_048_576;
const LARGE = 300_000;
/** Sockets that begin a request and never end it. */
const HELD_SOCKETS = 40;

const clock = createSystemClock();

/** Whether nothing crashed, hung, grew or opened. */
export function held(result: SiegeResult): boolean {
  const { opened, believed, crashes, slowestHealthMs, unhealthy } = result;
  const { heapEarlyMb, heapLateMb, goodVisitorEntered } = result;
  return (
    opened.releases +
      opened.grants +
      opened.commands +
      opened.sets +
      believed +
      crashes.length +
      unhealthy ===
      0 &&
    slowestHealthMs < HANG_MS &&
    heapLateMb - heapEarlyMb < GROWTH_MB &&
    goodVisitorEntered
  );
}

/** Besieges a unit for so many seconds. */
export async function siege(seconds: number, seed: number): Promise<SiegeResult> {
  const folder = mkdtempSync(join(tmpdir(), "sentinel-wire-"));
  const random = createRandom(seed);
  const crashes: string[] = [];
  const crashed = (error: unknown): void => {
    crashes.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  };
  process.on("uncaughtException", crashed).on("unhandledRejection", crashed);
  // The packet writer of the MQTT client and broker keeps four bytes for every length it ever wrote,
  // 16,384 at most. Cut from the pool they would each hold 8 KB, and look like memory that grows.
  const { poolSize } = Buffer;
  Buffer.poolSize = 0;
  let unit: Besieged | undefined;
  try {
    unit = await besiege(folder, random.fork("unit"));
    return await new Siege(unit, random, crashes).run(seconds);
  } finally {
    await unit?.stop();
    Buffer.poolSize = poolSize;
    process.off("uncaughtException", crashed).off("unhandledRejection", crashed);
    rmSync(folder, { recursive: true, force: true });
  }
}

class Siege {
  readonly #unit: Besieged;
  readonly #random: Random;
  readonly #crashes: string[];
  readonly #thrown = { mqtt: 0, serial: 0, frames: 0, codes: 0, http: 0 };
  #over = false;
  #believed = 0;
  #readDespiteTail = 0;
  #slowestHealthMs = 0;
  #unhealthy = 0;

  constructor(unit: Besieged, random: Random, crashes: string[]) {
    this.#unit = unit;
    this.#random = random;
    this.#crashes = crashes;
  }

  async run(seconds: number): Promise<SiegeResult> {
    this.#unit.standThere(true);
    const attacks = [
      this.#mqtt(this.#random.fork("mqtt")),
      this.#serial(this.#random.fork("serial")),
      this.#frames(this.#random.fork("frames")),
      this.#codes(this.#random.fork("codes")),
      this.#http(this.#random.fork("http")),
      this.#watchHealth(),
    ];
    await delay(clock, (seconds * 1_000) / 3);
    const heapEarlyMb = heapMb();
    await delay(clock, (seconds * 1_000 * 2) / 3);
    this.#over = true;
    await Promise.all(attacks);
    const heapLateMb = heapMb();
    const opened = this.#unit.opened();
    this.#unit.standThere(false);
    const goodVisitorEntered = await this.#goodVisitorEnters();
    return {
      thrown: this.#thrown,
      opened,
      believed: this.#believed,
      readDespiteTail: this.#readDespiteTail,
      setsRefused: this.#unit.setsRefused(),
      crashes: this.#crashes,
      slowestHealthMs: this.#slowestHealthMs,
      unhealthy: this.#unhealthy,
      heapEarlyMb,
      heapLateMb,
      goodVisitorEntered,
    };
  }

  async #mqtt(random: Random): Promise<void> {
    const client = await connectAsync(this.#unit.brokerUrl, { protocolVersion: 4 });
    const unit = unitTopics(DISTRICT, UNIT);
    const district = districtTopics(DISTRICT);
    const topics = [
      unit.acknowledgement,
      unit.command("release"),
      unit.command("evacuate"),
      unit.manifest("policy"),
      unit.chunk("0".repeat(64)),
      district.rebirth,
      district.manifest("directory"),
    ];
    while (!this.#over) {
      for (let burst = 0; burst < 10; burst++) {
        const payload = random.pick([
          () => hostileJson(random),
          () => forgedCommand(random, `${DISTRICT}/${UNIT}`, clock.wallMs()),
          () => forgedManifest(random, `${DISTRICT}/${UNIT}`, clock.wallMs()),
          () => noise(random, random.chance(0.02) ? LARGE : 2_000),
        ])();
        const retain = random.chance(0.1);
        await client.publishAsync(random.pick(topics), payload, { qos: 1, retain });
        this.#thrown.mqtt += 1;
      }
      const flawed = this.#unit.flawedCommand(random);
      await client.publishAsync(flawed.topic, flawed.payload, { qos: 1 });
      this.#thrown.mqtt += 1;
      await delay(clock, 50);
    }
    await client.endAsync();
  }

  async #serial(random: Random): Promise<void> {
    const { faults } = this.#unit.bench.serial;
    faults.tamper = (bytes, direction) => {
      if (direction === "to-peer" || !random.chance(0.7)) return bytes;
      this.#thrown.serial += 1;
      return random.pick([
        () => noise(random, 3_000),
        () => hostileFrame(random),
        () =>
          Buffer.concat([bytes.subarray(0, random.integer(0, bytes.length)), noise(random, 40)]),
        () => Buffer.concat([bytes, noise(random, 40)]),
      ])();
    };
    while (!this.#over) {
      faults.garbage = random.next() / 2;
      faults.flip = random.next() / 50;
      await delay(clock, 200);
    }
    delete faults.tamper;
    Object.assign(faults, { garbage: 0, flip: 0 });
  }

  async #frames(random: Random): Promise<void> {
    const { camera } = this.#unit.bench;
    while (!this.#over) {
      if (random.chance(0.4)) {
        const width = random.integer(1, 320);
        const height = random.integer(1, 240);
        const luminance = new Uint8Array(width * height).map(() => random.integer(0, 255));
        camera.showImage({ width, height, luminance });
      } else {
        const code = hostileCode(random, this.#unit.pass);
        // A whole pass is no attack, however it is wrapped and whatever hangs behind it.
        const { shown } = await this.#compare(code);
        const hostile = shown.isValid ? code.slice(1) : code;
        const text = Buffer.from(hostile).subarray(0, 900);
        camera.show({ text, medium: random.pick(["phone", "paper"]) });
      }
      this.#thrown.frames += 1;
      await delay(clock, 400);
    }
    camera.show(null);
  }

  async #codes(random: Random): Promise<void> {
    const { pass } = this.#unit;
    while (!this.#over) {
      for (let burst = 0; burst < 20; burst++) {
        const text = hostileCode(random, pass);
        const { good, shown } = await this.#compare(text);
        this.#thrown.codes += 1;
        if (!shown.isValid || text === pass) continue;
        // Neither what follows the end of a pass nor its wrapping is part of what was signed. What is
        // read must be the very same, its reference too: a pass wrapped anew is no new pass.
        if (isDeepStrictEqual(shown, good)) this.#readDespiteTail += 1;
        else this.#believed += 1;
      }
      await delay(clock, 50);
    }
  }

  /** The credential of a text beside that of the untouched pass at the same moment. */
  async #compare(text: string): Promise<{ good: Credential; shown: Credential }> {
    const { verifier, pass } = this.#unit;
    const at = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs(), wallTrusted: true };
    const good = await verifier.code(Buffer.from(pass), pass, at);
    return { good, shown: await verifier.code(Buffer.from(text), text, at) };
  }

  async #http(random: Random): Promise<void> {
    const { url } = this.#unit;
    const paths = ["", "kiosk", "api/unit", "api/live", "api/operator/decide", "metrics", "readyz"];
    const held: Socket[] = [];
    while (!this.#over) {
      if (held.length < HELD_SOCKETS) held.push(this.#heldSocket(new URL(url).port, random));
      const path = random.chance(0.5) ? random.pick(paths) : encodeURI(spoil(random, "api/unit"));
      const body = random.chance(0.05) ? "[".repeat(LARGE) : hostileJson(random);
      const headers = { "content-type": "application/json" };
      const asked = random.chance(0.5) ? { method: "POST", headers, body } : {};
      const signal = AbortSignal.timeout(1_000);
      // An answer, a refusal and a closed stream are all fine; a crash shows elsewhere.
      await fetch(new URL(path, url), { ...asked, signal }).then(
        (response) => response.body?.cancel(),
        () => {},
      );
      await this.#rawBytes(new URL(url).port, random);
      this.#thrown.http += 2;
      await delay(clock, 20);
    }
    for (const socket of held) socket.destroy();
  }

  /** A request, or a stream of what the unit does, that is begun and left standing. */
  #heldSocket(port: string, random: Random): Socket {
    const socket = connectSocket(Number(port), "127.0.0.1");
    socket.on("error", () => {});
    socket.write(
      random.pick([
        "GET /api/live HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /api/operator/decide HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n{",
        `GET / HTTP/1.1\r\nX: ${"x".repeat(2_000)}`,
      ]),
    );
    return socket;
  }

  /** What is no HTTP at all, or only begins like it. */
  async #rawBytes(port: string, random: Random): Promise<void> {
    const start = random.pick(["", "GET / HTTP/1.1\r\n", "POST /api/operator/decide HTTP/1.1\r\n"]);
    const socket = connectSocket(Number(port), "127.0.0.1");
    socket.on("error", () => {});
    socket.write(Buffer.concat([Buffer.from(start), noise(random, 500)]));
    await delay(clock, 5);
    socket.destroy();
  }

  async #watchHealth(): Promise<void> {
    while (!this.#over) {
      const beganMs = clock.monotonicMs();
      const status = await fetch(new URL("healthz", this.#unit.url)).then(
        (response) => response.status,
        () => 0,
      );
      this.#slowestHealthMs = Math.max(this.#slowestHealthMs, clock.monotonicMs() - beganMs);
      if (status !== 200) this.#unhealthy += 1;
      await delay(clock, 250);
    }
  }

  async #goodVisitorEnters(): Promise<boolean> {
    const before = this.#unit.opened().releases;
    const endMs = clock.monotonicMs() + GOOD_VISITOR_MS;
    while (clock.monotonicMs() < endMs) {
      await this.#unit.sendGoodVisitor();
      const nextMs = Math.min(endMs, clock.monotonicMs() + GOOD_VISITOR_MS / 3);
      while (clock.monotonicMs() < nextMs) {
        if (this.#unit.opened().releases > before) return true;
        await delay(clock, 50);
      }
    }
    return false;
  }
}

/** Of what is still referenced: after a full collection. */
function heapMb(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / MEGABYTE;
}

export async function run(args: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args,
    options: {
      seconds: { type: "string", default: "30" },
      seed: { type: "string", default: "1" },
    },
  });
  console.log(`wire: ${values.seconds} s of hostile input, seed ${values.seed}\n`);
  const result = await siege(Number(values.seconds), Number(values.seed));
  printTable(
    ["thrown at the unit", "times"],
    Object.entries(result.thrown).map(([what, times]) => [what, String(times)]),
  );
  console.log("");
  const { opened } = result;
  printTable(
    ["measured", "value"],
    [
      ["gate releases", String(opened.releases)],
      ["visits granted", String(opened.grants)],
      ["commands believed", String(opened.commands)],
      ["sets of data believed", String(opened.sets)],
      ["sets of data refused", String(result.setsRefused)],
      ["spoilt passes believed", String(result.believed)],
      ["whole passes read in other wrappings", String(result.readDespiteTail)],
      ["uncaught exceptions", String(result.crashes.length)],
      ["/healthz not 200", String(result.unhealthy)],
      ["slowest /healthz, ms", result.slowestHealthMs.toFixed(0)],
      ["memory at a third, MB", result.heapEarlyMb.toFixed(1)],
      ["memory at the end, MB", result.heapLateMb.toFixed(1)],
      ["good visitor afterwards", result.goodVisitorEntered ? "entered" : "DID NOT ENTER"],
      ["held", held(result) ? "yes" : "NO"],
    ],
  );
  for (const crash of result.crashes) console.log(`\n${crash}`);
  return held(result);
}
