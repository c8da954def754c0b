/** The settings that the district can change while the unit runs, and the parts that follow them. */
import type { Clock, Timer } from "../../hal/clock.ts";
import { withOffset } from "../../hal/drivers/thermometer/offset.ts";
import type { UnitConfig } from "../config/unit.ts";
import type { Devices } from "../gateway/sensing.ts";
import { scheduleRetention } from "../store/retention/retention.ts";
import type { Store } from "../store/store.ts";
import { RemoteSettings, type SettingValues } from "../uplink/remote-settings.ts";

/** The unit's settings: its own file's, or what a command made of them before the restart. */
export async function recallSettings(
  { store: { retentionDays }, mqtt }: UnitConfig,
  store: Store,
  clock: Clock,
): Promise<RemoteSettings> {
  const configured: SettingValues = {
    retentionDays,
    telemetrySeconds: mqtt?.telemetrySeconds ?? 30,
    homeAssistant: mqtt?.homeAssistant ?? false,
    temperatureOffsetK: 0,
  };
  const settings = new RemoteSettings({ memory: store.settings, clock, configured });
  await settings.restore();
  return settings;
}

/** Starts a task, and restarts it whenever the settings change. */
export function restartOnChange(
  settings: RemoteSettings,
  start: (values: SettingValues) => Timer,
): Timer {
  let values = settings.values();
  let running = start(values);
  let cancelled = false;
  settings.onChange(() => {
    if (cancelled || settings.values() === values) return;
    values = settings.values();
    running.cancel();
    running = start(values);
  });
  return {
    cancel() {
      cancelled = true;
      running.cancel();
    },
  };
}

/** The store keeps personal data as long as the unit's own file allows; settings can shorten that. */
export function startForgetting(settings: RemoteSettings, store: Store, clock: Clock): Timer {
  return restartOnChange(settings, ({ retentionDays }) =>
    scheduleRetention(store, clock, { personalDataDays: retentionDays }),
  );
}

/** The same devices, the thermometer corrected by the active offset. */
export function withCalibration(devices: Devices, settings: RemoteSettings): Devices {
  const { thermometer } = devices;
  if (thermometer === undefined) return devices;
  const offsetK = (): number => settings.values().temperatureOffsetK;
  return { ...devices, thermometer: withOffset(thermometer, offsetK) };
}
