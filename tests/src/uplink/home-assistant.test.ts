/** The announcement to Home Assistant is one it takes, with sensors that get their values, and nothing to act on. */
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { ALARM_KINDS, DEVICE_NAMES } from "../../../src/core/alarm.ts";
import { initialState, type DoorwayState } from "../../../src/core/state.ts";
import { viewOf } from "../../../src/core/view/view-of.ts";
import { Tally } from "../../../src/health/telemetry.ts";
import {
  startTelemetryPublisher,
  type TelemetryPublisherOptions,
} from "../../../src/unit/telemetry-publisher.ts";
import { discoverySchema, telemetrySchema } from "../../../src/protocol/message-schemas.ts";
import { unitTopics } from "../../../src/protocol/topics.ts";
import { aPolicy, at, NOON_MS } from "../../support/core.ts";
import {
  DEVICE_DISCOVERY,
  DISCOVERY_TOPIC,
  render,
  spellOut,
  type Config,
} from "../../support/home-assistant.ts";

interface Sent {
  topic: string;
  payload: string;
  retain: boolean;
}

interface Rig {
  clock: VirtualClock;
  sent: Sent[];
  memory: Map<string, string>;
  link(ok: boolean): Promise<void>;
  change(change: Partial<DoorwayState>): Promise<void>;
  tellings(): string[];
  stop(): void;
}

const TOPICS = unitTopics("pudong", "door-1");
const ANNOUNCEMENT = "homeassistant/device/pudong/door-1/config";
const WORKING = Object.fromEntries(DEVICE_NAMES.map((name) => [name, true]));

function rig(
  options: Partial<TelemetryPublisherOptions> = {},
  memory = new Map<string, string>(),
): Rig {
  const clock = new VirtualClock(NOON_MS);
  const sent: Sent[] = [];
  const tally = new Tally();
  let state: DoorwayState = { ...initialState(aPolicy()), devices: WORKING };
  let online = false;
  let onLink: (ok: boolean) => void = () => {};
  let onChange: () => void = () => {};
  const telling = startTelemetryPublisher({
    clock,
    uplink: {
      online: () => online,
      onLink(listener) {
        onLink = listener;
        return () => {
          onLink = () => {};
        };
      },
      publish: async (topic, payload, { retain = false } = {}) => {
        sent.push({ topic, payload, retain });
        return online;
      },
      telemetry(values) {
        const payload = JSON.stringify({ atMs: clock.wallMs(), ...values });
        sent.push({ topic: TOPICS.telemetry, payload, retain: false });
      },
    },
    figures: () =>
      tally.figures(viewOf(state, { outbox: { pending: 3, state: "normal" } }, at()), 1),
    onChange(listener) {
      onChange = listener;
      return () => {
        onChange = () => {};
      };
    },
    machine: { memoryBytes: () => 90_000_000, temperatureC: () => 48.3 },
    telemetrySeconds: 30,
    unit: { unitId: "door-1", district: "pudong", name: "Community Pharmacy", version: "1.2.3" },
    homeAssistant: true,
    configured: DEVICE_NAMES,
    memory: {
      get: async (name) => memory.get(name),
      set: async (name, value) => void memory.set(name, value),
    },
    ...options,
  });
  return {
    clock,
    sent,
    memory,
    async link(ok) {
      online = ok;
      onLink(ok);
      await clock.run(0);
    },
    async change(change) {
      state = { ...state, ...change };
      onChange();
      await clock.run(0);
    },
    tellings: () =>
      sent.filter(({ topic }) => topic === TOPICS.telemetry).map(({ payload }) => payload),
    stop: () => telling.cancel(),
  };
}

async function announced(
  options: Partial<TelemetryPublisherOptions> = {},
): Promise<[Sent, string]> {
  const made = rig(options);
  await made.link(true);
  made.stop();
  const [announcement, ...more] = made.sent.filter(({ topic }) => topic.startsWith("home"));
  if (announcement === undefined || more.length > 0) throw new Error("not announced once");
  return [announcement, made.tellings()[0] ?? ""];
}

const componentsOf = (payload: string): Record<string, Config> =>
  spellOut(payload)["components"] as Record<string, Config>;

describe("the announcement", () => {
  it("is retained on a topic where Home Assistant looks for devices", async () => {
    const [{ topic, retain }] = await announced();
    expect([topic, retain]).toEqual([ANNOUNCEMENT, true]);
    expect(DISCOVERY_TOPIC.exec(topic)?.groups).toMatchObject({ component: "device" });
  });

  it("holds to Home Assistant's form of a device, and to our own contract", async () => {
    const [{ payload }] = await announced();
    const valid = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(DEVICE_DISCOVERY);
    expect([valid(spellOut(payload)), valid.errors]).toEqual([true, null]);
    expect(discoverySchema.safeParse(JSON.parse(payload)).error).toBeUndefined();
  });

  it("has sensors for outcomes, alarms, waiting records, each device and the temperature", async () => {
    const [{ payload }] = await announced();
    const components = componentsOf(payload);
    expect(Object.keys(components)).toEqual([
      "granted",
      "denied",
      "referred",
      "alarms",
      "mode",
      "records_waiting",
      "records_lost",
      "clock",
      ...DEVICE_NAMES.map((name) => name.replaceAll("-", "_")),
      "processor_temperature",
    ]);
    const ids = Object.values(components).map((component) => component["unique_id"]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("has nothing that Home Assistant could act on", async () => {
    const [{ payload }] = await announced();
    expect(payload).not.toMatch(/cmd|command|release|unlock|pl_prs/);
    const platforms = Object.values(componentsOf(payload)).map(({ platform }) => platform);
    expect([...new Set(platforms)].sort()).toEqual(["binary_sensor", "sensor"]);
  });

  it("names only what hangs on the unit and what the unit can measure", async () => {
    const made = rig({ machine: { memoryBytes: () => 90_000_000, temperatureC: () => undefined } });
    await made.change({ devices: { gate: true } });
    await made.link(true);
    made.stop();
    const components = Object.keys(componentsOf(made.sent.at(-1)?.payload ?? ""));
    expect(components).toContain("gate");
    expect(components).not.toContain("thermometer");
    expect(components).not.toContain("processor_temperature");
  });

  it("comes again when a device reports that was not there before", async () => {
    const made = rig();
    await made.change({ devices: { gate: true } });
    await made.link(true);
    await made.change({ devices: { gate: true, thermometer: false } });
    await made.clock.run(1_000);
    made.stop();
    const last = made.sent.filter(({ topic }) => topic === ANNOUNCEMENT).at(-1);
    expect(Object.keys(componentsOf(last?.payload ?? ""))).toContain("thermometer");
  });
});

describe("every sensor", () => {
  it("listens to what the unit tells, and finds its value there", async () => {
    const [{ payload }, telemetry] = await announced();
    for (const component of Object.values(componentsOf(payload))) {
      expect(component["state_topic"]).toBe(TOPICS.telemetry);
      expect(render(String(component["value_template"]), telemetry)).toMatch(/\S/);
    }
  });

  it("of several states has one that the unit can be in", async () => {
    const [{ payload }, telemetry] = await announced();
    const values = Object.values(componentsOf(payload)).map((component) => ({
      value: render(String(component["value_template"]), telemetry),
      among: component["options"] ?? [component["payload_on"], component["payload_off"]],
      limited: component["platform"] === "binary_sensor" || component["device_class"] === "enum",
    }));
    const limited = values.filter((each) => each.limited);
    expect(limited.length).toBeGreaterThan(DEVICE_NAMES.length);
    expect(limited.filter(({ value, among }) => !(among as unknown[]).includes(value))).toEqual([]);
  });

  it("is on while its device has failed", async () => {
    const made = rig();
    await made.link(true);
    await made.change({ devices: { ...WORKING, "card-reader": false } });
    await made.clock.run(1_000);
    made.stop();
    const [{ payload }] = await announced();
    const reader = componentsOf(payload)["card_reader"] ?? {};
    const said = made.tellings().map((text) => render(String(reader["value_template"]), text));
    expect(said).toEqual([reader["payload_off"], reader["payload_on"]]);
  });

  it("is available while the unit says it is online", async () => {
    const [{ payload }] = await announced();
    const { availability_topic, availability_template } = spellOut(payload);
    expect(availability_topic).toBe(TOPICS.state);
    const presence = JSON.stringify({ unit: "door-1", availability: "offline", bootId: "b" });
    // payload_not_available is "offline" unless said otherwise (const.py).
    expect(render(String(availability_template), presence)).toBe("offline");
  });

  it("tells its alarms beside their number", async () => {
    const alarm = { kind: ALARM_KINDS[0], raisedAtMs: 0 };
    const made = rig();
    await made.change({ alarms: [alarm] });
    await made.link(true);
    made.stop();
    const { json_attributes_template } =
      componentsOf(made.sent.find(({ topic }) => topic === ANNOUNCEMENT)?.payload ?? "")[
        "alarms"
      ] ?? {};
    expect(render(String(json_attributes_template), made.tellings()[0] ?? "")).toBe(
      JSON.stringify({ count: 1, inForce: [{ kind: alarm.kind }] }),
    );
  });
});

describe("switched off", () => {
  it("announces nothing", async () => {
    const made = rig({ homeAssistant: false });
    await made.link(true);
    made.stop();
    expect(made.sent.map(({ topic }) => topic)).toEqual([TOPICS.telemetry]);
  });

  it("after it was on takes the announcement back, once", async () => {
    const memory = new Map<string, string>();
    const before = rig({}, memory);
    await before.link(true);
    before.stop();
    const after = rig({ homeAssistant: false }, memory);
    await after.link(true);
    await after.link(false);
    await after.link(true);
    after.stop();
    expect(after.sent.filter(({ topic }) => topic === ANNOUNCEMENT)).toEqual([
      { topic: ANNOUNCEMENT, payload: "", retain: true },
    ]);
  });
});

describe("telemetry", () => {
  it("is told at the connection, at its interval, and holds to the contract", async () => {
    const made = rig();
    await made.clock.run(100_000);
    expect(made.tellings()).toHaveLength(0);
    await made.link(true);
    await made.clock.run(60_000);
    made.stop();
    expect(made.tellings().length).toBeGreaterThanOrEqual(3);
    for (const text of made.tellings()) {
      expect(telemetrySchema.safeParse(JSON.parse(text)).error).toBeUndefined();
    }
  });

  it("tells a change at once, and a flutter no more than once a second", async () => {
    const made = rig({ telemetrySeconds: 3_600 });
    await made.link(true);
    await made.clock.run(5_000);
    await made.change({ mode: "locked-down" });
    expect(made.tellings()).toHaveLength(2);
    for (let flutter = 0; flutter < 20; flutter++) {
      await made.change({ devices: { ...WORKING, gate: flutter % 2 === 0 } });
      await made.clock.run(100);
    }
    made.stop();
    expect(made.tellings().length).toBeLessThanOrEqual(5);
  });

  it("says nothing more once it is stopped", async () => {
    const made = rig();
    await made.link(true);
    made.stop();
    const before = made.sent.length;
    await made.change({ mode: "evacuation" });
    await made.clock.run(120_000);
    expect(made.sent).toHaveLength(before);
  });
});
