/** Pieces that more than one page shows. */
import { useState } from "preact/hooks";
import type { RuleResult } from "../../core/decision.ts";
import type { ScreenView, VisitSummary } from "../../core/view.ts";
import {
  CREDENTIALS,
  EVIDENCE,
  HOUSE_RULES,
  RULE_OUTCOMES,
  TEXT,
  type Both,
} from "./i18n/words.ts";
import { sayAge, sayClock, sayReason, type Language } from "./i18n/say.ts";

/** Chinese with English below it, the one in the page's language first. */
export function Twice({ words, class: name = "" }: { words: Both; class?: string }) {
  return (
    <span class={`twice ${name}`}>
      <span lang="zh-CN">{words.zh}</span>
      <span lang="en">{words.en}</span>
    </span>
  );
}

/** A sign beside the colour: the outcome must be readable without seeing colours. */
export function Mark({ outcome }: { outcome: string }) {
  const paths: Record<string, string> = {
    granted: "M5 13l5 5L20 7",
    denied: "M6 6l12 12M18 6L6 18",
    referred: "M12 6v7M12 17.5v.5",
    "locked-down": "M5 12h14",
    evacuation: "M4 12h14M13 6l6 6-6 6",
  };
  return (
    <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[outcome] ?? "M12 8v5l3 2"} />
    </svg>
  );
}

export function useLanguage(): [Language, (language: Language) => void] {
  const saved = globalThis.localStorage.getItem("language");
  const [language, setLanguage] = useState<Language>(saved === "en" ? "en" : "zh");
  return [
    language,
    (next) => {
      globalThis.localStorage.setItem("language", next);
      setLanguage(next);
    },
  ];
}

export function LanguageSwitch(props: { language: Language; onChange: (to: Language) => void }) {
  const other = props.language === "zh" ? "en" : "zh";
  return (
    <button type="button" class="quiet" onClick={() => props.onChange(other)}>
      {other === "zh" ? "中文" : "English"}
    </button>
  );
}

function ruleName(rule: RuleResult, language: Language): string {
  const house = HOUSE_RULES[rule.ruleId];
  if (house !== undefined) return house[language];
  if (rule.evidenceKind !== undefined) return EVIDENCE[rule.evidenceKind][language];
  return rule.ruleId;
}

/** Every rule that was applied, with its outcome and the age of its evidence. */
export function Rules({ rules, language }: { rules: readonly RuleResult[]; language: Language }) {
  return (
    <ul class="rules">
      {rules.map((rule) => (
        <li key={rule.ruleId} class={`rule ${rule.outcome} verdict-${rule.verdict}`}>
          <span class="rule-name">{ruleName(rule, language)}</span>
          <span class="rule-outcome">{RULE_OUTCOMES[rule.outcome][language]}</span>
          <span class="rule-age">
            {rule.ageMs === undefined ? "" : sayAge(rule.ageMs, language)}
          </span>
          {rule.reason !== undefined && (
            <span class="rule-reason">{sayReason(rule.reason, language).reason}</span>
          )}
        </li>
      ))}
    </ul>
  );
}

/** One visit as a line that opens into its explanation. */
export function VisitLine(props: { visit: VisitSummary; language: Language; open?: boolean }) {
  const { visit, language } = props;
  const words = {
    granted: { zh: "放行", en: "granted" },
    denied: { zh: "拒绝", en: "denied" },
    referred: { zh: "人工", en: "referred" },
  }[visit.outcome];
  const kind = visit.credentialKind;
  return (
    <details class={`visit ${visit.outcome}`} open={props.open === true}>
      <summary>
        <Mark outcome={visit.outcome} />
        <strong>{words[language]}</strong>
        <span>{visit.maskedName ?? "–"}</span>
        <span class="dim">{kind === undefined ? "" : CREDENTIALS[kind][language]}</span>
        <span class="dim">{sayClock(visit.decidedAtMs, language)}</span>
        <span class={visit.delivered ? "sent" : "kept"}>
          {(visit.delivered ? TEXT.delivered : TEXT.kept)[language]}
        </span>
      </summary>
      {visit.reasons.map((reason) => (
        <p key={reason.code} class="visit-reason">
          {sayReason(reason, language).reason}
        </p>
      ))}
      {visit.authority !== undefined && (
        <p class="visit-reason">
          {TEXT.operator[language]}: {visit.authority.by} – {visit.authority.why}
        </p>
      )}
      <Rules rules={visit.rules} language={language} />
      <p class="dim">
        {TEXT.decided[language]} {Math.round(visit.decidedAfterMs)} ms
        {visit.gateAfterMs !== undefined &&
          ` · ${TEXT.gateMoved[language]} ${visit.gateAfterMs.toFixed(1)} ms`}
        {visit.temperatureC !== undefined && ` · ${visit.temperatureC.toFixed(1)} °C`}
      </p>
    </details>
  );
}

/** What the decisions rest on and how the unit is: never hidden, never prettier than it is. */
export function Footer({ view, language }: { view: ScreenView; language: Language }) {
  const { freshness, outbox, clockTrusted, links } = view;
  const date = (words: Both, atMs: number | undefined) =>
    atMs === undefined ? null : (
      <span>
        {words[language]} {sayClock(atMs, language)}
      </span>
    );
  return (
    <footer class="footer">
      {date(TEXT.directory, freshness.directoryAsOfMs)}
      {date(TEXT.trustList, freshness.trustListAsOfMs)}
      <span>
        {TEXT.policy[language]} {freshness.policy.id} v{freshness.policy.version}
      </span>
      {links.broker === false && <span class="warn">{TEXT.brokerOff[language]}</span>}
      {outbox.pending > 0 && (
        <span class={outbox.state === "normal" ? "" : "warn"}>
          {outbox.pending} {TEXT.waiting[language]}
        </span>
      )}
      {!clockTrusted && <span class="warn">{TEXT.clockBad[language]}</span>}
    </footer>
  );
}
