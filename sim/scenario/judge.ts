/** Holds what came of a run against what the scenario expected. */
import type { TotalsLine, VisitLine } from "./report.ts";
import type { Count, TotalsExpectation, VisitorExpectation } from "./schema.ts";

/** What was not as expected of a visitor, in sentences. `lines` are those of one coming, in order. */
export function judgeVisitor(expected: VisitorExpectation, lines: readonly VisitLine[]): string[] {
  const last = lines.at(-1);
  if (last === undefined) return ["the visitor never came to the door"];
  const failures: string[] = [];
  const fail = (what: string, wanted: unknown, got: unknown): void => {
    failures.push(`${what}: expected ${shown(wanted)}, got ${shown(got)}`);
  };
  const same = (what: string, wanted: unknown, got: unknown): void => {
    if (wanted !== undefined && wanted !== got) fail(what, wanted, got);
  };
  judgeOutcome(expected, last, fail);
  if (expected.decisions !== undefined) {
    const got = lines.flatMap((line) => line.decisions.map((decision) => decision.outcome));
    if (shown(expected.decisions) !== shown(got)) fail("decisions", expected.decisions, got);
  }
  if (expected.visits !== undefined) {
    const visits = lines.filter((line) => line.visit > 0).length;
    if (!within(expected.visits, visits)) fail("visits", expected.visits, visits);
  }
  same("credential", expected.credential, last.credential);
  same(
    "gateOpened",
    expected.gateOpened,
    lines.some((line) => line.gate.opened),
  );
  same(
    "taken",
    expected.taken,
    lines.some((line) => line.ending === "taken"),
  );
  same(
    "delivered",
    expected.delivered,
    lines.every((line) => line.delivered),
  );
  judgeRules(expected, last, fail);
  judgeNumbers(expected, last, fail);
  const alarms = new Set(lines.flatMap((line) => line.alarms));
  const silent = (expected.alarms ?? []).filter((alarm) => !alarms.has(alarm));
  if (silent.length > 0) fail("alarms", expected.alarms, [...alarms]);
  return failures;
}

type Fail = (what: string, wanted: unknown, got: unknown) => void;

function judgeOutcome(expected: VisitorExpectation, last: VisitLine, fail: Fail): void {
  const { outcome, reasons, reasonsInclude } = expected;
  const got =
    last.reasons.length === 0 ? last.outcome : `${last.outcome} (${last.reasons.join(", ")})`;
  const allowed = typeof outcome === "string" ? [outcome] : outcome;
  if (allowed !== undefined && !allowed.includes(last.outcome)) fail("outcome", outcome, got);
  if (reasons !== undefined && shown([...reasons].sort()) !== shown([...last.reasons].sort())) {
    fail("reasons", reasons, last.reasons);
  }
  if (reasonsInclude?.some((reason) => !last.reasons.includes(reason)) === true) {
    fail("reasonsInclude", reasonsInclude, last.reasons);
  }
}

function judgeRules(expected: VisitorExpectation, last: VisitLine, fail: Fail): void {
  for (const [ruleId, wanted] of Object.entries(expected.rules ?? {})) {
    const rule = last.rules.find((each) => "ruleId" in each && each.ruleId === ruleId);
    const got = rule !== undefined && "outcome" in rule ? rule.outcome : "no such rule";
    if (got !== wanted) fail(`rules.${ruleId}`, wanted, got);
  }
}

function judgeNumbers(expected: VisitorExpectation, last: VisitLine, fail: Fail): void {
  const { temperatureC, decidedWithinMs, gateWithinMs } = expected;
  if (temperatureC !== undefined) {
    const got = last.temperatureC;
    const { min = -Infinity, max = Infinity } = temperatureC;
    if (got === null || got < min || got > max) fail("temperatureC", temperatureC, got);
  }
  const since = (toMs: number | null): number | null =>
    toMs === null || last.shownAtMs === null ? null : toMs - last.shownAtMs;
  if (decidedWithinMs !== undefined) {
    const got = since(last.decidedAtMs);
    if (got === null || got > decidedWithinMs) fail("decidedWithinMs", decidedWithinMs, got);
  }
  if (gateWithinMs !== undefined) {
    const got = since(last.gate.openedAtMs);
    if (got === null || got > gateWithinMs) fail("gateWithinMs", gateWithinMs, got);
  }
}

const COUNTED = [
  "granted",
  "denied",
  "referred",
  "none",
  "taken",
  "releases",
  "recordsStored",
  "recordsAtBroker",
  "duplicatesAtBroker",
  "outboxPending",
] as const;

/** What was not as expected of the whole run. */
export function judgeTotals(
  expected: TotalsExpectation,
  totals: Omit<TotalsLine, "checks" | "expect" | "ok">,
): string[] {
  const failures: string[] = [];
  for (const key of COUNTED) {
    const wanted = expected[key];
    if (wanted === undefined || within(wanted, totals[key])) continue;
    failures.push(`${key}: expected ${shown(wanted)}, got ${totals[key]}`);
  }
  const { alarmsRaised = [], alarmsNever = [], alarmsStanding } = expected;
  for (const alarm of alarmsRaised) {
    if (!totals.alarmsRaised.includes(alarm))
      failures.push(`alarmsRaised: ${alarm} was not raised`);
  }
  for (const alarm of alarmsNever) {
    if (totals.alarmsRaised.includes(alarm)) failures.push(`alarmsNever: ${alarm} was raised`);
  }
  if (
    alarmsStanding !== undefined &&
    shown([...alarmsStanding].sort()) !== shown(totals.alarmsStanding)
  ) {
    failures.push(
      `alarmsStanding: expected ${shown(alarmsStanding)}, got ${shown(totals.alarmsStanding)}`,
    );
  }
  return failures;
}

function within(wanted: Count, got: number): boolean {
  if (typeof wanted === "number") return got === wanted;
  return got >= (wanted.min ?? -Infinity) && got <= (wanted.max ?? Infinity);
}

const shown = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);
