import Fastify from "fastify";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RecordDraft } from "../../../src/core/record.ts";
import { Gateway } from "../../../src/gateway/gateway.ts";
import { Health } from "../../../src/health/health.ts";
import { openStore, type Store } from "../../../src/store/store.ts";
import { healthRoutes } from "../../../src/ui/health.ts";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { aCredential, aPolicy, NOON_MS } from "../../support/core.ts";
import { StubCardReader, StubCodeReader, StubGate } from "../../support/stub-devices.ts";

const HOLDER = "holder-of-a-secret-name";
const NAME = "欧阳**";
const REFERENCE = "code-nobody-may-see";

let clock: VirtualClock;
let store: Store;
let codes: StubCodeReader;
let cards: StubCardReader;
let gate: StubGate;
let gateway: Gateway;
let health: Health;
/** What the disk does; a test replaces it. */
let disk: (name: string, value: string) => Promise<void>;

beforeEach(async () => {
  clock = new VirtualClock(NOON_MS);
  store = openStore({ path: ":memory:", unitId: "unit-1", clock });
  codes = new StubCodeReader();
  cards = new StubCardReader();
  gate = new StubGate();
  let refs = 0;
  disk = (name, value) => store.settings.set(name, value);
  health = new Health({
    unitId: "unit-1",
    version: "1.2.3",
    clock,
    gateway: () => gateway,
    store: { outbox: store.outbox, settings: { set: (name, value) => disk(name, value) } },
  });
  gateway = new Gateway({
    clock,
    references: { next: () => `ref-${++refs}` },
    policy: aPolicy(),
    devices: { codeReaders: [codes], cardReaders: [cards], gate },
    store: { commit: (draft: RecordDraft) => store.commit(draft) },
    verifier: {
      code: async () =>
        aCredential({ reference: REFERENCE, holder: { pseudonym: HOLDER, maskedName: NAME } }),
      card: async () => aCredential({ kind: "resident-id" }),
      freshness: () => ({ trustListAsOfMs: NOON_MS - 3_600_000 }),
    },
    outbox: store.outbox,
    onStep: (turn) => health.sawTurn(turn),
    onTimings: (timings) => health.sawVisit(timings),
  });
  await gateway.start();
});

afterEach(async () => {
  await gateway.stop();
  await store.close();
});

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
};

describe("being alive", () => {
  it("is a loop that turned and a database that committed, with nobody at the door", async () => {
    expect(await health.alive()).toMatchObject({ ok: true });
    expect(await store.settings.get("health.last-look-ms")).toBe(String(NOON_MS));
  });

  it("is not claimed before a first commit, however young the unit", async () => {
    disk = () => Promise.reject(new Error("disk I/O error"));
    const report = await health.alive();
    expect(report.ok).toBe(false);
    expect(report.parts).toContainEqual({
      name: "database",
      ok: false,
      detail: "no commit yet: disk I/O error",
    });
  });

  it("commits nothing of its own within 10 s of another commit, and does so after", async () => {
    let commits = 0;
    disk = async () => {
      commits += 1;
    };
    await health.alive();
    await clock.run(10_000);
    await health.alive();
    expect(commits).toBe(1);
    await clock.run(1);
    await health.alive();
    expect(commits).toBe(2);
  });

  it("ends with a database that answers no more", async () => {
    expect((await health.alive()).ok).toBe(true);
    disk = () => new Promise(() => {});
    await clock.run(10_001);
    const looking = health.alive();
    await clock.run(3_000);
    expect((await looking).ok).toBe(false);
  });

  it("asks a hanging database once, however many look", async () => {
    let asked = 0;
    disk = () => {
      asked += 1;
      return new Promise(() => {});
    };
    const looks = [health.alive(), health.alive(), health.alive()];
    await clock.run(3_000);
    expect((await Promise.all(looks)).map(({ ok }) => ok)).toEqual([false, false, false]);
    expect(asked).toBe(1);
  });

  it("ends with a loop that turns no more", async () => {
    const stuck = new Health({
      unitId: "unit-1",
      version: "1",
      clock,
      gateway: () => ({
        dispatch: () => {},
        progress: () => ({ lastTurnAtMs: -1, lastCommitAtMs: -1 }),
        view: () => gateway.view(),
      }),
      store,
    });
    expect((await stuck.alive()).parts).toContainEqual({ name: "decision-loop", ok: false });
  });
});

describe("being ready", () => {
  const fail = { state: "failed", kind: "gone", detail: "unplugged" } as const;

  it("tells each device, and needs the gate and one reader", async () => {
    expect((await health.ready()).ok).toBe(true);
    codes.health(fail);
    const withCards = await health.ready();
    expect(withCards.ok).toBe(true);
    expect(withCards.parts).toContainEqual({ name: "device/code-reader", ok: false });
    cards.health(fail);
    expect((await health.ready()).ok).toBe(false);
    codes.health({ state: "ok" });
    expect((await health.ready()).ok).toBe(true);
    gate.health(fail);
    expect((await health.ready()).ok).toBe(false);
  });

  it("does not need a broker", async () => {
    gateway.dispatch({ kind: "link-changed", link: "broker", ok: false });
    const report = await health.ready();
    expect(report.ok).toBe(true);
    expect(report.parts).toContainEqual({ name: "link/broker", ok: false });
  });
});

describe("metrics", () => {
  it("count a visit with its times and nothing of whoever it was", async () => {
    await clock.run(1_000);
    codes.show(REFERENCE);
    await settled();
    await clock.run(60_000);
    await settled();
    const { text } = await health.metrics();
    const visits = /sentinel_visits_total\{outcome="(\w+)"\} 1/.exec(text);
    expect(visits?.[1]).toBeDefined();
    expect(text).toContain("sentinel_decision_seconds_count 1");
    expect(text).toContain(`sentinel_outbox_pending ${store.outbox.pending()}`);
    expect(store.outbox.pending()).toBeGreaterThan(0);
    expect(text).toContain('sentinel_device_ok{device="gate"} 1');
    expect(text).toContain('sentinel_data_age_seconds{data="trust-list"} 3661');
    const visitRef = gateway.visits()[0]?.visitRef ?? "none";
    for (const secret of [HOLDER, NAME, REFERENCE, `"${visitRef}"`]) {
      expect(text).not.toContain(secret);
    }
  });

  it("count alarms when they are raised, and show those in force", async () => {
    gate.health({ state: "failed", kind: "gone", detail: "unplugged" });
    expect((await health.metrics()).text).toContain('sentinel_alarms{kind="device-failed"} 1');
    gate.health({ state: "ok" });
    const { text } = await health.metrics();
    expect(text).toContain('sentinel_alarms{kind="device-failed"} 0');
    expect(text).toContain('sentinel_alarms_raised_total{kind="device-failed"} 1');
  });
});

describe("the routes", () => {
  it("answer 200 and 503, and the figures in Prometheus' own format", async () => {
    const app = Fastify();
    healthRoutes(app, health);
    expect((await app.inject("/healthz")).statusCode).toBe(200);
    expect((await app.inject("/readyz")).statusCode).toBe(200);
    gate.health({ state: "failed", kind: "gone", detail: "unplugged" });
    expect((await app.inject("/readyz")).statusCode).toBe(503);
    const metrics = await app.inject("/metrics");
    expect(metrics.headers["content-type"]).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(metrics.body).toContain('sentinel_info{unit="unit-1",version="1.2.3"} 1');
    await app.close();
  });
});
