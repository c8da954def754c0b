/** The decision: evidence and policy in, outcome with its whole explanation out. No clock, no chance. */
import type { Decision, AwaitedEvidence, RuleResult } from "./decision.ts";
import type { Credential, Evidence } from "../evidence/evidence.ts";
import { localMs, type Zone } from "../policy/calendar.ts";
import type { ObservedKind } from "../evidence/observed.ts";
import type { RuleContext } from "./finding.ts";
import { sameHolder } from "./same-holder.ts";
import { diseaseOf, zoneOf, type Policy, type Verdict } from "../policy/policy.ts";
import { OWN_FAULTS, REASONS_OF_TIME, type Reason, type ReasonCode } from "../reason.ts";
import type { Mode } from "../record.ts";
import type { UsedCode } from "../state.ts";
import { applyRule } from "./rules.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, type Instant } from "../time.ts";

/** Everything a decision depends on. */
export interface DecisionInput {
  credential: Credential;
  /** An ID card presented with it. */
  supportingCard?: Credential;
  /** Evidence beyond the credential's own: temperature, and what the same holder showed before. */
  evidence: readonly Evidence[];
  policy: Policy;
  at: Instant;
  mode: Mode;
  usedCodes: readonly UsedCode[];
  /** Kinds of evidence that cannot come now: their device is down. */
  outOfReach: readonly ObservedKind[];
  /** The visit window is over: what is missing now stays missing. */
  windowOver: boolean;
}

/** A decision, or what has to be awaited before there can be one. */
export type Ruling =
  | { decided: true; decision: Decision }
  | { decided: false; awaits: readonly AwaitedEvidence[]; rules: readonly RuleResult[] };

/**
 * Applies the house rules (mode, hours, policy, credential, freshness, clock) and the policy's own.
 * One `deny` is enough to deny at once; otherwise the unit waits for what may still come.
 * Granted only when every rule came out `grant`.
 */
export function decide(input: DecisionInput): Ruling {
  const results = [
    ...applyHouseRules(input),
    ...applyCredentialRules(input),
    ...applyPolicyRules(input),
  ];
  const rules = results.map((rule) => excuse(rule, input));
  const settled = rules.filter((rule) => rule.awaits === undefined);
  const denied = settled.some((rule) => rule.verdict === "deny");
  const awaits = [...new Set(rules.flatMap((rule) => rule.awaits ?? []))];
  if (!denied && awaits.length > 0) return { decided: false, awaits, rules };
  return { decided: true, decision: conclude(input.policy, rules, denied ? settled : rules) };
}

/** Whether the clock is untrusted and the policy does not refuse all visitors for it. */
function clockInDoubt({ at, policy }: DecisionInput): boolean {
  return !at.wallTrusted && policy.clock.whenUntrusted !== "deny";
}

/** An untrusted clock refuses no visitor: what rests on the time alone refers to staff. */
function excuse(rule: RuleResult, input: DecisionInput): RuleResult {
  if (rule.verdict !== "deny" || rule.reason === undefined) return rule;
  if (!clockInDoubt(input) || !REASONS_OF_TIME.has(rule.reason.code)) return rule;
  return { ...rule, verdict: "refer" };
}

function conclude(
  policy: Policy,
  rules: readonly RuleResult[],
  counted: readonly RuleResult[],
): Decision {
  const withVerdict = (verdict: Verdict): RuleResult[] =>
    ownFaultsFirst(counted.filter((rule) => rule.verdict === verdict));
  const denying = withVerdict("deny");
  const referring = withVerdict("refer");
  const reasons = distinct([...denying, ...referring].flatMap((rule) => rule.reason ?? []));
  const outcome = denying.length > 0 ? "denied" : referring.length > 0 ? "referred" : "granted";
  return { outcome, reasons, rules, policy: { id: policy.id, version: policy.version } };
}

function ownFaultsFirst(rules: readonly RuleResult[]): RuleResult[] {
  const isOwn = ({ outcome, reason }: RuleResult): boolean =>
    outcome === "unreachable" || (reason !== undefined && OWN_FAULTS.has(reason.code));
  return [...rules.filter(isOwn), ...rules.filter((rule) => !isOwn(rule))];
}

function distinct(reasons: readonly Reason[]): Reason[] {
  const seen = new Set<ReasonCode>();
  return reasons.filter((reason) => !seen.has(reason.code) && seen.add(reason.code));
}

function line(
  ruleId: string,
  verdict: Verdict,
  code: ReasonCode,
  params?: Reason["params"],
): RuleResult {
  const reason: Reason = params === undefined ? { code } : { code, params };
  return { ruleId, outcome: "unmet", verdict, reason };
}

const met = (ruleId: string): RuleResult => ({ ruleId, outcome: "met", verdict: "grant" });

function applyHouseRules(input: DecisionInput): RuleResult[] {
  const { policy, at } = input;
  const rules: RuleResult[] = [];
  if (input.mode === "locked-down") rules.push(line("mode", "deny", "locked-down"));
  if (policy.openingHours !== undefined) {
    rules.push(
      isOpen(policy.openingHours, at.wallMs, zoneOf(policy))
        ? met("opening-hours")
        : line("opening-hours", policy.openingHours.whenClosed, "outside-opening-hours"),
    );
  }
  if (policy.expiresAtMs !== undefined && at.wallMs >= policy.expiresAtMs) {
    // An expired policy admits no visitor by itself, whatever its rules are.
    rules.push(line("policy", "refer", "policy-expired"));
  }
  rules.push(
    at.wallTrusted ? met("clock") : line("clock", policy.clock.whenUntrusted, "clock-untrusted"),
  );
  return rules;
}

function applyCredentialRules(input: DecisionInput): RuleResult[] {
  const { credential, policy } = input;
  const id = "credential";
  if (credential.kind === "unknown") {
    return credential.reasons.length === 0
      ? [line(id, "deny", "not-a-health-code")]
      : credentialFailures(credential, policy);
  }
  if (!policy.acceptedCredentials.includes(credential.kind)) {
    return [line(id, "deny", "credential-kind-not-accepted", { kind: credential.kind })];
  }
  const failures = credential.isValid ? [met(id)] : credentialFailures(credential, policy);
  if (!credential.isValid && !holdsButForTheClock(input)) return failures;
  return [
    ...failures,
    ...checkSupportingCard(input),
    ...checkLiveCode(input),
    ...checkBasis(input),
  ];
}

/** Only reasons of time are against it, and the clock is untrusted: the other rules are applied. */
function holdsButForTheClock(input: DecisionInput): boolean {
  const { reasons } = input.credential;
  if (!clockInDoubt(input) || reasons.length === 0) return false;
  return reasons.every(({ code }) => REASONS_OF_TIME.has(code));
}

function credentialFailures(credential: Credential, policy: Policy): RuleResult[] {
  // A credential that is not valid and gives no reason is treated as malformed.
  const reasons: readonly Reason[] =
    credential.reasons.length > 0 ? credential.reasons : [{ code: "malformed" }];
  return reasons.map((reason): RuleResult => {
    const chosen = policy.whenCredentialFails[reason.code] ?? unlistedVerdict(reason);
    // Whatever the policy is, a credential that is not valid never admits by itself.
    const verdict = chosen === "grant" ? "refer" : chosen;
    return { ruleId: "credential", outcome: "unmet", verdict, reason };
  });
}

// What the unit could not understand or does not have is no visitor's fault: a person has to look.
const unlistedVerdict = ({ code }: Reason): "deny" | "refer" =>
  code === "card-validity-unknown" || OWN_FAULTS.has(code) ? "refer" : "deny";

function checkSupportingCard(input: DecisionInput): RuleResult[] {
  const { credential, supportingCard } = input;
  if (credential.supportingDocument === undefined) return [];
  const id = "id-card";
  if (supportingCard === undefined) {
    const reason: Reason = { code: "id-card-needed" };
    const result: RuleResult = { ruleId: id, outcome: "missing", verdict: "deny", reason };
    return [input.windowOver ? result : { ...result, awaits: "id-card" }];
  }
  const invalid = supportingCard.reasons.find((reason) =>
    ["number-invalid", "card-expired", "card-validity-unknown", "malformed"].includes(reason.code),
  );
  const isHolders = sameHolder(credential, supportingCard);
  if (invalid !== undefined) {
    const verdict = isHolders ? unlistedVerdict(invalid) : "deny";
    const faulty: RuleResult = { ruleId: id, outcome: "unmet", verdict, reason: invalid };
    // The clock may be what is wrong with the card; whose it is does not depend on that.
    if (isHolders || !clockInDoubt(input)) return [faulty];
    return [faulty, line(id, "deny", "holder-mismatch")];
  }
  return [isHolders ? met(id) : line(id, "deny", "holder-mismatch")];
}

function checkLiveCode(input: DecisionInput): RuleResult[] {
  const { credential, policy, at } = input;
  const { issuedAtMs } = credential;
  if (credential.kind !== "health-pass-live" || issuedAtMs === undefined) return [];
  const id = "live-code";
  const ageMs = at.wallMs - issuedAtMs;
  const results: RuleResult[] = [];
  if (ageMs > policy.liveCode.maxAgeMs) {
    const maxAgeMinutes = policy.liveCode.maxAgeMs / MINUTE_MS;
    results.push(line(id, "deny", "live-code-too-old", { issuedAtMs, ageMs, maxAgeMinutes }));
  } else if (ageMs < -policy.liveCode.maxSkewMs) {
    results.push(line(id, "deny", "live-code-from-future", { issuedAtMs, ageMs }));
  } else {
    results.push({ ...met(id), ageMs });
  }
  const used = input.usedCodes.find(
    (each) =>
      each.reference === credential.reference &&
      at.monotonicMs - each.atMs < policy.liveCode.reuseWindowMs,
  );
  if (used !== undefined) {
    results.push(
      line("reuse", policy.liveCode.whenReused, "code-reused", {
        agoMs: at.monotonicMs - used.atMs,
      }),
    );
  }
  return results;
}

function checkBasis(input: DecisionInput): RuleResult[] {
  const { credential, policy, at } = input;
  const { basisAsOfMs, basis } = credential;
  if (basisAsOfMs === undefined || basis === undefined) return [];
  const ageMs = at.wallMs - basisAsOfMs;
  const { freshness } = policy;
  const trust = basis === "trust-list";
  const maxAgeHours = trust ? freshness.maxTrustListAgeHours : freshness.maxDirectoryAgeHours;
  if (ageMs <= maxAgeHours * HOUR_MS) return [{ ...met("basis"), ageMs }];
  const code = trust ? "trust-list-too-old" : "directory-too-old";
  return [{ ...line("basis", freshness.whenOlder, code, { ageMs, maxAgeHours }), ageMs }];
}

function applyPolicyRules(input: DecisionInput): RuleResult[] {
  const { credential, policy, at } = input;
  // Without a valid credential there is no holder to apply the rules to.
  if (!credential.isValid) {
    // Nothing was looked up for it: what is not known of its holder is no ground to refuse.
    if (!holdsButForTheClock(input) || credential.evidence.length === 0) return [];
  }
  const evidence = [...credential.evidence, ...input.evidence];
  const roles = evidence.flatMap((piece) => (piece.kind === "membership" ? piece.roles : []));
  const admitted = policy.alwaysAdmitRoles.find((role) => roles.includes(role));
  if (admitted !== undefined) return [met(`always-admit/${admitted}`)];
  const context: RuleContext = {
    credential,
    evidence,
    roles,
    at,
    zone: zoneOf(policy),
    disease: diseaseOf(policy),
    outOfReach: input.outOfReach,
    windowOver: input.windowOver,
  };
  return policy.rules.flatMap((rule) => applyRule(rule, context));
}

/**
 * Whether a moment lies inside one of the spans, by the venue's clock on the wall. The hour that
 * summer time leaves out does not come, and the one it repeats is open, or closed, both times.
 */
export function isOpen(
  hours: NonNullable<Policy["openingHours"]>,
  wallMs: number,
  zone: Zone = zoneOf({ openingHours: hours }),
): boolean {
  const wall = localMs(wallMs, zone);
  const dayIndex = Math.floor(wall / DAY_MS);
  const minute = (wall - dayIndex * DAY_MS) / MINUTE_MS;
  // 1970-01-01 was a Thursday, day 4 of the ISO week.
  const weekday = ((((dayIndex + 3) % 7) + 7) % 7) + 1;
  const yesterday = weekday === 1 ? 7 : weekday - 1;
  return hours.spans.some(({ days, fromMinute, untilMinute }) => {
    const overnight = untilMinute <= fromMinute;
    if (days.includes(weekday) && minute >= fromMinute && (overnight || minute < untilMinute)) {
      return true;
    }
    return overnight && days.includes(yesterday) && minute < untilMinute;
  });
}
