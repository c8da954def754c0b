/**
 * The state of a doorway: plain data, small enough to print. It is made of small machines, each with
 * its table: the visit (visit/visit-state.ts), presence (visit/presence-state.ts), the release and
 * the passage (visit/passage.ts), the mode (mode.ts) and the contacts (contacts.ts). What must hold
 * between them is in invariants.ts.
 */
import type { Alarm, DeviceName } from "./alarm.ts";
import type { Outcome } from "./decision/decision.ts";
import type { Policy } from "./policy/policy.ts";
import type { ReasonCode } from "./reason.ts";
import type { Authority, Mode, Orders, ReleaseCause } from "./record.ts";
import type { Requester } from "./requester.ts";
import type { Instant } from "./time.ts";
import { UNSEEN, type Presence } from "./visit/presence-state.ts";
import type { Visit } from "./visit/visit-state.ts";

/** A person may walk through right now. */
export interface Passage {
  releaseRef: string;
  cause: ReleaseCause;
  authority?: Authority;
  visitRef?: string;
  releasedAt: Instant;
  doorOpened: boolean;
}

/** A live code that let someone in, remembered for the reuse window. */
export interface UsedCode {
  reference: string;
  /** Monotonic. */
  atMs: number;
  /** Before the restart at this moment (monotonic): the wall clock dated it, and may have been wrong. */
  restoredAtMs?: number;
}

/** A release by staff or command that is made once its record is durable. */
export interface PendingRelease {
  releaseRef: string;
  requestedAt: Instant;
  recordKey: string;
  cause: ReleaseCause;
  authority: Authority;
  requester: Requester;
}

/** The gate was asked to open, and has not answered yet. */
export interface AwaitedRelease {
  releaseRef: string;
  requestedAt: Instant;
  cause: ReleaseCause;
  visitRef?: string;
  authority?: Authority;
  requester?: Requester;
  /** Its record is durable. */
  recorded: boolean;
}

/** How unsteady an alarm is: one entry for each that was ever raised. */
export interface Damping {
  /** How often its cause came while it was raised. */
  times: number;
  /** Cleared, at this moment (monotonic). */
  endedAtMs?: number;
  /** Raised, and will be cleared at this moment (monotonic) unless its cause comes back. */
  endsAtMs?: number;
}

/** An exit button that is pressed again and again while the gate is open is one request. */
export interface ExitRequest {
  releaseRef: string;
  times: number;
  renewedAtMs: number;
}

/** The outcome of a visit, to answer a decision about it that comes too late. */
export interface SettledVisit {
  visitRef: string;
  outcome: Outcome;
  /** Staff who decided; absent: the rules. */
  by?: string;
}

export interface DoorwayState {
  policy: Policy;
  /** Follows from the fire input and the orders; fire outranks a command. */
  mode: Mode;
  fireActive: boolean;
  /** When (monotonic) the fire input rose last, in the minute before; oldest first. */
  fireRoseMs: readonly number[];
  orders: Orders;
  visit: Visit | null;
  passage: Passage | null;
  gate: "locked" | "released";
  doorOpen: boolean;
  /** When (monotonic) it closed last, and whether that opening was a break-in. */
  doorClosed: { atMs: number; forced: boolean } | null;
  /** Until when (monotonic) a door contact that bounces still belongs to the same opening. */
  bouncesUntilMs: number | null;
  exit: ExitRequest | null;
  /** Until when (monotonic) an opening door is an exit, not a break-in. */
  exitUntilMs: number;
  presence: Presence;
  /** What was held up last is no credential: shown for a moment, and no refusal. */
  hint: ReasonCode | null;
  /** Consecutive failed readings. */
  badReads: number;
  usedCodes: readonly UsedCode[];
  /** A release by staff or command that waits for its record. */
  pendingRelease: PendingRelease | null;
  /** Oldest first; each is answered or given up within the gate's deadline. */
  awaitedReleases: readonly AwaitedRelease[];
  /** The gate should be held open and is not; recorded once. */
  holdOpenFailed: boolean;
  /** The last decided visits, oldest first. */
  settled: readonly SettledVisit[];
  devices: Readonly<Partial<Record<DeviceName, boolean>>>;
  links: Readonly<Partial<Record<"broker" | "directory", boolean>>>;
  alarms: readonly Alarm[];
  /** By the alarm's key. */
  damping: Readonly<Record<string, Damping>>;
  message: { text: string; untilMs: number } | null;
  clockTrusted: boolean;
}

/** A unit that has just started: locked, no visitor, nothing known. */
export function initialState(policy: Policy): DoorwayState {
  return {
    policy,
    mode: "normal",
    fireActive: false,
    fireRoseMs: [],
    orders: {},
    visit: null,
    passage: null,
    gate: "locked",
    doorOpen: false,
    doorClosed: null,
    bouncesUntilMs: null,
    exit: null,
    exitUntilMs: 0,
    presence: UNSEEN,
    hint: null,
    badReads: 0,
    usedCodes: [],
    pendingRelease: null,
    awaitedReleases: [],
    holdOpenFailed: false,
    settled: [],
    devices: {},
    links: {},
    alarms: [],
    damping: {},
    message: null,
    clockTrusted: true,
  };
}
