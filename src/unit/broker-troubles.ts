/** What is wrong between a unit and its broker, as alarms at the door and lines in the log. */
import type { Gateway } from "../gateway/gateway.ts";
import type { Uplink } from "../uplink/uplink.ts";
import type { Log } from "./log.ts";

/** Different reasons that are logged until the broker is back; a broker of many words fills no log. */
const MOST_REASONS = 20;

/** Tells of the link, of what the broker refuses, and of another unit of the same name, on every change. */
export function reportTroubles(
  uplink: Pick<
    Uplink,
    "onLink" | "onTrouble" | "lastFailure" | "restrictions" | "nameInUse" | "online"
  >,
  unitId: string,
  gateway: Pick<Gateway, "dispatch">,
  log: Log,
): void {
  const said = new Set<string>();
  const sayWhy = (): void => {
    const why = uplink.lastFailure();
    if (why === undefined || said.has(why) || said.size >= MOST_REASONS) return;
    said.add(why);
    log("broker-link", { ok: false, why });
  };
  uplink.onLink((ok) => {
    if (ok) {
      said.clear();
      log("broker-link", { ok });
    } else sayWhy();
    gateway.dispatch({ kind: "link-changed", link: "broker", ok });
  });
  const restricted = new Set<string>();
  let inUse = false;
  uplink.onTrouble(() => {
    if (!uplink.online()) sayWhy();
    const now = new Map(uplink.restrictions().map(({ what, why }) => [what, why]));
    for (const what of new Set([...restricted, ...now.keys()])) {
      const active = now.has(what);
      if (active === restricted.has(what)) continue;
      if (active) restricted.add(what);
      else restricted.delete(what);
      const why = now.get(what);
      log("broker-restricted", { what, active, ...(why === undefined ? {} : { why }) });
      const fault = { kind: "fault-changed", fault: "broker-restricted", subject: what } as const;
      gateway.dispatch({ ...fault, active });
    }
    if (uplink.nameInUse() === inUse) return;
    inUse = uplink.nameInUse();
    log("unit-name-in-use", {
      name: unitId,
      active: inUse,
      ...(inUse ? { why: "another client connects to the broker under this unit's name" } : {}),
    });
    const fault = { kind: "fault-changed", fault: "unit-name-in-use", subject: unitId } as const;
    gateway.dispatch({ ...fault, active: inUse });
  });
}
