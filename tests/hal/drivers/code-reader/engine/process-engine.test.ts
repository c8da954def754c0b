/** The engine with its decoders in processes of their own: what it reads, and what it survives. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import type { CodeReading } from "../../../../../hal/devices.ts";
import { createCodeReader } from "../../../../../hal/drivers/code-reader/camera/reader.ts";
import { createDecoderWorker } from "../../../../../hal/drivers/code-reader/engine/decoder-worker.ts";
import { createProcessEngine } from "../../../../../hal/drivers/code-reader/engine/process-engine.ts";
import type { Luminance } from "../../../../../hal/drivers/code-reader/image/image.ts";
import { createSystemClock } from "../../../../../hal/linux/clock.ts";
import { createSimulatedCamera } from "../../../../../sim/camera/camera.ts";
import type { CodeScene } from "../../../../../sim/camera/face.ts";
import { renderScene } from "../../../../../sim/camera/render.ts";
import { GOOD_CONDITIONS } from "../../../../../sim/camera/picture.ts";
import { createRandom } from "../../../../../sim/kernel/random.ts";

const SIZE = { width: 640, height: 480 };
const clock = createSystemClock();
const toClose: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of toClose.splice(0)) await each.close();
});

function frame(scene: Partial<CodeScene> = {}): Luminance {
  const complete = { text: "A-CODE", medium: "phone" as const, ...scene };
  return renderScene(complete, GOOD_CONDITIONS, createRandom(3), SIZE);
}

/** Two pictures of the same size in one. */
function beside(left: Luminance, right: Luminance): Luminance {
  const width = 2 * left.width;
  const luminance = new Uint8Array(width * left.height);
  for (let row = 0; row < left.height; row++) {
    const start = row * left.width;
    luminance.set(left.luminance.subarray(start, start + left.width), row * width);
    luminance.set(right.luminance.subarray(start, start + left.width), row * width + left.width);
  }
  return { width, height: left.height, luminance };
}

function engineOf(onLost?: (error: Error) => void) {
  const engine = createProcessEngine({ clock, ...(onLost === undefined ? {} : { onLost }) });
  toClose.push(engine);
  return engine;
}

/** Tries again as long as it is refused, as a stream of frames does. */
async function untilDone<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  }
}

const textsOf = (engine: ReturnType<typeof engineOf>): Promise<string[]> =>
  untilDone(async () => (await engine.decode(frame())).codes.map(({ text }) => text));

/** A process id, for certain: a signal to process 0 would reach the tests themselves. */
function known(pid: number | undefined): number {
  if (pid === undefined) throw new Error("there is no decoder process");
  return pid;
}

const isAlive = (pid: number): boolean => {
  try {
    // A zombie has ended; only nobody has asked how yet.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

describe("the engine in processes", () => {
  test("reads the same as in place, with the bytes", async () => {
    const { codes } = await engineOf().decode(frame({ text: "größe 测试" }));
    expect(codes.map(({ text }) => text)).toEqual(["größe 测试"]);
    expect(codes[0]?.bytes).toEqual(new Uint8Array(new TextEncoder().encode("größe 测试")));
    expect(codes[0]?.corners).toHaveLength(4);
  });

  test("tells what only the slower steps read afterwards, with the frame's number", async () => {
    const engine = engineOf();
    const found = new Promise<[string | undefined, number]>((resolve) => {
      engine.onLateResult(({ codes }, number) => resolve([codes[0]?.text, number]));
    });
    await engine.decode(frame());
    const { codes } = await engine.decode(frame({ text: "DARK", darkMode: true }));
    expect(codes).toEqual([]);
    expect(await found).toEqual(["DARK", 1]);
  });

  test("reads every code in view on its first frame, whichever decoder looked first before", async () => {
    const engine = engineOf();
    const empty = renderScene(null, GOOD_CONDITIONS, createRandom(5), SIZE);
    for (let count = 0; count < 40; count++) await engine.decode(empty);
    const { codes } = await engine.decode(
      beside(frame({ text: "LEFT" }), frame({ text: "RIGHT" })),
    );
    expect(codes.map(({ text }) => text).sort()).toEqual(["LEFT", "RIGHT"]);
  });

  test("may have its frame overwritten as soon as it has answered", async () => {
    const engine = engineOf();
    const found = new Promise<string | undefined>((resolve) => {
      engine.onLateResult(({ codes }) => resolve(codes[0]?.text));
    });
    const picture = frame({ text: "OVERWRITTEN", darkMode: true });
    await engine.decode(picture);
    picture.luminance.fill(0);
    expect(await found).toBe("OVERWRITTEN");
  });

  test("refuses to decode after it was closed, and leaves no process behind", async () => {
    const engine = engineOf();
    await engine.ready();
    const pids = [known(engine.pids.quick), known(engine.pids.slow)];
    await engine.close();
    await expect(engine.decode(frame())).rejects.toThrow("was closed");
    expect(pids.map(isAlive)).toEqual([false, false]);
  });
});

describe("a poster in view", () => {
  const poster = frame({ text: "https://example.org/venue/12345", medium: "paper" });
  const withDark = beside(poster, frame({ text: "HC1:DARK", darkMode: true }));

  test("is told, and the certificate beside it is read afterwards all the same", async () => {
    const engine = createProcessEngine({ clock, wanted: ["^HC1:"] });
    toClose.push(engine);
    const found = new Promise<string[]>((resolve) => {
      engine.onLateResult(({ codes }) => resolve(codes.map(({ text }) => text)));
    });
    const { codes } = await engine.decode(withDark);
    expect(codes.map(({ text }) => text)).toEqual(["https://example.org/venue/12345"]);
    expect(await found).toEqual(["HC1:DARK"]);
  });

  test("is told of by the reader behind the certificate, if at all", async () => {
    const wanted = ["^HC1:"];
    const engine = createProcessEngine({ clock, wanted });
    const camera = createSimulatedCamera({ clock, random: createRandom(4), fps: 15 });
    camera.setConditions({ posters: ["https://example.org/venue/12345", "https://pay.example/c"] });
    camera.show({ text: "HC1:DARK", medium: "phone", darkMode: true });
    // The machine may be busy: the poster waits for as long as it takes here.
    const reader = createCodeReader({ camera, engine, clock, wanted, waitMs: 60_000 });
    const first = new Promise<CodeReading>((resolve) => {
      reader.onReading(resolve);
    });
    await reader.start();
    toClose.push({ close: () => reader.stop() }, engine);
    const { code, credentialShaped } = await first;
    expect([code.text, credentialShaped]).toEqual(["HC1:DARK", true]);
  });

  test("does not fill the budget again, however long it hangs there", async () => {
    const engine = createProcessEngine({ clock, wanted: ["^HC1:"], share: 0, maximumSavings: 40 });
    toClose.push(engine);
    const found: string[] = [];
    engine.onLateResult(({ codes }) => found.push(...codes.map(({ text }) => text)));
    const alone = beside(poster, renderScene(null, GOOD_CONDITIONS, createRandom(5), SIZE));
    // Longer than what is read may fill it again after.
    for (let count = 0; count < 170; count++) await engine.decode(alone);
    for (let count = 0; count < 10; count++) await engine.decode(withDark);
    expect(found).toEqual([]);
  });
});

describe("a decoder process", () => {
  test("that is killed is missed, said, and replaced", async () => {
    const lost: string[] = [];
    const engine = engineOf((error) => lost.push(error.message));
    await engine.ready();
    const former = known(engine.pids.quick);
    process.kill(former, "SIGKILL");
    await expect(
      (async () => {
        for (;;) await engine.decode(frame());
      })(),
    ).rejects.toThrow("the decoder was ended by SIGKILL; a new one is started");
    expect(await textsOf(engine)).toEqual(["A-CODE"]);
    expect(engine.pids.quick).not.toBe(former);
    expect(lost).toEqual(["the decoder was ended by SIGKILL; a new one is started"]);
  });

  test("goes before the unit where the machine's memory runs out", async () => {
    const engine = engineOf();
    await engine.ready();
    const adjustment = (pid: number | "self"): number =>
      Number(readFileSync(`/proc/${pid}/oom_score_adj`, "utf8"));
    expect(adjustment(known(engine.pids.quick))).toBeGreaterThan(adjustment("self"));
  });

  test("that dies among the slower steps does not disturb the cheap ones", async () => {
    const lost: string[] = [];
    const engine = engineOf((error) => lost.push(error.message));
    await engine.ready();
    const slow = known(engine.pids.slow);
    process.kill(slow, "SIGKILL");
    await untilGone(slow);
    expect(await textsOf(engine)).toEqual(["A-CODE"]);
    await expect
      .poll(() => lost, { timeout: 20_000 })
      .toEqual([expect.stringContaining("the thorough decoder")]);
  });

  test("that hangs is killed and replaced", async () => {
    const lane = createDecoderWorker({ clock, name: "decoder", jobMs: 2_000 });
    toClose.push(lane);
    await lane.ready();
    const former = known(lane.pid);
    process.kill(former, "SIGSTOP");
    await expect(lane.run(frame(), "cheap", [0])).rejects.toThrow("did not answer within 2000 ms");
    await untilGone(former);
    await untilDone(() => lane.ready());
    expect(lane.pid).not.toBe(former);
    expect((await lane.run(frame(), "cheap", [0])).codes).toHaveLength(1);
  });

  test("that grows is replaced after its answer", async () => {
    const lost: string[] = [];
    const lane = createDecoderWorker({
      clock,
      name: "decoder",
      mostBytes: 1,
      onLost: ({ message }) => lost.push(message),
    });
    toClose.push(lane);
    expect((await lane.run(frame(), "cheap", [0])).codes).toHaveLength(1);
    expect(lost).toEqual([expect.stringMatching(/^the decoder had grown to \d+ MB/)]);
    expect(lane.pid).toBeUndefined();
  });

  test("that cannot be started is not tried again for every frame", async () => {
    let starts = 0;
    let nowMs = 0;
    const lane = createDecoderWorker({
      clock: { ...clock, monotonicMs: () => nowMs },
      name: "decoder",
      startMs: 1,
      onLost: () => (starts += 1),
    });
    toClose.push(lane);
    // Each new process is waited for twice as long as the one before.
    for (const [atMs, started] of [
      [0, 1],
      [99, 1],
      [100, 2],
      [299, 2],
      [300, 3],
    ] as const) {
      nowMs = atMs;
      await expect(lane.ready()).rejects.toThrow("was not ready within 1 ms");
      expect(starts).toBe(started);
    }
  });

  test("does not outlive a unit that was killed", async () => {
    const holder = spawn(
      process.execPath,
      [fileURLToPath(new URL("engine-holder.ts", import.meta.url))],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const [line] = (await once(createInterface({ input: holder.stdout }), "line")) as [string];
    const pids = JSON.parse(line) as number[];
    expect(pids.map(isAlive)).toEqual([true, true]);
    holder.kill("SIGKILL");
    for (const pid of pids) await untilGone(pid);
  });
});
