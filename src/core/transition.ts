/** One transition of the core: the state as it becomes, and the effects it asks for. */
import { alarmKey, type Alarm, type AlarmKind } from "./alarm.ts";
import type { Effect } from "./effect.ts";
import type { Event } from "./event.ts";
import type { RecordBody, RecordDraft } from "./record.ts";
import type { Damping, DoorwayState } from "./state.ts";
import { MODE_PHASES, SIGNALS, type AnnouncedPhase } from "./view/announcement.ts";

/** Alarms whose cause hangs on a wire: a contact that bounces or a loose plug must not fill the records. */
const DAMPED: ReadonlySet<AlarmKind> = new Set<AlarmKind>([
  "forced-open",
  "open-too-long",
  "tamper",
  "device-failed",
  "broker-unreachable",
  "broker-restricted",
  "unit-name-in-use",
  "input-unavailable",
  "directory-unreachable",
  "record-not-committed",
]);
const QUIET_MS = 60_000;

/** Collects what one event leads to. The state it starts from is never changed. */
export class Transition {
  state: DoorwayState;
  readonly event: Event;
  readonly effects: Effect[] = [];
  #records = 0;

  constructor(state: DoorwayState, event: Event) {
    this.state = state;
    this.event = event;
  }

  /** Replaces parts of the state. */
  update(change: Partial<DoorwayState>): void {
    this.state = { ...this.state, ...change };
  }

  effect(effect: Effect): void {
    this.effects.push(effect);
  }

  /** Has lamps and buzzer express a phase. */
  signal(phase: AnnouncedPhase | "hold-still"): void {
    this.effect({ kind: "signal", signal: SIGNALS[phase] });
  }

  /** Has lamps and buzzer express the mode: no visit is there. */
  signalMode(): void {
    this.signal(MODE_PHASES[this.state.mode]);
  }

  /** Asks for a record to be made durable; returns the key its answer will carry. */
  record(body: RecordBody, personal?: RecordDraft["personal"]): string {
    const key = `${this.event.ref}/${this.#records++}`;
    const record: RecordDraft = { key, at: this.event.at, body };
    if (personal !== undefined) record.personal = personal;
    this.effect({ kind: "commit-record", record });
    return key;
  }

  /**
   * An alarm whose cause comes back within a minute after it was cleared is unsteady: it stays raised
   * until its cause has been away for a minute.
   */
  raise(kind: AlarmKind, subject?: string): void {
    const alarm: Alarm = { kind, raisedAtMs: this.event.at.wallMs };
    if (subject !== undefined) alarm.subject = subject;
    const key = alarmKey(alarm);
    const before = this.state.damping[key];
    if (this.state.alarms.some((each) => alarmKey(each) === key)) {
      if (before?.endsAtMs !== undefined) this.#damp(key, { times: before.times + 1 });
      return;
    }
    const nowMs = this.event.at.monotonicMs;
    const again = before?.endedAtMs !== undefined && nowMs - before.endedAtMs < QUIET_MS;
    if (again && DAMPED.has(kind)) this.#damp(key, { times: 1 });
    this.update({ alarms: [...this.state.alarms, alarm] });
    this.record({
      type: "alarm-raised",
      alarm: kind,
      ...(subject === undefined ? {} : { subject }),
    });
  }

  /** Raises or clears an alarm as its cause comes or goes. */
  setAlarm(active: boolean, kind: AlarmKind, subject?: string): void {
    if (active) this.raise(kind, subject);
    else this.clear(kind, subject);
  }

  clear(kind: AlarmKind, subject?: string): void {
    const key = alarmKey(subject === undefined ? { kind } : { kind, subject });
    const alarm = this.state.alarms.find((each) => alarmKey(each) === key);
    if (alarm === undefined) return;
    const damping = this.state.damping[key];
    if (damping === undefined || damping.endedAtMs !== undefined) return this.#end(alarm);
    if (damping.endsAtMs !== undefined) return;
    this.#damp(key, { ...damping, endsAtMs: this.event.at.monotonicMs + QUIET_MS });
    this.#awaitQuiet();
  }

  /** Unsteady alarms that have been quiet for long enough end now. */
  endQuietAlarms(): void {
    const nowMs = this.event.at.monotonicMs;
    for (const alarm of this.state.alarms) {
      const endsAtMs = this.state.damping[alarmKey(alarm)]?.endsAtMs;
      if (endsAtMs !== undefined && endsAtMs <= nowMs) this.#end(alarm);
    }
    this.#awaitQuiet();
  }

  #end(alarm: Alarm): void {
    const { kind, subject } = alarm;
    const key = alarmKey(alarm);
    const times = this.state.damping[key]?.times ?? 1;
    this.update({ alarms: this.state.alarms.filter((each) => each !== alarm) });
    if (DAMPED.has(kind)) {
      this.#damp(key, { times: 1, endedAtMs: this.event.at.monotonicMs });
    }
    this.record({
      type: "alarm-cleared",
      alarm: kind,
      ...(subject === undefined ? {} : { subject }),
      ...(times > 1 ? { times } : {}),
    });
  }

  #damp(key: string, damping: Damping): void {
    this.update({ damping: { ...this.state.damping, [key]: damping } });
  }

  #awaitQuiet(): void {
    const ends = Object.values(this.state.damping).flatMap(({ endsAtMs }) => endsAtMs ?? []);
    if (ends.length === 0) return;
    const afterMs = Math.max(1, Math.min(...ends) - this.event.at.monotonicMs);
    this.effect({ kind: "start-timer", timer: "alarms-quiet", about: "alarms", afterMs });
  }
}
