/** The one unit there is: composed from what its platform gives, on a Raspberry Pi and in every simulation. */
import { withDeadline, type Timer } from "../../hal/clock.ts";
import { canonicalJson } from "../base/canonical-json.ts";
import { errorText } from "../base/errors.ts";
import type { UnitConfig } from "../config/unit.ts";
import type { Policy } from "../core/policy/policy.ts";
import { Gateway, type StepTrace } from "../gateway/gateway.ts";
import { Health } from "../health/health.ts";
import { ordersFileOf } from "../store/sidecar-files.ts";
import type { CredentialVerifier } from "../gateway/ports.ts";
import type { Store } from "../store/store.ts";
import type { Uplink } from "../uplink/uplink.ts";
import { VERSION } from "../version.ts";
import { connectUplink, publishTelemetry, type Connection } from "./connection.ts";
import { openDataSets, type DataSets } from "./data-sets.ts";
import { loadEvidenceBase, type EvidenceBase } from "./evidence-base.ts";
import { Inputs } from "./inputs.ts";
import { withOrdersIn } from "./kept-orders.ts";
import type { Log } from "./log.ts";
import type {
  OpenedDevices,
  OpenedStore,
  PageServices,
  Platform,
  ServedPages,
} from "./platform.ts";
import { recallSettings, startForgetting, withCalibration } from "./unit-settings.ts";
import type { RemoteSettings } from "../uplink/remote-settings.ts";

/** A unit that was composed. Nothing moves before `start`. */
export interface Unit {
  readonly gateway: Gateway;
  readonly health: Health;
  readonly store: Store;
  readonly verifier: CredentialVerifier;
  /** The connection to the district; absent before the start, and where no broker is configured. */
  uplink(): Uplink | undefined;
  /** Data sets from the district; absent where the configuration asks for none. */
  readonly dataSets: DataSets | undefined;
  /** Where the pages are; absent where the platform serves none. */
  url(): string | undefined;
  /** Starts devices, connection and pages. Devices and broker may all be missing. */
  start(): Promise<void>;
  /** Reads policy, trust, revocations, rules and directory again from their files. Never rejects. */
  reload(): Promise<void>;
  /** Locks the gate, sends what it can, and ends. @returns the parts that did not end as they should */
  stop(): Promise<readonly string[]>;
}

/**
 * Composes a unit. Devices, broker and data may all be missing: the unit comes up, reports it, and
 * keeps trying. Rejects only for what makes a unit impossible: no policy, no keys.
 */
export async function composeUnit(config: UnitConfig, platform: Platform): Promise<Unit> {
  const { clock, files, log } = platform;
  const inputs = new Inputs({ clock, files, log });
  const policy = await platform.policy();
  const opened = await platform.openStore();
  const { store } = opened;
  const toGateway: Gateway["dispatch"] = (event) => unit.gateway.dispatch(event);
  const base = await loadEvidenceBase({
    config,
    platform,
    store,
    inputs,
    onReachable: (ok) => toGateway({ kind: "link-changed", link: "directory", ok }),
  });
  const settings = await recallSettings(config, store, clock);
  const sets = await openDataSets({ config, platform, store, base, inputs });
  const devices = await platform.openDevices();
  const parts = { config, platform, inputs, policy, opened, base, settings, sets, devices };
  const unit = new ComposedUnit(parts);
  return unit;
}

interface Parts {
  config: UnitConfig;
  platform: Platform;
  inputs: Inputs;
  policy: Policy;
  opened: OpenedStore;
  base: EvidenceBase;
  settings: RemoteSettings;
  sets: DataSets | undefined;
  devices: OpenedDevices;
}

const REFERENCE_BYTES = 12;
/** Each part may take this long to end; together they stay below the service's TimeoutStopSec=10. */
const STOP_PART_MS = 1_500;

class ComposedUnit implements Unit {
  readonly gateway: Gateway;
  readonly health: Health;
  readonly store: Store;
  readonly verifier: CredentialVerifier;
  readonly dataSets: DataSets | undefined;
  readonly #parts: Parts;
  readonly #timers: Timer[] = [];
  #policy: Policy;
  #connection: Connection | undefined;
  #pages: ServedPages | undefined;

  constructor(parts: Parts) {
    const { opened, sets, policy } = parts;
    this.#parts = parts;
    this.#policy = policy;
    this.store = opened.store;
    this.verifier = parts.base.verifier;
    this.dataSets = sets;
    this.health = this.#makeHealth();
    this.gateway = this.#makeGateway();
  }

  uplink(): Uplink | undefined {
    return this.#connection?.uplink;
  }

  url(): string | undefined {
    return this.#pages?.url;
  }

  async start(): Promise<void> {
    const { config, platform, inputs, opened, settings, sets } = this.#parts;
    const { gateway, health, store } = this;
    await gateway.start();
    inputs.serve(gateway);
    reportReplacement(opened, gateway, platform.log);
    sets?.serve(gateway);
    const connected = { config, platform, store, gateway, settings, sets, inputs };
    this.#connection = await connectUplink(connected);
    const { uplink } = this.#connection ?? {};
    const telemetry = publishTelemetry(uplink, { ...connected, health });
    if (telemetry !== undefined) this.#timers.push(telemetry);
    this.#timers.push(startForgetting(settings, store, platform.clock));
    this.#pages = await platform.servePages?.(this.#pageServices());
  }

  async reload(): Promise<void> {
    const { platform, base, sets } = this.#parts;
    const fromDistrict = sets?.active() ?? [];
    await base.reload(fromDistrict);
    if (fromDistrict.includes("policy")) return;
    try {
      const policy = await platform.policy();
      if (canonicalJson(policy) === canonicalJson(this.#policy)) return;
      this.#policy = policy;
      this.gateway.dispatch({ kind: "policy-changed", policy });
    } catch (error) {
      platform.log("policy-not-loaded", { problem: errorText(error) });
    }
  }

  // The gate first: whatever else hangs on the way out, the door is locked.
  async stop(): Promise<readonly string[]> {
    const { platform, inputs, sets, devices } = this.#parts;
    const { clock, log } = platform;
    for (const timer of this.#timers) timer.cancel();
    inputs.stop();
    this.#connection?.stopReporting();
    const ends: readonly [part: string, end: () => Promise<void> | undefined][] = [
      ["gateway", () => this.gateway.stop()],
      ["pages", () => this.#pages?.close()],
      ["data sets", () => sets?.stop()],
      ["uplink", () => this.#connection?.uplink.stop()],
      ["store", () => this.store.close()],
      ["devices", () => devices.close()],
    ];
    const failed: string[] = [];
    for (const [part, end] of ends) {
      const late = (): Error => new Error(`the ${part} did not end within ${STOP_PART_MS} ms`);
      await withDeadline(clock, STOP_PART_MS, end() ?? Promise.resolve(), late).catch(
        (error: unknown) => {
          failed.push(part);
          log("stop-failed", { part, detail: errorText(error) });
        },
      );
    }
    return failed;
  }

  #makeHealth(): Health {
    const { config, platform, inputs, sets } = this.#parts;
    return new Health({
      unitId: config.unitId,
      version: VERSION,
      clock: platform.clock,
      gateway: () => this.gateway,
      store: this.store,
      uplink: () => this.uplink()?.counters(),
      remarks: () => remarksOf(this.uplink(), inputs),
      dataSets: () => sets?.figures(),
    });
  }

  #makeGateway(): Gateway {
    const { config, platform, policy, settings, sets, devices } = this.#parts;
    const { clock, chance, observer = {}, files, log } = platform;
    const { health, store, verifier } = this;
    return new Gateway({
      clock,
      references: {
        next: () => Buffer.from(chance.bytes(REFERENCE_BYTES)).toString("base64url"),
      },
      policy: sets?.policy() ?? policy,
      devices: withCalibration(devices.devices, settings),
      store,
      verifier: observer.measured?.(verifier) ?? verifier,
      outbox: store.outbox,
      settings: withOrdersIn(files, ordersFileOf(config.store.path), store.settings),
      onTimings: (timings) => {
        health.sawVisit(timings);
        observer.onTimings?.(timings);
      },
      onStep: (step) => {
        health.sawTurn(step);
        logFault(step.event, log);
        observer.onStep?.(step);
      },
      onCommandAnswered: (commandId, result, detail) => {
        observer.onCommandAnswered?.(commandId, result, detail);
        this.uplink()?.answerCommand(commandId, result, detail);
      },
    });
  }

  #pageServices(): PageServices {
    const { config, platform, inputs } = this.#parts;
    const { gateway, health } = this;
    return {
      feed: feedOf(config, gateway),
      clock: platform.clock,
      health,
      onTokenGuessing: (active) => gateway.dispatch({ kind: "token-guessing", active }),
      onProblem: (setting, problem) => inputs.note(setting, problem),
    };
  }
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

/** Logs faults whose reason stands nowhere else. */
function logFault(event: StepTrace["event"], log: Log): void {
  if (event.kind === "device-changed") {
    log("device-changed", { device: event.device, ok: event.ok, detail: event.detail });
  } else if (event.kind === "record-failed") {
    log("record-not-committed", { detail: event.detail });
  } else if (event.kind === "orders-kept" && !event.ok) {
    log("orders-not-kept", { detail: event.detail });
  }
}

function reportReplacement(
  { replaced, quarantined }: OpenedStore,
  gateway: Gateway,
  log: Log,
): void {
  if (replaced === undefined) {
    if (quarantined === undefined) return;
    log("database-set-aside", { file: quarantined });
    gateway.dispatch({ kind: "database-replaced" });
    return;
  }
  const [setAside = ""] = replaced.setAside.split("/").slice(-1);
  log("database-replaced", { ...replaced });
  gateway.dispatch({ kind: "database-replaced", replacement: { ...replaced, setAside } });
}

function feedOf(config: UnitConfig, gateway: Gateway): PageServices["feed"] {
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
