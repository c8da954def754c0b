/** What Prometheus reads: whole, and named as its conventions ask (prometheus.io/docs/practices/naming). */
import parsePrometheusTextFormat, { type Family } from "parse-prometheus-text-format";
import { describe, expect, it } from "vitest";
import { Tally } from "../../../src/health/telemetry.ts";
import { UnitMetrics, type UplinkFigures } from "../../../src/health/metrics.ts";
import { initialState } from "../../../src/core/state.ts";
import { viewOf } from "../../../src/core/view/view-of.ts";
import type { Effect } from "../../../src/core/effect.ts";
import type { Event } from "../../../src/core/event.ts";
import type { ReleaseCause } from "../../../src/core/record.ts";
import { aPolicy, at, event } from "../../support/core.ts";

const UPLINK: UplinkFigures = {
  published: 12,
  acknowledged: 11,
  withoutSubscriber: 0,
  refused: 0,
  resent: 3,
  connections: 2,
  failedConnections: 4,
  commandsRefused: { expired: 2, replayed: 1 },
  acknowledgementsRefused: { unsigned: 6 },
};

function unitMetrics(uplink?: UplinkFigures): UnitMetrics {
  const state = {
    ...initialState(aPolicy()),
    devices: { gate: true, "code-reader": false },
    links: { broker: true },
  };
  return new UnitMetrics({
    unitId: "unit-1",
    version: "1.2.3",
    view: () => viewOf(state, { outbox: { pending: 5, state: "normal" } }, at()),
    outbox: { pending: () => 5, lost: () => 7, head: () => 40 },
    uplink: () => uplink,
    dataSets: () => ({
      reports: { trust: { version: 9, asOfMs: at().wallMs - 60_000 }, policy: {} },
      failures: { trust: { "signature-invalid": 2 } },
    }),
  });
}

async function families(uplink?: UplinkFigures): Promise<Family[]> {
  const metrics = unitMetrics(uplink);
  metrics.sawVisit({ readyAtMs: 1_000, decidedAtMs: 1_040, committedAtMs: 1_042 });
  return parsePrometheusTextFormat((await metrics.text()).text);
}

const own = (all: readonly Family[]): Family[] =>
  all.filter(({ name }) => name.startsWith("sentinel_"));

describe("telemetry", () => {
  it("names only refusals that happened", () => {
    const view = viewOf(initialState(aPolicy()), { outbox: { pending: 0, state: "normal" } }, at());
    const { commandsRefused } = new Tally().figures(view, 0, { expired: 2, replayed: 0 });
    expect(commandsRefused).toEqual({ expired: 2 });
  });
});

describe("metrics", () => {
  it("are read by a parser of the text format, each family with its help and type", async () => {
    const all = own(await families(UPLINK));
    expect(all.length).toBeGreaterThan(20);
    const poor = all.filter(
      ({ help, type, metrics }) => type === "UNTYPED" || help.length < 10 || metrics.length === 0,
    );
    expect(poor.map(({ name }) => name)).toEqual([]);
  });

  it("end in _total when they only grow, and nothing else does", async () => {
    for (const { name, type } of own(await families(UPLINK))) {
      expect([name, name.endsWith("_total")]).toEqual([name, type === "COUNTER"]);
    }
  });

  it("are in base units, named last", async () => {
    const all = own(await families(UPLINK));
    const scaled = /_(ms|milliseconds|minutes|hours|kb|mb|percent)(_|$)/;
    expect(all.filter(({ name }) => scaled.test(name))).toEqual([]);
    const times = all.filter(({ name, type }) => type === "HISTOGRAM" || name.includes("_age"));
    expect(times.length).toBeGreaterThan(3);
    expect(times.filter(({ name }) => !name.endsWith("_seconds"))).toEqual([]);
  });

  it("give the values they are asked for", async () => {
    const all = await families(UPLINK);
    const value = (name: string, labels: Record<string, string> = {}): string | undefined =>
      all
        .find((family) => family.name === name)
        ?.metrics.find((sample) =>
          Object.entries(labels).every(([k, v]) => sample.labels?.[k] === v),
        )?.value;
    expect(value("sentinel_outbox_pending")).toBe("5");
    expect(value("sentinel_outbox_lost_total")).toBe("7");
    expect(value("sentinel_records_total")).toBe("40");
    expect(value("sentinel_device_ok", { device: "code-reader" })).toBe("0");
    expect(value("sentinel_link_ok", { link: "broker" })).toBe("1");
    expect(value("sentinel_commands_refused_total", { why: "expired" })).toBe("2");
    expect(value("sentinel_acknowledgements_refused_total", { why: "unsigned" })).toBe("6");
    expect(value("sentinel_uplink_resent_total")).toBe("3");
    expect(value("sentinel_data_set_version", { set: "trust" })).toBe("9");
    expect(value("sentinel_data_set_age_seconds", { set: "trust" })).toBe("60");
    expect(value("sentinel_data_set_failures_total", { why: "signature-invalid" })).toBe("2");
    const decision = all.find(({ name }) => name === "sentinel_decision_seconds");
    expect(decision?.metrics[0]).toMatchObject({ count: "1", sum: "0.04" });
  });

  it("count each opening of the gate, and not each time it is held open longer", async () => {
    const turn = (event: Event, effects: readonly Effect[]): void =>
      metrics.sawTurn({ event, effects });
    const metrics = unitMetrics();
    const release = (cause: ReleaseCause): Effect => ({
      kind: "release-gate",
      releaseRef: "r",
      releaseMs: 1,
      cause,
    });
    turn(event({ kind: "record-committed", key: "a" }), [release("granted")]);
    turn(event({ kind: "contact-changed", contact: "fire", active: true }), [release("fire")]);
    turn(event({ kind: "timer-elapsed", timer: "hold-open", about: "" }), [release("fire")]);
    const { text } = await metrics.text();
    expect(text).toContain('sentinel_gate_releases_total{cause="granted"} 1');
    expect(text).toContain('sentinel_gate_releases_total{cause="fire"} 1');
    expect(text).toContain('sentinel_gate_releases_total{cause="command"} 0');
  });

  it("say what they can without an uplink", async () => {
    const all = own(await families());
    expect(all.map(({ name }) => name)).toContain("sentinel_uplink_published_total");
  });
});
