import { expect, it } from "vitest";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import type { DeviceName } from "../../../src/core/alarm.ts";
import { initialState } from "../../../src/core/state.ts";
import { viewOf } from "../../../src/core/view/view-of.ts";
import { Tally } from "../../../src/health/telemetry.ts";
import { startTelemetryPublisher } from "../../../src/unit/telemetry-publisher.ts";
import { discoverySchema } from "../../../src/protocol/message-schemas.ts";
import { aPolicy, at, NOON_MS } from "../../support/core.ts";

/** One boot of a unit with these devices, connected once. */
async function boot(
  devices: readonly DeviceName[],
  memory: Map<string, string>,
): Promise<{ published: number; announcements: string[] }> {
  const clock = new VirtualClock(NOON_MS);
  let online = false;
  let links: { broker?: boolean } = {};
  let onLink: (ok: boolean) => void = () => {};
  let onChange: () => void = () => {};
  let published = 0;
  const announcements: string[] = [];
  const working = Object.fromEntries(devices.map((name) => [name, true]));
  const publisher = startTelemetryPublisher({
    clock,
    uplink: {
      online: () => online,
      onLink(listener) {
        onLink = listener;
        return () => {};
      },
      publish: async (_topic, payload) => {
        announcements.push(payload);
        return true;
      },
      telemetry: () => void (published += 1),
    },
    figures: () => {
      const state = { ...initialState(aPolicy()), devices: working, links };
      const view = viewOf(state, { outbox: { pending: 0, state: "normal" } }, at());
      return new Tally().figures(view, 0);
    },
    onChange(listener) {
      onChange = listener;
      return () => {};
    },
    machine: { memoryBytes: () => 1, temperatureC: () => undefined },
    telemetrySeconds: 30,
    unit: { unitId: "door-1", district: "pudong", name: "Pharmacy", version: "1" },
    homeAssistant: true,
    configured: devices,
    memory: {
      get: async (name) => memory.get(name),
      set: async (name, value) => void memory.set(name, value),
    },
  });
  online = true;
  // The gateway learns of the link in the same moment, and changes the figures.
  links = { broker: true };
  onChange();
  onLink(true);
  await clock.run(2_000);
  publisher.cancel();
  return { published, announcements };
}

it("publishes its figures once at a connection, though the state changes with it", async () => {
  expect((await boot(["gate"], new Map())).published).toBe(1);
});

it("takes a device that was removed back from Home Assistant, and no other", async () => {
  const memory = new Map<string, string>();
  const [before] = (await boot(["gate", "card-reader"], memory)).announcements;
  const [after] = (await boot(["gate"], memory)).announcements;
  const [again] = (await boot(["gate", "card-reader"], memory)).announcements;
  const readerIn = (payload = "{}"): unknown =>
    discoverySchema.parse(JSON.parse(payload)).cmps["card_reader"];
  expect(readerIn(before)).toMatchObject({ p: "binary_sensor", name: "Card reader" });
  expect(readerIn(after)).toEqual({ p: "binary_sensor" });
  expect(readerIn(again)).toMatchObject({ name: "Card reader" });
  expect(Object.keys(discoverySchema.parse(JSON.parse(after ?? "{}")).cmps)).not.toContain("panel");
});
