/** The part of the unit's state that every caller may see: what the kiosk shows in public. */
import type { ScreenView } from "../core/view/view.ts";

/**
 * The view without the visitor (name, credential, reasons, rules, temperature, the
 * visit's reference) and without what only staff act on (alarms). Each member that stays is named
 * here: a new member of the view is for the kiosk and staff only until it is added.
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
