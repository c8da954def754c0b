/** Builders for core tests: a policy, credentials, evidence and events with sensible defaults. */
import type { Credential, Evidence, EvidenceOf } from "../../src/core/evidence/evidence.ts";
import type { Event } from "../../src/core/event.ts";
import type { Policy } from "../../src/core/policy/policy.ts";
import { DAY_MS, HOUR_MS, type Instant } from "../../src/core/time.ts";

/** Tuesday 2022-04-26, 10:00 in Shanghai. */
export const NOON_MS = Date.UTC(2022, 3, 26, 2, 0, 0);

export function at(monotonicMs = 0, wallTrusted = true): Instant {
  return { monotonicMs, wallMs: NOON_MS + monotonicMs, wallTrusted };
}

export function aPolicy(change: Partial<Policy> = {}): Policy {
  return {
    id: "test-clinic",
    version: 1,
    issuedAtMs: NOON_MS - DAY_MS,
    venueCategory: "clinic",
    acceptedCredentials: [
      "health-pass-live",
      "health-pass-paper",
      "opaque-token",
      "resident-id",
      "eu-dcc",
    ],
    rules: [
      {
        id: "colour",
        kind: "code-colour",
        accepted: ["green"],
        whenUnmet: "deny",
        whenMissing: "refer",
        whenUnreachable: "refer",
      },
      {
        id: "temperature",
        kind: "temperature",
        maxC: 37.3,
        minC: 34,
        whenUnmet: "deny",
        whenMissing: "refer",
        whenUnreachable: "refer",
      },
    ],
    alwaysAdmitRoles: [],
    whenCredentialFails: { "holder-unknown": "refer", "directory-unreachable": "refer" },
    visit: { windowMs: 20_000, releaseMs: 3_000, resultMs: 4_000, maxOpenMs: 15_000 },
    liveCode: {
      maxAgeMs: HOUR_MS / 2,
      maxSkewMs: 120_000,
      reuseWindowMs: 60_000,
      whenReused: "refer",
    },
    freshness: { maxTrustListAgeHours: 72, maxDirectoryAgeHours: 24, whenOlder: "refer" },
    clock: { whenUntrusted: "refer" },
    record: { commitWithinMs: 500, whenNotCommitted: "refer" },
    attempts: { maxBadReads: 5 },
    ...change,
  };
}

type Unstated<E> = E extends Evidence ? Omit<E, "id" | "trust" | "source" | "observedAt"> : never;

let pieces = 0;

/** A piece of evidence that a trusted issuer signed, unless said otherwise. */
export function piece(fields: Unstated<Evidence>, change: Partial<Evidence> = {}): Evidence {
  pieces += 1;
  return {
    id: `${fields.kind}-${pieces}`,
    trust: "verified",
    source: { name: "code-reader" },
    observedAt: at(),
    ...fields,
    ...change,
  } as Evidence;
}

export function warmth(estimateC: number): EvidenceOf<"temperature"> {
  return piece(
    { kind: "temperature", estimateC, skinC: estimateC - 2, ambientC: 22, spreadK: 0.1 },
    { trust: "observed", source: { name: "thermometer" } },
  ) as EvidenceOf<"temperature">;
}

/** A live green pass, made a minute ago. */
export function aCredential(change: Partial<Credential> = {}): Credential {
  return {
    kind: "health-pass-live",
    isValid: true,
    reasons: [],
    reference: "code-1",
    holder: { pseudonym: "holder-1", maskedName: "王**" },
    issuedAtMs: NOON_MS - 60_000,
    evidence: [piece({ kind: "code-colour", colour: "green" })],
    ...change,
  };
}

type UndatedEvent<E> = E extends Event ? Omit<E, "at" | "ref"> : never;

let events = 0;

export function event(said: UndatedEvent<Event>, moment: Instant = at()): Event {
  events += 1;
  return { ...said, at: moment, ref: `e${events}` };
}

export function shows(credential: Credential, moment: Instant = at()): Event {
  return event({ kind: "credential-presented", credential, by: "code" }, moment);
}

export function lays(credential: Credential, moment: Instant = at()): Event {
  return event({ kind: "credential-presented", credential, by: "card" }, moment);
}

export const measured = (celsius: number, monotonicMs = 0) =>
  event({ kind: "temperature-measured", evidence: warmth(celsius) }, at(monotonicMs));
export const arrives = (monotonicMs = 0) =>
  event({ kind: "presence-changed", present: true }, at(monotonicMs));
export const leaves = (monotonicMs = 0) =>
  event({ kind: "presence-changed", present: false }, at(monotonicMs));
export const red = (reference: string, pseudonym: string) =>
  aCredential({
    reference,
    holder: { pseudonym },
    evidence: [piece({ kind: "code-colour", colour: "red" })],
  });
export const paper = () =>
  aCredential({ kind: "health-pass-paper", supportingDocument: "id-card", reference: "paper-1" });
export const card = (pseudonym = "holder-1") =>
  aCredential({ kind: "resident-id", reference: `card-${pseudonym}`, holder: { pseudonym } });

/** A card whose reading took from when it was found until now. */
export const laysAt = (monotonicMs: number, shownAtMs: number) =>
  event(
    { kind: "credential-presented", credential: card(), by: "card", shownAtMs },
    at(monotonicMs),
  );
