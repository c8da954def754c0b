import { afterEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import type { RecordBody } from "../../../src/core/record.ts";
import type { Instant } from "../../../src/core/time.ts";
import { loadUsedCodes } from "../../../src/gateway/used-codes.ts";
import { openStore, type Store } from "../../../src/store/store.ts";
import { START_MS } from "../../support/records.ts";

const clock = new VirtualClock(START_MS);
const open: Store[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((store) => store.close()));
});

const instant = (afterMs: number, wallTrusted = true): Instant => ({
  monotonicMs: afterMs,
  wallMs: START_MS + afterMs,
  wallTrusted,
});

interface Visit {
  afterMs?: number;
  outcome?: "granted" | "denied";
  trusted?: boolean;
  /** Another decision about the visit of this number. */
  about?: number;
  /** Of a live code; a card has none. */
  code?: string;
}

async function storeWith(...visits: Visit[]): Promise<Store> {
  const store = openStore({ path: ":memory:", unitId: "door-1", clock });
  open.push(store);
  for (const [index, visit] of visits.entries()) {
    const { afterMs = 0, outcome = "granted", trusted = true, code, about = index } = visit;
    const body: RecordBody = {
      type: "visit-decided",
      visitRef: `visit-${about}`,
      decision: { outcome, reasons: [], rules: [], policy: { id: "p", version: 1 } },
      evidence: [],
      decidedAfterMs: 0,
    };
    const personal = {
      holderPseudonym: "p",
      ...(code === undefined ? {} : { codeReference: code }),
    };
    await store.commit({ key: `key-${index}`, at: instant(afterMs, trusted), body, personal });
  }
  return store;
}

describe("codes used before a restart", () => {
  it("are known again, oldest first, with how long ago it was", async () => {
    const store = await storeWith({ code: "a" }, { code: "b", afterMs: 5_000 });
    expect(await loadUsedCodes(store, instant(60_000))).toEqual([
      { reference: "a", agoMs: 60_000 },
      { reference: "b", agoMs: 55_000 },
    ]);
  });

  it.each<[string, Visit]>([
    ["was turned away", { code: "a", outcome: "denied" }],
    ["showed no live code", {}],
  ])("do not include that of somebody who %s", async (_what, visit) => {
    expect(await loadUsedCodes(await storeWith(visit), instant(60_000))).toEqual([]);
  });

  it("do not include that of a grant that was taken back: its gate did not open", async () => {
    const taken = { code: "a", outcome: "denied", about: 0 } as const;
    const store = await storeWith({ code: "a" }, taken, { code: "b" });
    expect(await loadUsedCodes(store, instant(0))).toEqual([{ reference: "b", agoMs: 0 }]);
  });

  it.each<[string, boolean, boolean]>([
    ["then", false, true],
    ["now", true, false],
  ])("count as used this moment when the clock could not be believed %s", async (_w, then, now) => {
    const store = await storeWith({ code: "a", trusted: then });
    expect(await loadUsedCodes(store, instant(60_000, now))).toEqual([
      { reference: "a", agoMs: 0 },
    ]);
  });

  it("are as old as they are, also where the clock was set in between", async () => {
    const store = await storeWith({ code: "a" });
    const byMs = 12 * 3_600_000;
    const body = { type: "clock-stepped", byMs, trusted: true } as const;
    await store.commit({ key: "step", at: instant(5_000 + byMs), body });
    const now = instant(60_000 + byMs);
    expect(await loadUsedCodes(store, now)).toEqual([{ reference: "a", agoMs: 60_000 }]);
  });

  it.each([
    ["was set ahead unseen, and back", -86_400_000, 60_000],
    ["was ahead, and is set back", -30_000, 30_000],
  ])(
    "are never older than either reckoning says, where the clock %s",
    async (_what, byMs, agoMs) => {
      const store = await storeWith({ code: "a" });
      const body = { type: "clock-stepped", byMs, trusted: true } as const;
      await store.commit({ key: "step", at: instant(5_000), body });
      const [code] = await loadUsedCodes(store, instant(agoMs));
      expect(code?.agoMs).toBe(agoMs);
    },
  );

  it("are forgotten with their holder, and leave the unit with no record", async () => {
    const store = await storeWith({ code: "a-code-reference" });
    expect(JSON.stringify(await store.outbox.read(0, 10))).not.toContain("a-code-reference");
    await store.forget("p");
    expect(await loadUsedCodes(store, instant(60_000))).toEqual([]);
  });

  it("are none where the store cannot be read", async () => {
    const commit = (): Promise<never> => Promise.reject(new Error("no disk"));
    expect(await loadUsedCodes({ commit, recent: commit }, instant(0))).toEqual([]);
    expect(await loadUsedCodes({ commit }, instant(0))).toEqual([]);
  });
});
