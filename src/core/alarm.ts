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

/** The devices a unit has, as alarms and health name them. */
export const DEVICE_NAMES = [
  "code-reader",
  "card-reader",
  "thermometer",
  "gate",
  "panel",
  "door-contacts",
] as const;
export type DeviceName = (typeof DEVICE_NAMES)[number];

/** An alarm in force. Its identity is kind and subject; raising it twice is raising it once. */
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
