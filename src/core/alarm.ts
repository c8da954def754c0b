/** Alarms: raised and cleared, never just logged. */

export const ALARM_KINDS = [
  "forced-open",
  "open-too-long",
  "tamper",
  "fire",
  "repeated-bad-reads",
  "token-guessing",
  "device-failed",
  "record-not-committed",
  "database-replaced",
  "outbox-filling",
  "outbox-full",
  "broker-unreachable",
  "broker-restricted",
  "unit-name-in-use",
  "input-unavailable",
  "directory-unreachable",
  "clock-untrusted",
  "policy-expired",
  "data-not-updated",
  "evacuation",
  "locked-down",
] as const;
export type AlarmKind = (typeof ALARM_KINDS)[number];

/** The code readers of a unit. The first has no number, as on units that have only one. */
export const CODE_READERS = [
  "code-reader",
  "code-reader-2",
  "code-reader-3",
  "code-reader-4",
] as const;

/** The card readers of a unit, named in the same way. */
export const CARD_READERS = [
  "card-reader",
  "card-reader-2",
  "card-reader-3",
  "card-reader-4",
] as const;

/** The devices a unit has, as alarms and health name them. */
export const DEVICE_NAMES = [
  CODE_READERS[0],
  CARD_READERS[0],
  "thermometer",
  "gate",
  "panel",
  "door-contacts",
  ...CODE_READERS.slice(1),
  ...CARD_READERS.slice(1),
] as const;
export type DeviceName = (typeof DEVICE_NAMES)[number];
export type CodeReaderName = (typeof CODE_READERS)[number];
export type CardReaderName = (typeof CARD_READERS)[number];

/** Whether one of these devices works: of several readers one is enough to enter. */
export function someWork(
  devices: Readonly<Partial<Record<DeviceName, boolean>>>,
  names: readonly DeviceName[],
): boolean {
  return names.some((name) => devices[name] === true);
}

/** A raised alarm. Its identity is kind and subject; raising it again changes nothing. */
export interface Alarm {
  kind: AlarmKind;
  /** Which device or link, for the kinds that can concern several. */
  subject?: string;
  raisedAtMs: number;
}

/** Identity of an alarm. */
export function alarmKey(alarm: { kind: AlarmKind; subject?: string }): string {
  return alarm.subject === undefined ? alarm.kind : `${alarm.kind}:${alarm.subject}`;
}
