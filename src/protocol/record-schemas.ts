/** What a unit's records say on the wire: the core's own types, as schemas that check and are published. */
import { z } from "zod";
import { ALARM_KINDS } from "../core/alarm.ts";
import { CREDENTIAL_KINDS } from "../core/evidence/evidence.ts";
import { CREDENTIAL_REASONS, DECISION_REASONS } from "../core/reason.ts";
import { NOT_RELEASED, type RecordBody } from "../core/record.ts";
import { EVENT_TYPE_PREFIX } from "./cloud-event.ts";

/** A short text that means something to a program. */
export const word = z.string().min(1).max(200);
/** Words of a person or a program for a person. */
export const remark = z.string().max(1_000);
export const epochMs = z.number().describe("milliseconds since 1970-01-01T00:00Z");
const durationMs = z.number().describe("milliseconds");
export const count = z.int().min(0);

const instant = z.strictObject({
  monotonicMs: z.number().describe("for durations: never jumps, begins anew with each start"),
  wallMs: epochMs.describe("as the unit believed, milliseconds since 1970-01-01T00:00Z"),
  wallTrusted: z.boolean().describe("whether that clock could be believed"),
});

const reason = z.strictObject({
  code: z.enum([...CREDENTIAL_REASONS, ...DECISION_REASONS]),
  params: z.record(z.string(), z.union([z.number(), z.string()])).exactOptional(),
});

const statement = {
  id: word.describe("unique within the visit"),
  trust: z.enum(["verified", "looked-up", "observed"]),
  source: z.strictObject({
    name: word.describe("device or list"),
    detail: remark.describe("issuer, key id or list version").exactOptional(),
    asOfMs: epochMs.describe("when the source's own data was made").exactOptional(),
  }),
  observedAt: instant,
  validFromMs: epochMs.exactOptional(),
  validUntilMs: epochMs.exactOptional(),
};
const testResult = z
  .enum(["negative", "positive", "pending", "unknown"])
  .describe("unknown: a result that is not understood, not final, or not certain");
const disease = word
  .describe(
    "covid-19, unknown, other, or a code such as snomed:6142004; absent in records made before it was said",
  )
  .exactOptional();
const tested = {
  disease,
  result: testResult,
  sampledAtMs: epochMs,
  sampledUntilMs: epochMs.describe("where only a day or a period is known").exactOptional(),
};

const evidence = z.discriminatedUnion("kind", [
  z.strictObject({
    ...statement,
    kind: z.literal("code-colour"),
    colour: z.enum(["green", "yellow", "red"]).describe("a fact, never the decision"),
  }),
  z.strictObject({
    ...statement,
    kind: z.literal("nucleic-acid-test"),
    ...tested,
    reportedAtMs: epochMs.exactOptional(),
  }),
  z.strictObject({ ...statement, kind: z.literal("antigen-test"), ...tested }),
  z
    .strictObject({
      ...statement,
      kind: z.literal("other-test"),
      ...tested,
      test: word.describe("as the credential names it").exactOptional(),
    })
    .describe("a test of a kind that is not known"),
  z.strictObject({
    ...statement,
    kind: z.literal("vaccination"),
    disease,
    doses: z.number(),
    dosesNeeded: z.number().exactOptional(),
    lastDoseAtMs: epochMs,
    lastDoseUntilMs: epochMs.describe("where only a month or a year is known").exactOptional(),
    product: word.exactOptional(),
  }),
  z.strictObject({
    ...statement,
    kind: z.literal("recovery"),
    disease,
    firstPositiveAtMs: epochMs,
    fromMs: epochMs.exactOptional(),
    untilMs: epochMs.exactOptional(),
  }),
  z.strictObject({
    ...statement,
    kind: z.literal("temperature"),
    estimateC: z.number().describe("estimate of the body's temperature"),
    skinC: z.number(),
    ambientC: z.number(),
    spreadK: z.number().describe("between the samples of one measurement"),
  }),
  z.strictObject({ ...statement, kind: z.literal("membership"), roles: z.array(word) }),
  z.strictObject({
    ...statement,
    kind: z.literal("business-rules"),
    rulesOf: word,
    result: z.enum(["passed", "failed", "open"]),
    failed: z.array(word),
    open: z.array(word),
  }),
]);

const outcome = z.enum(["granted", "denied", "referred"]);

const ruleResult = z.strictObject({
  ruleId: word,
  outcome: z.enum(["met", "unmet", "unclear", "missing", "unreachable", "not-applicable"]),
  verdict: z.enum(["grant", "refer", "deny"]),
  reason: reason.exactOptional(),
  evidenceId: word.exactOptional(),
  evidenceKind: z
    .enum([
      "code-colour",
      "nucleic-acid-test",
      "antigen-test",
      "other-test",
      "vaccination",
      "recovery",
      "temperature",
      "membership",
      "business-rules",
    ])
    .exactOptional(),
  ageMs: durationMs.exactOptional(),
  awaits: z.enum(["id-card", "temperature"]).exactOptional(),
});

const decision = z.strictObject({
  outcome,
  reasons: z
    .array(reason)
    .describe("why not granted: what denies before what refers, the unit's own faults first"),
  rules: z.array(ruleResult).describe("every rule that was applied"),
  policy: z.strictObject({ id: word, version: z.number() }),
});

const authority = z.strictObject({
  by: word.describe("account of staff, or the id of the key that signed"),
  why: remark,
});
const visitRef = word.describe("random; links the records of one visit, and to nobody");
const releaseRef = word.describe("random; the same in a release and in its correction");
const cause = z.enum(["granted", "exit-request", "operator", "command", "fire", "evacuation"]);
const alarm = {
  alarm: z.enum(ALARM_KINDS),
  subject: word
    .describe("which device or link, for the kinds that concern several")
    .exactOptional(),
};

/** Each kind of record, with one sentence on what it tells. */
const recordBodies = {
  "visit-decided": z
    .strictObject({
      type: z.literal("visit-decided"),
      visitRef,
      decision,
      credentialKind: z.enum(CREDENTIAL_KINDS).exactOptional(),
      evidence: z.array(evidence),
      authority: authority.describe("staff decided instead of the rules").exactOptional(),
      decidedAfterMs: durationMs.describe("from the first evidence to the decision, ms"),
    })
    .describe("A visitor was granted, denied or referred to staff, and by which rules."),
  "visit-ended": z
    .strictObject({
      type: z.literal("visit-ended"),
      visitRef,
      ending: z.enum(["taken", "not-taken", "unobserved", "abandoned"]),
    })
    .describe("A visit is over: whether the visitor walked through."),
  "gate-released": z
    .strictObject({
      type: z.literal("gate-released"),
      cause,
      visitRef: visitRef.exactOptional(),
      authority: authority.exactOptional(),
      releaseRef: releaseRef.exactOptional(),
    })
    .describe("The gate was opened, and why."),
  "gate-not-released": z
    .strictObject({
      type: z.literal("gate-not-released"),
      cause,
      why: z
        .enum(NOT_RELEASED)
        .describe("gate-silent: the gate did not say in time whether it opened"),
      visitRef: visitRef.exactOptional(),
      authority: authority.exactOptional(),
      releaseRef: releaseRef.exactOptional(),
    })
    .describe("A correction: the gate was not opened, though an earlier record says or asks so."),
  "alarm-raised": z
    .strictObject({ type: z.literal("alarm-raised"), ...alarm })
    .describe("Something is wrong from now on."),
  "alarm-cleared": z
    .strictObject({
      type: z.literal("alarm-cleared"),
      ...alarm,
      times: count
        .describe("how often it came: one that comes and goes is recorded once")
        .exactOptional(),
    })
    .describe("It is no longer wrong."),
  "exit-repeated": z
    .strictObject({ type: z.literal("exit-repeated"), releaseRef, times: count })
    .describe("The exit button was pressed again and again: how often, in one opening."),
  "mode-changed": z
    .strictObject({
      type: z.literal("mode-changed"),
      mode: z.enum(["normal", "locked-down", "evacuation"]),
      authority: authority.exactOptional(),
    })
    .describe("The door works as usual, is locked down, or stands open for an evacuation."),
  "command-handled": z
    .strictObject({
      type: z.literal("command-handled"),
      command: word,
      result: word,
      authority,
    })
    .describe("A command that passed every check was carried out or refused."),
  "policy-changed": z
    .strictObject({ type: z.literal("policy-changed"), policyId: word, version: z.number() })
    .describe("Other rules hold from now on."),
  "database-replaced": z
    .strictObject({
      type: z.literal("database-replaced"),
      why: remark,
      setAside: word.describe("name of the file that was set aside"),
      previousEpoch: word.exactOptional(),
      fromSeq: count.describe("oldest record that had not arrived").exactOptional(),
      toSeq: count.describe("last record that was written").exactOptional(),
    })
    .describe("A damaged database was set aside; a new one with a new epoch began."),
  "clock-stepped": z
    .strictObject({ type: z.literal("clock-stepped"), byMs: z.number(), trusted: z.boolean() })
    .describe("The wall clock jumped."),
} as const;

export type RecordType = RecordBody["type"];
export const RECORD_TYPES = Object.keys(recordBodies) as RecordType[];

const hash = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .describe("SHA-256, hexadecimal");

/** One record as a CloudEvent (CloudEvents 1.0.2, JSON format), for each type of record. */
export function recordEventSchema(type: RecordType): z.ZodType {
  const body = recordBodies[type];
  const record = z.strictObject({
    unit: word,
    epoch: word.describe("new whenever a unit's database begins anew"),
    seq: z.int().min(1).describe("without gaps within an epoch"),
    prev: hash.describe("hash of the record before"),
    at: instant,
    body,
  });
  return z
    .strictObject({
      specversion: z.literal("1.0"),
      id: z
        .string()
        .regex(/^[^/]+\/[^/]+\/[1-9][0-9]*$/)
        .describe("unit/epoch/seq: what came twice is the same record"),
      source: z.string().regex(/^\/districts\/[^/]+\/units\/[^/]+$/),
      type: z.literal(`${EVENT_TYPE_PREFIX}${type}.v1`),
      subject: visitRef.exactOptional(),
      time: z.iso.datetime(),
      datacontenttype: z.literal("application/json"),
      data: z.strictObject({
        hash: hash.describe("SHA-256 of `record` in canonical JSON (RFC 8785)"),
        record,
        holder: z
          .string()
          .regex(/^[A-Za-z0-9_.-]{1,64}$/)
          .describe("pseudonym, the same on all units of a district; only where the policy says so")
          .exactOptional(),
      }),
    })
    .describe(body.description ?? "");
}

/**
 * As much of an event as its receiver rests on, without its record. What else there is may be
 * younger than the receiver, and is left alone.
 */
export const arrivedEventSchema = z.object({
  specversion: z.literal("1.0"),
  data: z.object({ hash: z.string(), holder: z.string().exactOptional() }),
});

/** The same of the record: a collector stores kinds of records that are younger than itself. */
export const arrivedRecordSchema = z.object({
  unit: z.string(),
  epoch: z.string().min(1),
  seq: z.int().min(1),
  prev: z.string(),
  at: z.object({ wallMs: z.number() }),
  body: z.object({ type: z.string() }),
});

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;
/** Records made before statements named their disease are records still. */
type DiseaseMayLack<T> = T extends readonly (infer Item)[]
  ? readonly DiseaseMayLack<Item>[]
  : T extends { disease: infer Disease }
    ? { [Key in keyof T as Exclude<Key, "disease">]: DiseaseMayLack<T[Key]> } & {
        disease?: Disease;
      }
    : T extends object
      ? { [Key in keyof T]: DiseaseMayLack<T[Key]> }
      : T;
type Published = DeepReadonly<z.output<(typeof recordBodies)[RecordType]>>;
/** Compiles only while core and contract say the same of every record. */
type Agree<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
export const AGREES_WITH_CORE: Agree<Published, DeepReadonly<DiseaseMayLack<RecordBody>>> = true;
