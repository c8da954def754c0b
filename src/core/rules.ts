/** Rules applied to evidence: one pure function a kind, each saying what it found and how old it was. */
import type { Evidence, EvidenceOf, Credential } from "./evidence.ts";
import type { RuleResult } from "./decision.ts";
import type { Rule, Verdict } from "./policy.ts";
import type { Reason, ReasonCode } from "./reason.ts";
import { DAY_MS, HOUR_MS, type Instant } from "./time.ts";

/** What a rule may look at. */
export interface RuleContext {
  credential: Credential;
  evidence: readonly Evidence[];
  roles: readonly string[];
  at: Instant;
  /** The thermometer is broken or unplugged: no temperature can come. */
  thermometerDown: boolean;
  /** Nothing more will come in this visit. */
  windowOver: boolean;
}

type Finding = Omit<RuleResult, "ruleId" | "verdict">;
type RuleOf<K extends Rule["kind"]> = Extract<Rule, { kind: K }>;

/** Applies one rule. An `any-of` gives its own line first and then one for each alternative. */
export function applyRule(rule: Rule, context: RuleContext): RuleResult[] {
  if (!applies(rule, context)) {
    return [{ ruleId: rule.id, outcome: "not-applicable", verdict: "grant" }];
  }
  if (rule.kind === "any-of") return applyAnyOf(rule, context);
  const finding = find(rule, context);
  return [{ ruleId: rule.id, ...finding, verdict: verdictOf(rule, finding.outcome) }];
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
    const { reason: _reason, ...found } = met;
    return [{ ...found, ruleId: rule.id, verdict: "grant" }, ...lines];
  }
  const awaiting = alternatives.find((result) => result.awaits !== undefined);
  const telling = awaiting ?? strictest(alternatives);
  const outcome = outcomeOfNone(alternatives);
  const finding: RuleResult = {
    ruleId: rule.id,
    outcome,
    verdict: verdictOf(rule, outcome),
    ...(telling?.reason === undefined ? {} : { reason: telling.reason }),
    ...(awaiting?.awaits === undefined ? {} : { awaits: awaiting.awaits }),
  };
  return [finding, ...lines];
}

// An empty or wholly inapplicable alternative proves nothing, so it counts as missing, never as met.
function outcomeOfNone(results: readonly RuleResult[]): "unmet" | "missing" | "unreachable" {
  if (results.some((result) => result.outcome === "unmet")) return "unmet";
  if (results.some((result) => result.outcome === "unreachable")) return "unreachable";
  return "missing";
}

function strictest(results: readonly RuleResult[]): RuleResult | undefined {
  return (
    results.find((result) => result.outcome === "unmet") ??
    results.find((result) => result.reason !== undefined)
  );
}

function find(rule: Exclude<Rule, { kind: "any-of" }>, context: RuleContext): Finding {
  switch (rule.kind) {
    case "code-colour":
      return findColour(rule, context);
    case "nucleic-acid-test":
      return findNucleicAcidTest(rule, context);
    case "antigen-test":
      return findAntigenTest(rule, context);
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

/** Pieces of one kind that say something now, newest first by `timeOf`. */
function current<K extends Evidence["kind"]>(
  context: RuleContext,
  kind: K,
  timeOf: (evidence: EvidenceOf<K>) => number,
): EvidenceOf<K>[] {
  const now = context.at.wallMs;
  return context.evidence
    .filter((piece): piece is EvidenceOf<K> => piece.kind === kind)
    .filter((piece) => piece.validFromMs === undefined || piece.validFromMs <= now)
    .filter((piece) => piece.validUntilMs === undefined || now < piece.validUntilMs)
    .sort((a, b) => timeOf(b) - timeOf(a));
}

const missing = (code: ReasonCode): Finding => ({ outcome: "missing", reason: { code } });

function found(piece: Evidence, ageMs?: number, reason?: Reason): Finding {
  return {
    outcome: reason === undefined ? "met" : "unmet",
    evidenceId: piece.id,
    evidenceKind: piece.kind,
    ...(ageMs === undefined ? {} : { ageMs }),
    ...(reason === undefined ? {} : { reason }),
  };
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

/** Too old and from the future are both exact: a sample of exactly the limit still counts. */
function judgeAge(ageMs: number, maxAgeHours: number, tooOld: ReasonCode): Reason | undefined {
  if (ageMs < 0) return { code: "test-from-future", params: { ageMs } };
  if (ageMs > maxAgeHours * HOUR_MS) return { code: tooOld, params: { ageMs, maxAgeHours } };
  return undefined;
}

function findNucleicAcidTest(rule: RuleOf<"nucleic-acid-test">, context: RuleContext): Finding {
  const tests = current(context, "nucleic-acid-test", (each) => each.sampledAtMs);
  // The latest result decides; a pending test neither helps nor hides the one before it.
  const test = tests.find((each) => each.result !== "pending");
  const pending = tests[0];
  if (test === undefined) {
    if (pending === undefined) return missing("test-missing");
    return { ...missing("test-pending"), evidenceId: pending.id, evidenceKind: pending.kind };
  }
  const counted = rule.countFrom === "sampledAt" ? test.sampledAtMs : test.reportedAtMs;
  if (counted === undefined) return missing("test-pending");
  const ageMs = context.at.wallMs - counted;
  if (test.result === "positive") return found(test, ageMs, { code: "test-positive" });
  return found(test, ageMs, judgeAge(ageMs, rule.maxAgeHours, "test-too-old"));
}

function findAntigenTest(rule: RuleOf<"antigen-test">, context: RuleContext): Finding {
  const [test] = current(context, "antigen-test", (each) => each.sampledAtMs).filter(
    (each) => each.result !== "pending",
  );
  if (test === undefined) return missing("antigen-missing");
  const ageMs = context.at.wallMs - test.sampledAtMs;
  if (test.result === "positive") return found(test, ageMs, { code: "antigen-positive" });
  return found(test, ageMs, judgeAge(ageMs, rule.maxAgeHours, "antigen-too-old"));
}

function findVaccination(rule: RuleOf<"vaccination">, context: RuleContext): Finding {
  const [latest] = current(context, "vaccination", (each) => each.lastDoseAtMs);
  if (latest === undefined) return missing("vaccination-missing");
  const ageMs = context.at.wallMs - latest.lastDoseAtMs;
  const needed = rule.minDoses === "complete" ? latest.dosesNeeded : rule.minDoses;
  // A credential that does not say what is complete cannot meet a rule that asks for it.
  if (needed === undefined || latest.doses < needed) {
    const params = { doses: latest.doses, ...(needed === undefined ? {} : { needed }) };
    return found(latest, ageMs, { code: "vaccination-incomplete", params });
  }
  return found(latest, ageMs, judgeDoseAge(rule, ageMs));
}

function judgeDoseAge(rule: RuleOf<"vaccination">, ageMs: number): Reason | undefined {
  const minDays = rule.minDaysSinceLastDose ?? 0;
  if (ageMs < minDays * DAY_MS) {
    return { code: "vaccination-too-recent", params: { ageMs, minDays } };
  }
  const maxDays = rule.maxDaysSinceLastDose;
  if (maxDays !== undefined && ageMs > maxDays * DAY_MS) {
    return { code: "vaccination-too-old", params: { ageMs, maxDays } };
  }
  return undefined;
}

function findRecovery(rule: RuleOf<"recovery">, context: RuleContext): Finding {
  const [piece] = current(context, "recovery", (each) => each.firstPositiveAtMs);
  if (piece === undefined) return missing("recovery-missing");
  const ageMs = context.at.wallMs - piece.firstPositiveAtMs;
  if (ageMs < rule.minDays * DAY_MS) {
    return found(piece, ageMs, { code: "recovery-too-recent", params: { minDays: rule.minDays } });
  }
  if (ageMs > rule.maxDays * DAY_MS) {
    return found(piece, ageMs, { code: "recovery-too-old", params: { maxDays: rule.maxDays } });
  }
  return found(piece, ageMs);
}

function findTemperature(rule: RuleOf<"temperature">, context: RuleContext): Finding {
  const [piece] = current(context, "temperature", (each) => each.observedAt.monotonicMs);
  if (piece === undefined) {
    if (context.thermometerDown) {
      return { outcome: "unreachable", reason: { code: "temperature-missing" } };
    }
    const finding = missing("temperature-missing");
    return context.windowOver ? finding : { ...finding, awaits: "temperature" };
  }
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
