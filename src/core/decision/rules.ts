/** Rules applied to evidence: one pure function a kind, each saying what it found and how old it was. */
import type { RuleResult } from "./decision.ts";
import { current, found, missing, type Finding, type RuleContext, type RuleOf } from "./finding.ts";
import { findRecovery, findVaccination } from "./immunity-rules.ts";
import type { EvidenceKind } from "../evidence/evidence.ts";
import { isObservedKind } from "../evidence/observed.ts";
import type { Rule, RuleKind, Verdict } from "../policy/policy.ts";
import { REASONS_OF_TIME, type ReasonCode } from "../reason.ts";
import { findTest } from "./test-rules.ts";

/** Applies one rule. An `any-of` gives its own line first and then one for each alternative. */
export function applyRule(rule: Rule, context: RuleContext): RuleResult[] {
  if (!applies(rule, context)) {
    return [{ ruleId: rule.id, outcome: "not-applicable", verdict: "grant" }];
  }
  if (rule.kind === "any-of") return applyAnyOf(rule, context);
  const finding = mayStillCome(find(rule, context), EVIDENCE_OF_RULE[rule.kind], context);
  return [{ ruleId: rule.id, ...finding, verdict: verdictOf(rule, finding.outcome) }];
}

/** The kind of evidence that each kind of rule rests on. */
const EVIDENCE_OF_RULE: Readonly<Record<Exclude<RuleKind, "any-of">, EvidenceKind>> = {
  "code-colour": "code-colour",
  "nucleic-acid-test": "nucleic-acid-test",
  "antigen-test": "antigen-test",
  vaccination: "vaccination",
  recovery: "recovery",
  temperature: "temperature",
  roster: "membership",
  "business-rules": "business-rules",
};

/** Missing evidence that a device observes is awaited while the visit lasts, or out of reach. */
function mayStillCome(finding: Finding, kind: EvidenceKind, context: RuleContext): Finding {
  if (finding.outcome !== "missing" || !isObservedKind(kind)) return finding;
  if (context.outOfReach.includes(kind)) return { ...finding, outcome: "unreachable" };
  return context.windowOver ? finding : { ...finding, awaits: kind };
}

function applies(rule: Rule, context: RuleContext): boolean {
  const to = rule.appliesTo;
  if (to === undefined) return true;
  if (to.credentialKinds !== undefined && !to.credentialKinds.includes(context.credential.kind)) {
    return false;
  }
  if (to.exceptRoles?.some((role) => context.roles.includes(role)) === true) return false;
  return to.roles === undefined || to.roles.some((role) => context.roles.includes(role));
}

function verdictOf(rule: Rule, outcome: RuleResult["outcome"]): Verdict {
  switch (outcome) {
    case "met":
    case "not-applicable":
      return "grant";
    case "unmet":
      return rule.whenUnmet;
    case "unclear":
      return rule.whenUnclear ?? "refer";
    case "missing":
      return rule.whenMissing;
    case "unreachable":
      return rule.whenUnreachable;
  }
}

function applyAnyOf(rule: RuleOf<"any-of">, context: RuleContext): RuleResult[] {
  const alternatives = rule.rules.flatMap((inner) => applyRule(inner, context));
  const met = alternatives.find((result) => result.outcome === "met");
  const lines = alternatives.map((result): RuleResult => {
    // The alternatives explain; only the rule around them counts.
    const { awaits: _awaits, ...rest } = result;
    return { ...rest, ruleId: `${rule.id}/${result.ruleId}`, verdict: "grant" };
  });
  if (met !== undefined) {
    const { reason: _reason, ...result } = met;
    return [{ ...result, ruleId: rule.id, verdict: "grant" }, ...lines];
  }
  const awaiting = alternatives.find((result) => result.awaits !== undefined);
  const decisive = decisiveOf(alternatives);
  const explaining = awaiting ?? undecidable(alternatives, context) ?? decisive;
  const outcome = decisive?.outcome ?? "missing";
  const finding: RuleResult = {
    ruleId: rule.id,
    outcome,
    verdict: verdictOf(rule, outcome),
    ...(explaining?.reason === undefined ? {} : { reason: explaining.reason }),
    ...(awaiting?.awaits === undefined ? {} : { awaits: awaiting.awaits }),
  };
  return [finding, ...lines];
}

/** With an untrusted clock, an alternative that fails by a reason of time only may be met. */
function undecidable(results: readonly RuleResult[], { at }: RuleContext): RuleResult | undefined {
  if (at.wallTrusted) return undefined;
  return results.find(({ reason }) => reason !== undefined && REASONS_OF_TIME.has(reason.code));
}

/** Reasons that are against the visitor as a person, and not only against the credential. */
const AGAINST: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  "code-red",
  "test-positive",
  "antigen-positive",
  "temperature-high",
]);

/**
 * The alternative that counts where none is met. One that is unclear, or out of reach, may
 * be met: it comes before those that are not, unless one of those is against the visitor. An empty
 * or wholly inapplicable alternative proves nothing, so it counts as missing, never as met.
 */
function decisiveOf(results: readonly RuleResult[]): RuleResult | undefined {
  const of = (outcome: RuleResult["outcome"]): RuleResult | undefined =>
    results.find((result) => result.outcome === outcome);
  return (
    results.find(({ reason }) => reason !== undefined && AGAINST.has(reason.code)) ??
    of("unclear") ??
    of("unreachable") ??
    of("unmet") ??
    of("missing")
  );
}

function find(rule: Exclude<Rule, { kind: "any-of" }>, context: RuleContext): Finding {
  switch (rule.kind) {
    case "code-colour":
      return findColour(rule, context);
    case "nucleic-acid-test":
    case "antigen-test":
      return findTest(rule, context);
    case "vaccination":
      return findVaccination(rule, context);
    case "recovery":
      return findRecovery(rule, context);
    case "temperature":
      return findTemperature(rule, context);
    case "roster":
      return findRoster(rule, context);
    case "business-rules":
      return findBusinessRules(rule, context);
  }
}

function findColour(rule: RuleOf<"code-colour">, context: RuleContext): Finding {
  const [piece] = current(context, "code-colour", (each) => each.source.asOfMs ?? 0);
  if (piece === undefined) return missing("code-colour-missing");
  const age =
    piece.source.asOfMs === undefined ? undefined : context.at.wallMs - piece.source.asOfMs;
  if (rule.accepted.includes(piece.colour)) return found(piece, age);
  const code = piece.colour === "red" ? "code-red" : "code-yellow";
  return found(piece, age, { code });
}

function findTemperature(rule: RuleOf<"temperature">, context: RuleContext): Finding {
  const [piece] = current(context, "temperature", (each) => each.observedAt.monotonicMs);
  if (piece === undefined) return missing("temperature-missing");
  const ageMs = context.at.monotonicMs - piece.observedAt.monotonicMs;
  const celsius = piece.estimateC;
  if (!(celsius >= rule.minC)) {
    return found(piece, ageMs, { code: "temperature-implausible", params: { celsius } });
  }
  if (!(celsius <= rule.maxC)) {
    return found(piece, ageMs, {
      code: "temperature-high",
      params: { celsius, maxC: rule.maxC },
    });
  }
  return found(piece, ageMs);
}

function findRoster(rule: RuleOf<"roster">, context: RuleContext): Finding {
  const [piece] = current(context, "membership", (each) => each.source.asOfMs ?? 0);
  if (piece === undefined) return missing("not-on-roster");
  const age =
    piece.source.asOfMs === undefined ? undefined : context.at.wallMs - piece.source.asOfMs;
  const listed = rule.roles.some((role) => piece.roles.includes(role));
  return found(piece, age, listed ? undefined : { code: "not-on-roster" });
}

function findBusinessRules(rule: RuleOf<"business-rules">, context: RuleContext): Finding {
  const piece = current(context, "business-rules", () => 0).find(
    (each) => each.rulesOf === rule.rulesOf,
  );
  if (piece === undefined) return missing("business-rules-open");
  const { asOfMs } = piece.source;
  const age = asOfMs === undefined ? undefined : context.at.wallMs - asOfMs;
  switch (piece.result) {
    case "passed":
      return found(piece, age);
    case "failed":
      return found(piece, age, {
        code: "business-rules-failed",
        params: { rules: piece.failed.join(", ") },
      });
    case "open":
      return { ...found(piece, age), ...missing("business-rules-open") };
  }
}
