/** One turn of the core: the state as it becomes, and the effects it asks for. */
import { alarmKey, type Alarm, type AlarmKind } from "./alarm.ts";
import type { Effect } from "./effect.ts";
import type { Event } from "./event.ts";
import type { RecordBody, RecordDraft } from "./record.ts";
import type { DoorwayState } from "./state.ts";

/** Collects what one event leads to. The state it starts from is never changed. */
export class Turn {
  state: DoorwayState;
  readonly event: Event;
  readonly effects: Effect[] = [];
  #records = 0;

  constructor(state: DoorwayState, event: Event) {
    this.state = state;
    this.event = event;
  }

  /** Replaces parts of the state. */
  set(change: Partial<DoorwayState>): void {
    this.state = { ...this.state, ...change };
  }

  effect(effect: Effect): void {
    this.effects.push(effect);
  }

  /** Asks for a record to be made durable; returns the key its answer will carry. */
  record(body: RecordBody, personal?: RecordDraft["personal"]): string {
    const key = `${this.event.ref}/${this.#records++}`;
    const record: RecordDraft = { key, at: this.event.at, body };
    if (personal !== undefined) record.personal = personal;
    this.effect({ kind: "commit-record", record });
    return key;
  }

  raise(kind: AlarmKind, subject?: string): void {
    const alarm: Alarm = { kind, raisedAtMs: this.event.at.wallMs };
    if (subject !== undefined) alarm.subject = subject;
    if (this.state.alarms.some((each) => alarmKey(each) === alarmKey(alarm))) return;
    this.set({ alarms: [...this.state.alarms, alarm] });
    this.record({
      type: "alarm-raised",
      alarm: kind,
      ...(subject === undefined ? {} : { subject }),
    });
  }

  clear(kind: AlarmKind, subject?: string): void {
    const key = alarmKey(subject === undefined ? { kind } : { kind, subject });
    const left = this.state.alarms.filter((each) => alarmKey(each) !== key);
    if (left.length === this.state.alarms.length) return;
    this.set({ alarms: left });
    this.record({
      type: "alarm-cleared",
      alarm: kind,
      ...(subject === undefined ? {} : { subject }),
    });
  }
}
