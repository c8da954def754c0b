/** The state of a doorway: plain data, small enough to print. */
import type { Alarm, DeviceName } from "./alarm.ts";
import type { Decision, AwaitedEvidence, Outcome } from "./decision/decision.ts";
import type { Credential, Evidence } from "./evidence/evidence.ts";
import type { Policy } from "./policy/policy.ts";
import type { ReasonCode } from "./reason.ts";
import type { Authority, Mode, Orders, ReleaseCause } from "./record.ts";
import type { Instant } from "./time.ts";

/** How far one visit has come. */
export type VisitPhase =
  /** Evidence is still awaited. */
  | "gathering"
  /** Decided; the record is on its way to the disk. */
  | "committing"
  /** Decided and recorded; the result is on the screen. */
  | "closed";

export interface Visit {
  ref: string;
  phase: VisitPhase;
  openedAt: Instant;
  credential: Credential;
  /** The ID card laid beside a paper pass. */
  companion?: Credential;
  temperature?: Extract<Evidence, { kind: "temperature" }>;
  /** Evidence of the same holder from a showing just before. */
  carried: readonly Evidence[];
  awaits: readonly AwaitedEvidence[];
  decision?: Decision;
  decidedAt?: Instant;
  recordKey?: string;
  authority?: Authority;
  /** Staff who wait for what becomes of their decision. */
  requester?: Requester;
  /** Its visitor was seen to leave; the result goes in a moment. */
  left?: boolean;
  /** A showing that came while the record was being written; its turn is next. */
  next?: { credential: Credential; by: "code" | "card"; ref: string };
}

/** Who waits for an answer: a command from afar, or staff with the event of this reference. */
export type Requester = { commandId: string } | { requestRef: string };

/** Somebody may walk through right now. */
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

/** A release that is recorded first and done then. */
export interface PendingRelease {
  releaseRef: string;
  askedAt: Instant;
  recordKey: string;
  cause: ReleaseCause;
  authority: Authority;
  requester: Requester;
}

/** The gate was asked to open, and has not said yet whether it did. */
export interface AwaitedRelease {
  releaseRef: string;
  askedAt: Instant;
  cause: ReleaseCause;
  visitRef?: string;
  authority?: Authority;
  requester?: Requester;
  /** Its record is durable. */
  recorded: boolean;
}

/** How unsteady an alarm is: one entry for each that ever stood. */
export interface Damping {
  /** How often it came while it stood. */
  times: number;
  /** It has ended, at this moment (monotonic). */
  endedAtMs?: number;
  /** It stands, and will end at this moment unless it comes back. */
  endsAtMs?: number;
}

/** An exit button that is pressed again and again while the gate is open is one request. */
export interface ExitRequest {
  releaseRef: string;
  times: number;
  renewedAtMs: number;
}

/** How a visit came out, for whoever decides about it too late. */
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
  /** Until when (monotonic) a door that closed and rattles is still the same opening. */
  bouncesUntilMs: number | null;
  exit: ExitRequest | null;
  /** Until when (monotonic) an opening door is an exit, not a break-in. */
  exitUntilMs: number;
  present: boolean;
  /** When (monotonic) somebody last left the thermometer's view; 0 before anybody did. */
  absentAtMs: number;
  /** Temperature of whoever stands there now, before anything was shown. */
  standingTemperature: Extract<Evidence, { kind: "temperature" }> | null;
  /** What was held up last is no credential: said for a moment, and no refusal. */
  hint: ReasonCode | null;
  /** Consecutive failed readings. */
  badReads: number;
  usedCodes: readonly UsedCode[];
  /** Evidence of the last visit that was turned away, for the same holder's next showing. */
  lastRejected: {
    credential: Credential;
    evidence: readonly Evidence[];
    temperature?: Extract<Evidence, { kind: "temperature" }>;
    atMs: number;
    /** Somebody has left since, most likely whoever showed it. */
    left?: boolean;
  } | null;
  /** A measurement was asked for; its result belongs to the visit that asked, or to nobody. */
  measuring: boolean;
  /** A release by staff or command that waits for its record. */
  pendingRelease: PendingRelease | null;
  /** Oldest first; each is gone within the gate's deadline. */
  awaitedReleases: readonly AwaitedRelease[];
  /** The way should stand open and does not: said once. */
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

/** A unit that has just started: locked, nobody there, nothing known. */
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
    present: false,
    absentAtMs: 0,
    standingTemperature: null,
    hint: null,
    badReads: 0,
    usedCodes: [],
    lastRejected: null,
    measuring: false,
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
