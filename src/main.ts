/** Starts a unit on this Raspberry Pi: the one that src/unit composes, and the service manager's watchdog. */
import process from "node:process";
import { every, type Clock, type Timer } from "../hal/clock.ts";
import { connectServiceManager, type ServiceManager } from "../hal/linux/service-manager.ts";
import type { UnitConfig } from "./config/unit.ts";
import type { Gateway } from "./gateway/gateway.ts";
import type { Health } from "./health/health.ts";
import { linuxPlatform } from "./linux/platform.ts";
import { refuseSecond } from "./linux/second-unit.ts";
import type { Log } from "./unit/log.ts";
import { composeUnit } from "./unit/unit.ts";

export interface RunningUnit {
  /** Where the screens are. */
  url: string;
  gateway: Gateway;
  /** Reads policy, trust, revocations, rules and directory again from their files. */
  reload(): Promise<void>;
  /** Locks the gate, sends what it can, and ends. */
  stop(): Promise<void>;
}

/**
 * Starts a unit. Devices, broker and data may all be missing: the unit comes up, says so, and keeps
 * trying. Rejects only for what makes a unit impossible: no policy, no keys.
 */
export async function startUnit(config: UnitConfig, log: Log): Promise<RunningUnit> {
  await refuseSecond(config);
  const platform = linuxPlatform(config, log);
  const unit = await composeUnit(config, platform);
  await unit.start();
  const manager = connectServiceManager();
  const watchdog = startWatchdog(manager, platform.clock, unit.health);
  manager.ready();
  const url = unit.url() ?? "";
  log("started", { url });
  return {
    url,
    gateway: unit.gateway,
    reload: () => unit.reload(),
    async stop() {
      watchdog?.cancel();
      manager.stopping();
      const failed = await unit.stop();
      if (failed.length > 0) process.exitCode = 1;
    },
  };
}

// Fed only when the decision loop and a database commit both made progress.
function startWatchdog(manager: ServiceManager, clock: Clock, health: Health): Timer | undefined {
  const { watchdogMs } = manager;
  if (watchdogMs === undefined) return undefined;
  return every(clock, watchdogMs / 3, () => {
    health.alive().then(
      ({ ok }) => {
        if (ok) manager.alive();
      },
      () => undefined,
    );
  });
}
