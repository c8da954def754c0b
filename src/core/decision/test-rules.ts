/** Rules about tests: the newest result decides, and only a negative one meets a rule. */
import { startOfDayMs } from "../policy/calendar.ts";
import { UNKNOWN_DISEASE } from "../evidence/disease.ts";
import type { EvidenceOf, TestResult } from "../evidence/evidence.ts";
import {
  current,
  found,
  missing,
  unclear,
  type Finding,
  type RuleContext,
  type RuleOf,
} from "./finding.ts";
import type { Reason, ReasonCode } from "../reason.ts";
import { DAY_MS, HOUR_MS } from "../time.ts";

type Kind = "nucleic-acid-test" | "antigen-test";
type Test = EvidenceOf<Kind | "other-test">;

const CODES = {
  "nucleic-acid-test": {
    missing: "test-missing",
    pending: "test-pending",
    tooOld: "test-too-old",
  },
  "antigen-test": {
    missing: "antigen-missing",
    pending: "antigen-pending",
    tooOld: "antigen-too-old",
  },
} as const satisfies Record<Kind, Record<string, ReasonCode>>;

/** Of two results of one moment the one that speaks against the visitor counts. */
const WEIGHT: Readonly<Record<TestResult, number>> = {
  positive: 3,
  unknown: 2,
  pending: 1,
  negative: 0,
};

export function findTest(rule: RuleOf<Kind>, context: RuleContext): Finding {
  const codes = CODES[rule.kind];
  const [newest] = deciding(rule, context);
  const unread = couldMeet(rule, context, newest);
  if (newest === undefined) {
    return unread === undefined ? missing(codes.missing) : unclear(unread, "test-unclear");
  }
  const { disease } = newest;
  if (
    newest.result === "unknown" ||
    (newest.result === "positive" && disease === UNKNOWN_DISEASE)
  ) {
    return unclear(newest, "test-unclear");
  }
  if (newest.result === "pending") return unclear(newest, codes.pending);
  const counted = countedFrom(rule, newest);
  if (newest.result === "positive") {
    const code = newest.kind === "antigen-test" ? "antigen-positive" : "test-positive";
    return found(newest, context.at.wallMs - newest.sampledAtMs, { code });
  }
  if (counted === undefined) return missing(codes.pending);
  const finding = judgeAge(rule, newest, counted, context);
  const isTooOld = finding.reason?.code === codes.tooOld;
  return isTooOld && unread !== undefined ? unclear(unread, "test-unclear") : finding;
}

function allTests(context: RuleContext): Test[] {
  return [
    ...current(context, "nucleic-acid-test", newestAt),
    ...current(context, "antigen-test", newestAt),
    ...current(context, "other-test", newestAt),
  ];
}

/** The tests that count for a rule, newest first. */
function deciding(rule: RuleOf<Kind>, context: RuleContext): Test[] {
  const disease = rule.disease ?? context.disease;
  return allTests(context)
    .filter((test) => countsFor(test, rule, disease))
    .sort((a, b) => newestAt(b) - newestAt(a) || WEIGHT[b.result] - WEIGHT[a.result]);
}

/**
 * A test in time that may be the one asked for, were its kind or its disease known here. It proves
 * nothing, and it is not as if there were none either.
 */
function couldMeet(
  rule: RuleOf<Kind>,
  context: RuleContext,
  newest: Test | undefined,
): Test | undefined {
  const disease = rule.disease ?? context.disease;
  const sinceMs = newest === undefined ? -Infinity : newestAt(newest);
  return allTests(context).find((test) => {
    const isUnknown = test.kind === "other-test" || test.disease === UNKNOWN_DISEASE;
    const mayBe = test.kind === "other-test" || test.kind === rule.kind;
    const ofIt = test.disease === disease || test.disease === UNKNOWN_DISEASE;
    const latestMs = test.sampledUntilMs ?? test.sampledAtMs;
    const inTime = context.at.wallMs - latestMs <= rule.maxAgeHours * HOUR_MS;
    return isUnknown && mayBe && ofIt && inTime && latestMs > sinceMs;
  });
}

function countsFor(test: Test, rule: RuleOf<Kind>, disease: string): boolean {
  if (test.disease === disease && test.kind === rule.kind) {
    return test.result !== "pending" || rule.pendingHides !== false;
  }
  // Another kind of test proves nothing here. But what speaks against the visitor, and what nobody
  // here can read, is not hidden by an older result either.
  if (test.disease !== disease && test.disease !== UNKNOWN_DISEASE) return false;
  return test.result === "positive" || test.result === "unknown";
}

/** An unclear time is no advantage: a good result is as old as it can be, another as new. */
function newestAt({ result, sampledAtMs, sampledUntilMs }: Test): number {
  return result === "negative" ? sampledAtMs : (sampledUntilMs ?? sampledAtMs);
}

function countedFrom(rule: RuleOf<Kind>, test: Test): number | undefined {
  if (rule.kind !== "nucleic-acid-test" || rule.countFrom === "sampledAt") return test.sampledAtMs;
  return test.kind === "nucleic-acid-test" ? test.reportedAtMs : undefined;
}

/** Too old and from the future are both exact: a sample of exactly the limit still counts. */
function judgeAge(
  { kind, maxAgeHours }: RuleOf<Kind>,
  test: Test,
  counted: number,
  { at, zone }: RuleContext,
): Finding {
  // A day without a time begins with the venue's own midnight, which may lie before that of UTC.
  const day = counted / DAY_MS;
  const isDay = test.sampledUntilMs !== undefined && Number.isInteger(day);
  const sinceMs = isDay ? startOfDayMs(day, zone) : counted;
  const ageMs = at.wallMs - sinceMs;
  let reason: Reason | undefined;
  if (ageMs < 0) reason = { code: "test-from-future", params: { ageMs } };
  else if (ageMs > maxAgeHours * HOUR_MS) {
    reason = { code: CODES[kind].tooOld, params: { ageMs, maxAgeHours } };
  }
  return found(test, ageMs, reason);
}
