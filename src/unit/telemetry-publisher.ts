/** What a unit tells of itself while it runs: its telemetry, and its announcement to Home Assistant. */
import process from "node:process";
import { every, type Clock, type Timer } from "../../hal/clock.ts";
import { DEVICE_NAMES, type DeviceName } from "../core/alarm.ts";
import type { UnitFigures } from "../health/telemetry.ts";
import { discoveryOf, discoveryTopic, type AnnouncedUnit } from "../uplink/home-assistant.ts";
import type { Uplink } from "../uplink/uplink.ts";

export interface TellingOptions {
  clock: Clock;
  uplink: Pick<Uplink, "onLink" | "online" | "publish" | "telemetry">;
  figures: () => UnitFigures;
  /** Called when the figures may have changed; returns a way to stop. */
  onChange: (listener: () => void) => () => void;
  /** Of the processor, °C. */
  temperature?: (() => number | undefined) | undefined;
  telemetrySeconds: number;
  unit: Pick<AnnouncedUnit, "unitId" | "district" | "root" | "name" | "version">;
  homeAssistant: boolean;
  /** The devices this unit is to have: an announced one that is not among them is taken back. */
  configured: readonly DeviceName[];
  /** Remembers over restarts whether Home Assistant still holds an announcement. */
  memory: {
    get(name: string): Promise<string | undefined>;
    set(name: string, value: string): Promise<void>;
  };
}

const SECOND_MS = 1_000;
/** However much changes, no more than one telling in this time. */
const AT_MOST_EVERY_MS = 1_000;
const ANNOUNCED = "home-assistant.announced";
const DEVICES_ANNOUNCED = "home-assistant.devices";

/** Tells at each connection, at each change that matters, and again and again. */
export function startTelling(options: TellingOptions): Timer {
  const { clock, uplink, figures, telemetrySeconds } = options;
  const startedAtMs = clock.monotonicMs();
  let told = "";
  let announcedDevices: string | undefined;
  let soon: Timer | undefined;
  let heldUntilMs = -Infinity;
  const tell = (): void => {
    soon?.cancel();
    soon = undefined;
    if (!uplink.online()) return;
    heldUntilMs = clock.monotonicMs() + AT_MOST_EVERY_MS;
    const now = figures();
    told = stateOf(now);
    const uptimeMs = clock.monotonicMs() - startedAtMs;
    uplink.telemetry(telemetryOf(now, uptimeMs, options.temperature?.()));
    // Devices report one after another: whoever came since the last announcement belongs in it.
    const devices = Object.keys(now.devices).join();
    if (devices === announcedDevices) return;
    announcedDevices = devices;
    announce(options, now).catch(() => {
      // Not remembered, or not taken: the next connection says it again.
    });
  };
  const changed = (): void => {
    if (soon !== undefined || stateOf(figures()) === told) return;
    soon = clock.after(Math.max(0, heldUntilMs - clock.monotonicMs()), tell);
  };
  const forgetLink = uplink.onLink((ok) => {
    if (!ok) return;
    announcedDevices = undefined;
    // In a turn of its own: by then the door knows of the link, and one telling says both.
    soon?.cancel();
    soon = clock.after(0, tell);
  });
  const forgetChanges = options.onChange(changed);
  const again = every(clock, telemetrySeconds * SECOND_MS, tell);
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
  temperatureC: number | undefined,
): Parameters<Uplink["telemetry"]>[0] {
  return {
    ...figures,
    uptimeSeconds: Math.floor(uptimeMs / SECOND_MS),
    memoryBytes: process.memoryUsage.rss(),
    ...(temperatureC === undefined ? {} : { temperatureC }),
  };
}

/** What is worth telling at once; counts can wait for their turn. */
function stateOf({ mode, clock, alarms, devices, links, outbox }: UnitFigures): string {
  return JSON.stringify([mode, clock, alarms.inForce, devices, links, outbox.state]);
}

async function announce(options: TellingOptions, { devices }: UnitFigures): Promise<void> {
  const { uplink, unit, homeAssistant, configured, memory, temperature, telemetrySeconds } =
    options;
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
      hasTemperature: temperature?.() !== undefined,
      telemetrySeconds,
    });
    // Remembered first: an announcement that nobody remembers could never be taken back.
    await memory.set(ANNOUNCED, "yes");
    await memory.set(DEVICES_ANNOUNCED, [...new Set([...former, ...present])].join());
    await uplink.publish(topic, JSON.stringify(discovery), { retain });
  } else if ((await memory.get(ANNOUNCED)) === "yes") {
    if (await uplink.publish(topic, "", { retain })) await memory.set(ANNOUNCED, "no");
  }
}
