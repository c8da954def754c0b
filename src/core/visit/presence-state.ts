/**
 * Presence: who stands in front of the door, as far as the thermometer sees, and what is known of
 * that person before and between visits.
 *
 * ```
 * seen      event                             next      what happens
 * unknown   the thermometer works             lastSeen  a visit that still gathers is abandoned
 * absent    presence-changed: present         present   the last visitor's evidence is dropped
 * present   presence-changed: absent          absent    the visit is abandoned; `lastLeftAtMs` is now
 * any       the thermometer fails             unknown   what was seen last is kept as `lastSeen`
 * any       evidence outside a visit          same      kept as `observed`, for the visit to come
 * any       a visit begins                    same      takes `observed` and the last visit's evidence
 * any       a visit ends without admission    same      kept as `lastRejected`
 * ```
 *
 * Coupled with the visit: a person who leaves takes their evidence along. A credential that was held
 * up before `lastLeftAtMs` is of the person who left. Temperature belongs to a body: once a person
 * has come or gone, what was measured before counts for no later visit. Credentials belong to a
 * holder: the same holder's next presentation within the visit window carries on where it was left.
 */
import type { ObservedKind } from "../evidence/observed.ts";
import type { Credential, Evidence } from "../evidence/evidence.ts";

type Sighting =
  | { seen: "present" }
  | { seen: "absent" }
  /** The thermometer is down, absent, or has not reported yet that it works. */
  | { seen: "unknown"; lastSeen: "present" | "absent" };

export type Presence = Sighting & {
  /** When (monotonic) a person last left the thermometer's view; 0 before the first did. */
  lastLeftAtMs: number;
  /** Observed of the person who stands there before anything was shown: one piece of a kind. */
  observed: readonly Evidence[];
  /** A visit asked for these observations; their results belong to that visit, or to no one. */
  requested: readonly ObservedKind[];
  /** The last visit that ended without admission, for the same holder's next presentation. */
  lastRejected: RejectedVisit | null;
};

/** What a visit that ended without admission leaves behind. */
export interface RejectedVisit {
  credential: Credential;
  carried: readonly Evidence[];
  /** Of the visitor's body: empty once a person has come or gone. */
  observed: readonly Evidence[];
  atMs: number;
  /** Its visitor has left, as far as anyone saw. */
  presenterLeft: boolean;
}

/** A unit that has just started: the thermometer has not reported yet. */
export const UNSEEN: Presence = {
  seen: "unknown",
  lastSeen: "absent",
  lastLeftAtMs: 0,
  observed: [],
  requested: [],
  lastRejected: null,
};

/** Whether a person is seen there now. */
export const isSeenPresent = ({ seen }: Presence): boolean => seen === "present";

/** Whether the thermometer sees who comes and goes. */
export const isWatched = ({ seen }: Presence): boolean => seen !== "unknown";
