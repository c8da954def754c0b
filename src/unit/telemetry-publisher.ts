/** Publishes telemetry and the discovery message for Home Assistant. */
import type { KeyValueStore } from "../base/key-value-store.ts";
import { every, type Clock, type Timer } from "../../hal/clock.ts";
import { DEVICE_NAMES, type DeviceName } from "../core/alarm.ts";
import type { UnitFigures } from "../health/telemetry.ts";
import { discoveryOf, discoveryTopic, type AnnouncedUnit } from "../uplink/home-assistant.ts";
import type { Uplink } from "../uplink/uplink.ts";
import type { Machine } from "./platform.ts";

export interface TelemetryPublisherOptions {
  clock: Clock;
  uplink: Pick<Uplink, "onLink" | "online" | "publish" | "telemetry">;
  figures: () => UnitFigures;
  /** Called when the figures may have changed; returns a way to stop. */
  onChange: (listener: () => void) => () => void;
  machine: Machine;
  telemetrySeconds: number;
  unit: Pick<AnnouncedUnit, "unitId" | "district" | "root" | "name" | "version">;
  homeAssistant: boolean;
  /** The devices this unit is to have: an announced one that is not among them is removed. */
  configured: readonly DeviceName[];
  /** Remembers over restarts whether Home Assistant still holds an announcement. */
  memory: KeyValueStore;
}

const SECOND_MS = 1_000;
/** However much changes, telemetry is published no more than once in this time. */
const AT_MOST_EVERY_MS = 1_000;
const ANNOUNCED = "home-assistant.announced";
const DEVICES_ANNOUNCED = "home-assistant.devices";

/** Publishes at each connection, at each change that matters, and at regular intervals. */
export function startTelemetryPublisher(options: TelemetryPublisherOptions): Timer {
  const { clock, uplink, figures, telemetrySeconds } = options;
  const startedAtMs = clock.monotonicMs();
  let published = "";
  let announcedDevices: string | undefined;
  let soon: Timer | undefined;
  let heldUntilMs = -Infinity;
  const publish = (): void => {
    soon?.cancel();
    soon = undefined;
    if (!uplink.online()) return;
    heldUntilMs = clock.monotonicMs() + AT_MOST_EVERY_MS;
    const now = figures();
    published = stateOf(now);
    const uptimeMs = clock.monotonicMs() - startedAtMs;
    uplink.telemetry(telemetryOf(now, uptimeMs, options.machine));
    // Devices report one after another: one that came since the last announcement belongs in it.
    const devices = Object.keys(now.devices).join();
    if (devices === announcedDevices) return;
    announcedDevices = devices;
    announce(options, now).catch(() => {
      // Not stored, or not taken by the broker: the next connection announces again.
    });
  };
  const changed = (): void => {
    if (soon !== undefined || stateOf(figures()) === published) return;
    soon = clock.after(Math.max(0, heldUntilMs - clock.monotonicMs()), publish);
  };
  const forgetLink = uplink.onLink((ok) => {
    if (!ok) return;
    announcedDevices = undefined;
    // In a turn of its own: by then the gateway knows of the link, and one message shows both.
    soon?.cancel();
    soon = clock.after(0, publish);
  });
  const forgetChanges = options.onChange(changed);
  const again = every(clock, telemetrySeconds * SECOND_MS, publish);
  return {
    cancel() {
      again.cancel();
      soon?.cancel();
      forgetLink();
      forgetChanges();
    },
  };
}

function telemetryOf(
  figures: UnitFigures,
  uptimeMs: number,
  machine: Machine,
): Parameters<Uplink["telemetry"]>[0] {
  const temperatureC = machine.temperatureC();
  return {
    ...figures,
    uptimeSeconds: Math.floor(uptimeMs / SECOND_MS),
    memoryBytes: machine.memoryBytes(),
    ...(temperatureC === undefined ? {} : { temperatureC }),
  };
}

/** What is worth publishing at once; counts can wait for their turn. */
function stateOf({ mode, clock, alarms, devices, links, outbox }: UnitFigures): string {
  return JSON.stringify([mode, clock, alarms.inForce, devices, links, outbox.state]);
}

async function announce(
  options: TelemetryPublisherOptions,
  { devices }: UnitFigures,
): Promise<void> {
  const { uplink, unit, homeAssistant, configured, memory, machine, telemetrySeconds } = options;
  const topic = discoveryTopic(unit);
  const retain = true;
  if (homeAssistant) {
    const before = (await memory.get(DEVICES_ANNOUNCED))?.split(",") ?? [];
    const present = Object.keys(devices) as DeviceName[];
    const former = DEVICE_NAMES.filter((name) => before.includes(name));
    const discovery = discoveryOf({
      ...unit,
      devices: present,
      removed: former.filter((name) => !configured.includes(name)),
      hasTemperature: machine.temperatureC() !== undefined,
      telemetrySeconds,
    });
    // Stored first: an announcement that was not stored could never be removed.
    await memory.set(ANNOUNCED, "yes");
    await memory.set(DEVICES_ANNOUNCED, [...new Set([...former, ...present])].join());
    await uplink.publish(topic, JSON.stringify(discovery), { retain });
  } else if ((await memory.get(ANNOUNCED)) === "yes") {
    if (await uplink.publish(topic, "", { retain })) await memory.set(ANNOUNCED, "no");
  }
}
