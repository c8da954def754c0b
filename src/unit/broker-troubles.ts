/** Raises alarms and writes log lines for what is wrong between a unit and its broker. */
import { optional } from "../base/optional.ts";
import type { Gateway } from "../gateway/gateway.ts";
import type { Uplink } from "../uplink/uplink.ts";
import type { Log } from "./log.ts";

/** Different reasons that are logged until the broker is back: a broker that varies them fills no log. */
const MOST_REASONS = 20;

type Watched = Pick<
  Uplink,
  "onLink" | "onTrouble" | "lastFailure" | "restrictions" | "nameInUse" | "online"
>;

/**
 * Reports the link, what the broker refuses, and another client of the unit's name, on every change.
 * @returns a way to stop
 */
export function reportTroubles(
  uplink: Watched,
  unitId: string,
  gateway: Pick<Gateway, "dispatch">,
  log: Log,
): () => void {
  const logFailure = failureLog(uplink, log);
  const reportRestrictions = restrictionReport(uplink, gateway, log);
  const reportName = nameReport(uplink, unitId, gateway, log);
  let stopped = false;
  const forgetLink = uplink.onLink((ok) => {
    logFailure(ok);
    gateway.dispatch({ kind: "link-changed", link: "broker", ok });
  });
  uplink.onTrouble(() => {
    if (stopped) return;
    if (!uplink.online()) logFailure(false);
    reportRestrictions();
    reportName();
  });
  return () => {
    stopped = true;
    forgetLink();
  };
}

/** Logs each reason once until the broker is back. */
function failureLog(uplink: Watched, log: Log): (ok: boolean) => void {
  const logged = new Set<string>();
  return (ok) => {
    if (ok) {
      logged.clear();
      log("broker-link", { ok });
      return;
    }
    const why = uplink.lastFailure();
    if (why === undefined || logged.has(why) || logged.size >= MOST_REASONS) return;
    logged.add(why);
    log("broker-link", { ok: false, why });
  };
}

function restrictionReport(
  uplink: Watched,
  gateway: Pick<Gateway, "dispatch">,
  log: Log,
): () => void {
  const restricted = new Set<string>();
  return () => {
    const now = new Map(uplink.restrictions().map(({ what, why }) => [what, why]));
    for (const what of new Set([...restricted, ...now.keys()])) {
      const active = now.has(what);
      if (active === restricted.has(what)) continue;
      if (active) restricted.add(what);
      else restricted.delete(what);
      log("broker-restricted", { what, active, ...optional({ why: now.get(what) }) });
      const fault = { kind: "fault-changed", fault: "broker-restricted", subject: what } as const;
      gateway.dispatch({ ...fault, active });
    }
  };
}

function nameReport(
  uplink: Watched,
  unitId: string,
  gateway: Pick<Gateway, "dispatch">,
  log: Log,
): () => void {
  let inUse = false;
  return () => {
    if (uplink.nameInUse() === inUse) return;
    inUse = uplink.nameInUse();
    const why = "another client connects to the broker under this unit's name";
    log("unit-name-in-use", { name: unitId, active: inUse, ...(inUse ? { why } : {}) });
    const fault = { kind: "fault-changed", fault: "unit-name-in-use", subject: unitId } as const;
    gateway.dispatch({ ...fault, active: inUse });
  };
}
