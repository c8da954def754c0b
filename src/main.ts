/** A real unit: the gateway on this machine's devices, its store, its uplink and its screens. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import process from "node:process";
import { every, withDeadline, type Clock, type Timer } from "../hal/clock.ts";
import { createProcessEngine } from "../hal/drivers/code-reader/engine/process-engine.ts";
import { createClockSyncProbe } from "../hal/linux/clock-sync.ts";
import { createSystemClock } from "../hal/linux/clock.ts";
import { connectServiceManager, type ServiceManager } from "../hal/linux/service-manager.ts";
import { diskFiles } from "./linux/disk-files.ts";
import { parsePolicy } from "./config/policy.ts";
import { CREDENTIAL_SHAPES } from "./credential/shapes.ts";
import type { UnitConfig } from "./config/unit.ts";
import { connectUplink, startTellingOver } from "./unit/connection.ts";
import { type Log } from "./unit/log.ts";
import { openDataSets, type DataSets } from "./unit/data-sets.ts";
import { loadEvidenceBase } from "./unit/evidence-base.ts";
import { Gateway } from "./gateway/gateway.ts";
import { persistTrustedTime, type PersistentClock } from "./gateway/last-trusted-time.ts";
import { Health } from "./health/health.ts";
import { devicesOf } from "./linux/devices.ts";
import { Inputs } from "./unit/inputs.ts";
import { refuseSecond } from "./linux/second-unit.ts";
import { placeScreenPage, recallSecrets } from "./linux/door-secrets.ts";
import { withOrdersIn } from "./unit/kept-orders.ts";
import type { Store } from "./store/store.ts";
import { openUnitStore } from "./store/worker/unavailable.ts";
import { ordersFileOf } from "./store/sidecar-files.ts";
import { databasesSetAside } from "./store/quarantine.ts";
import type { UnitStore } from "./store/worker/worker.ts";
import { startUiServer, type UiServer } from "./ui/server.ts";
import { VERSION } from "./version.ts";
import { recallSettings, startForgetting, withCalibration } from "./unit/unit-settings.ts";
import type { Uplink } from "./uplink/uplink.ts";
import { errorText } from "./base/errors.ts";

export interface RunningUnit {
  /** Where the screens are. */
  url: string;
  gateway: Gateway;
  /** Locks the gate, sends what it can, and ends. */
  stop(): Promise<void>;
}

/**
 * Starts a unit. Devices, broker and data may all be missing: the unit comes up, says so, and keeps
 * trying. Rejects only for what makes a unit impossible: no policy, no keys.
 */
export async function startUnit(config: UnitConfig, log: Log): Promise<RunningUnit> {
  const clock = clockOf(config);
  const inputs = new Inputs(clock, log);
  const ownPolicy = parsePolicy(await readFile(config.policy, "utf8"), config.policy);
  await refuseSecond(config);
  const store = await storeOf(config, clock, log);
  const base = await loadEvidenceBase(
    config,
    store,
    clock,
    inputs,
    (problem) => log("data-not-loaded", { problem }),
    (ok) => gateway.dispatch({ kind: "link-changed", link: "directory", ok }),
  );
  const settings = await recallSettings(config, store, clock);
  const sets = await openDataSets({ config, files: diskFiles, store, clock, base, inputs, log });
  const engine = createProcessEngine({
    ...config.decode,
    clock,
    wanted: CREDENTIAL_SHAPES,
    onLost: ({ message }) => log("decoder-lost", { detail: message }),
  });
  let uplink: Uplink | undefined;
  const health = new Health({
    unitId: config.unitId,
    version: VERSION,
    clock,
    gateway: () => gateway,
    store,
    uplink: () => uplink?.counters(),
    remarks: () => remarksOf(uplink, inputs),
    dataSets: () => sets?.figures(),
  });
  const gateway: Gateway = new Gateway({
    clock,
    references: { next: () => randomBytes(12).toString("base64url") },
    policy: sets?.policy() ?? ownPolicy,
    devices: withCalibration(await devicesOf(config.devices, clock, engine), settings),
    store,
    verifier: base.verifier,
    outbox: store.outbox,
    settings: withOrdersIn(ordersFileOf(config.store.path), store.settings),
    onTimings: (timings) => health.sawVisit(timings),
    onStep: (turn) => {
      const { event } = turn;
      health.sawTurn(turn);
      logEvent(event, log);
    },
    onCommandAnswered: (commandId, result, detail) =>
      uplink?.answerCommand(commandId, result, detail),
  });
  await gateway.start();
  inputs.serve(gateway);
  tellOfReplacement(config.store.path, store, gateway, log);
  sets?.serve(gateway);
  const common = { config, store, clock, gateway, settings, version: VERSION };
  uplink = await connectUplink({ ...common, sets, inputs, log });
  const telling = startTellingOver(uplink, { ...common, health });
  const forgetting = startForgetting(settings, store, clock);
  const secrets = await recallSecrets(config, log);
  const ui = await startUiServer({
    feed: feedOf(config, gateway),
    clock,
    health,
    onGuessing: (active) => gateway.dispatch({ kind: "token-guessing", active }),
    onProblem: (setting, problem) => inputs.note(setting, problem),
    ...config.http,
    ...secrets,
  });
  await placeScreenPage(config, secrets.screenSecret, ui.ownUrl, log);
  const manager = connectServiceManager();
  const watchdog = watch(manager, clock, health);
  manager.ready();
  log("started", { url: ui.url });
  return {
    url: ui.url,
    gateway,
    stop: () => {
      for (const timer of [watchdog, telling, forgetting]) timer?.cancel();
      inputs.stop();
      return stop({ clock, log, manager, ui, gateway, sets, uplink, store, engine });
    },
  };
}

/** What the unit works without and cannot use now, for readiness. */
function* remarksOf(
  uplink: Uplink | undefined,
  inputs: Inputs,
): Generator<readonly [name: string, detail: string]> {
  const why = uplink?.lastFailure();
  if (why !== undefined) yield ["link/broker", why];
  for (const { what, why: refusal } of uplink?.restrictions() ?? []) {
    yield [`broker/${what}`, refusal];
  }
  if (uplink?.nameInUse() === true) {
    yield ["broker/name", "another client connects under this unit's name"];
  }
  for (const [setting, problem] of inputs.problems()) yield [`input/${setting}`, problem];
}

/** Faults that stand nowhere else with their reason. */
function logEvent(event: Parameters<HealthTurn>[0]["event"], log: Log): void {
  const { kind } = event;
  if (kind === "device-changed") {
    log("device-changed", { device: event.device, ok: event.ok, detail: event.detail });
  } else if (kind === "record-failed") {
    log("record-not-committed", { detail: event.detail });
  } else if (kind === "orders-kept" && !event.ok) {
    log("orders-not-kept", { detail: event.detail });
  }
}

function clockOf({ clock: { vouchedBy } }: UnitConfig): PersistentClock {
  const vouched = vouchedBy === "kernel";
  return persistTrustedTime(
    createSystemClock(vouched ? createClockSyncProbe() : undefined),
    vouched,
  );
}

function storeOf(config: UnitConfig, clock: Clock, log: Log): Promise<UnitStore> {
  const { path, outboxLimit, retentionDays, keepDays } = config.store;
  const options = {
    path,
    unitId: config.unitId,
    clock,
    outbox: { limit: outboxLimit },
    personalDays: retentionDays,
    keepDays,
    onDamaged: ({ message }: Error) => {
      log("database-damaged", { detail: message });
      // Nothing can be recorded any more; the next start sets the file aside and begins anew.
      process.exitCode = 1;
      process.kill(process.pid, "SIGTERM");
    },
  };
  return openUnitStore(options, ({ message }) => log("database-absent", { detail: message }));
}

function tellOfReplacement(
  path: string,
  { replaced }: UnitStore,
  gateway: Gateway,
  log: Log,
): void {
  if (replaced === undefined) {
    const [oldest] = databasesSetAside(path);
    if (oldest === undefined) return;
    log("database-set-aside", { file: oldest });
    gateway.dispatch({ kind: "database-replaced" });
    return;
  }
  const replacement = { ...replaced, setAside: basename(replaced.setAside) };
  log("database-replaced", { ...replaced });
  gateway.dispatch({ kind: "database-replaced", replacement });
}

function feedOf(config: UnitConfig, gateway: Gateway): Parameters<typeof startUiServer>[0]["feed"] {
  return {
    unitId: config.unitId,
    venueName: config.venue,
    view: () => gateway.view(),
    visits: () => gateway.visits(),
    openings: () => gateway.openings(),
    subscribe: (listener) => gateway.subscribe(listener),
    operatorDecide: (request) => gateway.operatorDecide(request),
  };
}

// Fed only when the decision loop and a database commit both made progress.
function watch(manager: ServiceManager, clock: Clock, health: Health): Timer | undefined {
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

type HealthTurn = Health["sawTurn"];

interface Parts {
  clock: Clock;
  log: Log;
  manager: ServiceManager;
  ui: UiServer;
  gateway: Gateway;
  sets: DataSets | undefined;
  uplink: Uplink | undefined;
  store: Store;
  engine: { close(): Promise<void> };
}

/** Each part may take this long to end; together they stay below the service's TimeoutStopSec=10. */
const STOP_PART_MS = 1_500;

// The gate first: whatever else hangs on the way out, the door is locked.
async function stop(parts: Parts): Promise<void> {
  const { clock, log, manager, ui, gateway, sets, uplink, store, engine } = parts;
  manager.stopping();
  const failures: unknown[] = [];
  const ends: readonly [part: string, end: () => Promise<void>][] = [
    ["gateway", () => gateway.stop()],
    ["pages", () => ui.close()],
    ["data sets", () => sets?.stop() ?? Promise.resolve()],
    ["uplink", () => uplink?.stop() ?? Promise.resolve()],
    ["store", () => store.close()],
    ["decoders", () => engine.close()],
  ];
  for (const [part, end] of ends) {
    const late = (): Error => new Error(`the ${part} did not end within ${STOP_PART_MS} ms`);
    await withDeadline(clock, STOP_PART_MS, end(), late).catch((error: unknown) => {
      failures.push(error);
      log("stop-failed", { part, detail: errorText(error) });
    });
  }
  if (failures.length > 0) process.exitCode = 1;
}
