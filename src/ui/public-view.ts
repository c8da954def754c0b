/** What anybody who reaches the unit's address may see of its state: what the kiosk shows everybody. */
import type { ScreenView } from "../core/view/view.ts";

/**
 * The view without the person who stands there (name, credential, reasons, rules, temperature, the
 * visit's reference) and without what only staff act on (alarms). Each member that stays is named
 * here: a new member of the view is for the unit's own screen and staff until it is added.
 */
export function publicView(view: ScreenView): ScreenView {
  const { phase, awaits, gate, doorOpen, mode, devices, links, clockTrusted } = view;
  const { freshness, outbox, message, atMs, inviting, temperatureDown } = view;
  return {
    phase,
    awaits,
    inviting,
    temperatureDown,
    gate,
    doorOpen,
    mode,
    devices,
    links,
    clockTrusted,
    freshness,
    outbox,
    atMs,
    ...(view.entryOver === undefined ? {} : { entryOver: view.entryOver }),
    ...(message === undefined ? {} : { message }),
    reasons: [],
    rules: [],
    alarms: [],
  };
}
