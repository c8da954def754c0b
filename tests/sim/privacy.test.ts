import { beforeAll, describe, expect, it } from "vitest";
import { createInlineEngine } from "../../hal/drivers/code-reader/engine/engine.ts";
import { CREDENTIAL_SHAPES } from "../../src/credential/shapes.ts";
import { VirtualClock } from "../../sim/kernel/virtual-clock.ts";
import { seededDay } from "../../sim/seeds/seeded-day.ts";
import { loadFields } from "../../sim/scenario/load.ts";
import { runScenario } from "../../sim/scenario/run.ts";
import { traceLines, type TraceEntry } from "../../sim/kernel/trace.ts";
import { initialState } from "../../src/core/state.ts";
import { step } from "../../src/core/step.ts";
import { viewOf } from "../../src/core/view/view-of.ts";
import { Health } from "../../src/health/health.ts";
import { aPolicy, at, NOON_MS } from "../support/core.ts";

/** Whoever lays a card: what is on it is known to this test. */
const PEOPLE = {
  "known-1": { name: "欧阳明德", number: "11010519491231002X", address: "上海市奉贤区望园路1号" },
  "known-2": { name: "司马秀英", number: "310101198506150029", address: "上海市静安区愚园路2号" },
  "known-3": { name: "诸葛建国", number: "310104197011230031", address: "上海市徐汇区衡山路3号" },
  stranger: {
    name: "上官雨桐",
    number: "310115199902290048",
    address: "上海市浦东新区世纪大道4号",
  },
};

/** What left the unit, by where. */
interface Leavings {
  mqtt: string;
  health: string;
  sim: string;
  /** The text of every code that was read. */
  codes: string[];
}

async function aDay(seed: number): Promise<Leavings> {
  const inline = createInlineEngine({ cacheFrames: 4_000, wanted: CREDENTIAL_SHAPES });
  await inline.ready();
  const codes = new Set<string>();
  const engine = {
    ...inline,
    ready: () => inline.ready(),
    async decode(frame: Parameters<typeof inline.decode>[0]) {
      const result = await inline.decode(frame);
      for (const { text } of result.codes) codes.add(text);
      return result;
    },
  };
  const messages: string[] = [];
  const loaded = await loadFields({ ...seededDay(seed), people: PEOPLE }, `seed ${seed}`);
  const { trace, visits, totals } = await runScenario(loaded, {
    engine,
    onMessage: ({ topic, payload }) => messages.push(`${topic} ${payload}`),
  });
  const lines = [...visits, totals].map((line) => JSON.stringify(line));
  return {
    mqtt: messages.join("\n"),
    health: await healthOf(trace),
    sim: `${traceLines(trace)}${lines.join("\n")}`,
    codes: [...codes].filter((text) => text.length > 0),
  };
}

/** Everything the unit's health says after these turns: pages, metrics and telemetry. */
async function healthOf(trace: readonly TraceEntry[]): Promise<string> {
  const clock = new VirtualClock(NOON_MS);
  let state = initialState(aPolicy());
  const freshness = { outbox: { pending: 0, state: "normal" as const } };
  const health = new Health({
    unitId: "door-1",
    version: "0",
    clock,
    gateway: () => ({
      dispatch() {},
      progress: () => ({ lastTurnAtMs: 0, lastCommitAtMs: 0 }),
      view: () => viewOf(state, freshness, at()),
    }),
    store: {
      settings: { set: async () => {} },
      outbox: { pending: () => 0, lost: () => 0, head: () => 0 },
    },
  });
  const said: unknown[] = [];
  for (const entry of trace) {
    if (entry.what !== "turn") continue;
    state = step(state, entry.event).state;
    health.sawTurn(entry);
    said.push(health.figures());
  }
  said.push(await health.alive(), await health.ready(), (await health.metrics()).text);
  return JSON.stringify(said);
}

/** Numbers that could be somebody's: 17 digits and a check digit that fits (GB 11643). */
function numbersIn(text: string): string[] {
  const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  return [...text.matchAll(/(?<!\d)\d{17}[\dX](?!\d)/g)]
    .map(([number]) => number)
    .filter((number) => {
      const sum = WEIGHTS.reduce(
        (total, weight, index) => total + weight * Number(number[index]),
        0,
      );
      return "10X98765432".charAt(sum % 11) === number[17];
    });
}

describe.each([1, 7])("on day %i nothing that leaves the unit", { timeout: 120_000 }, (seed) => {
  let day: Leavings;
  beforeAll(async () => {
    day = await aDay(seed);
  }, 120_000);

  it.each(["mqtt", "health", "sim"] as const)("over %s names a person", (where) => {
    const left = day[where];
    expect(left.length).toBeGreaterThan(500);
    for (const { name, number, address } of Object.values(PEOPLE)) {
      expect(left).not.toContain(name);
      expect(left).not.toContain(number);
      expect(left).not.toContain(address);
    }
    expect(numbersIn(left)).toEqual([]);
  });

  it("is of a day on which cards were laid", () => {
    for (const where of ["mqtt", "sim"] as const) expect(day[where]).toContain("resident-id");
  });

  it.each(["mqtt", "health", "sim"] as const)("over %s holds what a code said", (where) => {
    expect(day.codes.length).toBeGreaterThan(15);
    // A good part of a code is as bad as the whole of it.
    const parts = day.codes.map((text) => text.slice(-24));
    expect(parts.filter((part) => day[where].includes(part))).toEqual([]);
  });

  it.each(["mqtt", "health"] as const)("over %s holds even a masked name", (where) => {
    expect(day[where]).not.toMatch(/\p{Script=Han}\*/u);
  });
});

describe("this test", () => {
  it("knows a number when it sees one", () => {
    expect(numbersIn('"x":"11010519491231002X"')).toEqual(["11010519491231002X"]);
    expect(numbersIn("110105194912310021 1101051949123100211")).toEqual([]);
  });
});
