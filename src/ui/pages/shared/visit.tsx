/** A visit as it was decided: outcome, reasons, and every rule with its evidence's age. */
import type { ComponentChildren } from "preact";
import type { RuleResult } from "../../../core/decision/decision.ts";
import type { VisitSummary } from "../../../core/view/view.ts";
import {
  CREDENTIALS,
  ENDINGS,
  EVIDENCE,
  HOUSE_RULES,
  OUTCOMES,
  RULES,
  RULE_OF_REASON,
  RULE_OUTCOMES,
  TEXT,
} from "../i18n/words.ts";
import {
  formatAge,
  formatTime,
  formatReason,
  type Language,
  type FormatContext,
} from "../i18n/format.ts";
import { Sign, StatusMark } from "./signs.tsx";
import "./visits.css";

/** What a rule is about, in words; its own name in the policy where nothing better is known. */
export function ruleName(rule: RuleResult, language: Language): string {
  const house = HOUSE_RULES[rule.ruleId];
  if (house !== undefined) return house[language];
  if (rule.ruleId.startsWith("always-admit/")) {
    return language === "zh" ? "始终放行的人员" : "Always let in";
  }
  if (rule.evidenceKind !== undefined) return EVIDENCE[rule.evidenceKind][language];
  const kind = rule.reason === undefined ? undefined : RULE_OF_REASON[rule.reason.code];
  return kind === undefined ? rule.ruleId : RULES[kind][language];
}

function Rules({ rules, context }: { rules: readonly RuleResult[]; context: FormatContext }) {
  const { language } = context;
  return (
    <ul class="rules">
      {rules.map((rule, index) => (
        <li key={`${rule.ruleId}-${index}`} class={`rule rule-${rule.outcome}`}>
          {rule.outcome === "not-applicable" ? (
            <span class="tick" />
          ) : (
            <StatusMark good={rule.outcome === "met"} />
          )}
          <span class="rule-name" title={rule.ruleId}>
            {ruleName(rule, language)}
          </span>
          <span class="rule-outcome">{RULE_OUTCOMES[rule.outcome][language]}</span>
          <span class="rule-age">
            {rule.ageMs === undefined ? "" : formatAge(rule.ageMs, language)}
          </span>
          {rule.reason !== undefined && (
            <span class="rule-reason">{formatReason(rule.reason, context).reason}</span>
          )}
        </li>
      ))}
    </ul>
  );
}

interface VisitProps {
  visit: VisitSummary;
  context: FormatContext;
  open?: boolean;
  /** What can be done about it, e.g. the form with which staff decide. */
  children?: ComponentChildren;
}

/** One visit as a line that opens into its whole explanation. */
export function Visit({ visit, context, open = false, children }: VisitProps) {
  const { language } = context;
  const { outcome, credentialKind, ending } = visit;
  return (
    <details class={`visit visit-${outcome}`} open={open} data-outcome={outcome}>
      <summary>
        <Sign name={outcome} />
        <strong>{OUTCOMES[outcome][language]}</strong>
        <span class="visit-who">{visit.maskedName ?? ""}</span>
        <span class="visit-kind">
          {credentialKind === undefined ? "" : CREDENTIALS[credentialKind][language]}
        </span>
        <time class="visit-time">{formatTime(visit.decidedAtMs, context)}</time>
        <span class={visit.delivered ? "delivery delivered" : "delivery waiting"}>
          {visit.delivered ? TEXT.delivered[language] : TEXT.waiting[language]}
        </span>
        {visit.reasons.length > 0 && (
          <span class="visit-reasons">
            {visit.reasons.map((reason) => formatReason(reason, context).reason).join(" · ")}
          </span>
        )}
      </summary>
      <div class="visit-body">
        {children}
        {visit.authority !== undefined && (
          <p class="authority">
            {TEXT.by[language]} {visit.authority.by}: {visit.authority.why}
          </p>
        )}
        <Rules rules={visit.rules} context={context} />
        <p class="timing">
          {TEXT.decided[language]} <b>{sayMs(visit.decidedAfterMs)}</b>
          {visit.gateAfterMs !== undefined && (
            <>
              {" · "}
              {TEXT.gateMoved[language]} <b>{sayMs(visit.gateAfterMs)}</b>
            </>
          )}
          {visit.temperatureC !== undefined && ` · ${visit.temperatureC.toFixed(1)} °C`}
          {ending !== undefined && ` · ${ENDINGS[ending][language]}`}
        </p>
      </div>
    </details>
  );
}

const sayMs = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
