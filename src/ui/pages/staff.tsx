/** The staff list: who came, what was decided and why, and letting somebody in with a reason. */
import { useState } from "preact/hooks";
import type { VisitSummary } from "../../core/view.ts";
import { ALARMS, DEVICES, TEXT } from "./i18n/words.ts";
import { sayClock, type Language } from "./i18n/say.ts";
import { post, useOnce, useStream, type Live } from "./live.ts";
import { Footer, LanguageSwitch, useLanguage, VisitLine } from "./shared.tsx";

export function StaffPage() {
  const unit = useOnce("/api/unit");
  const { data, live, heardAtMs } = useStream("/api/live");
  const [language, setLanguage] = useLanguage();
  return (
    <main class="staff">
      <header class="bar">
        <h1>
          {TEXT.product[language]} <span class="dim">{unit?.venueName[language]}</span>
        </h1>
        <LanguageSwitch language={language} onChange={setLanguage} />
      </header>
      {!live && (
        <p class="banner warn" role="alert">
          {TEXT.stale[language]}
          {heardAtMs > 0 && ` – ${TEXT.staleSince[language]} ${sayClock(heardAtMs, language)}`}
        </p>
      )}
      {data !== undefined && (
        <>
          <AlarmList live={data} language={language} />
          <Decide live={data} language={language} />
          <Visits visits={data.visits} language={language} />
          <Footer view={data.view} language={language} />
        </>
      )}
    </main>
  );
}

function AlarmList({ live, language }: { live: Live; language: Language }) {
  const { alarms } = live.view;
  if (alarms.length === 0) return null;
  return (
    <ul class="alarms" aria-label={TEXT.alarms[language]}>
      {alarms.map((alarm) => {
        const device = Object.entries(DEVICES).find(([name]) => name === alarm.subject)?.[1];
        return (
          <li key={`${alarm.kind}${alarm.subject}`}>
            {ALARMS[alarm.kind][language]}
            {device !== undefined && ` – ${device[language]}`}
            <span class="dim"> {sayClock(alarm.raisedAtMs, language)}</span>
          </li>
        );
      })}
    </ul>
  );
}

/** Acts on the visit on the screen; without one, lets somebody in who has nothing to show. */
function Decide({ live, language }: { live: Live; language: Language }) {
  const [operator, setOperator] = useState("");
  const [why, setWhy] = useState("");
  const [answer, setAnswer] = useState("");
  const { visitRef, outcome } = live.view;
  const decide = (verdict: "grant" | "deny"): void => {
    const about = visitRef === undefined || outcome === "granted" ? {} : { visitRef };
    post("/api/operator/decide", { verdict, operator, why, ...about })
      .then(() => setAnswer("✓"))
      .catch((error: unknown) => setAnswer(error instanceof Error ? error.message : "refused"));
  };
  return (
    <form class="decide" onSubmit={(event) => event.preventDefault()}>
      <label>
        {TEXT.operator[language]}
        <input value={operator} onInput={(event) => setOperator(event.currentTarget.value)} />
      </label>
      <label>
        {TEXT.why[language]}
        <input value={why} onInput={(event) => setWhy(event.currentTarget.value)} />
      </label>
      <button type="button" class="grant" onClick={() => decide("grant")}>
        {TEXT.letIn[language]}
      </button>
      <button type="button" onClick={() => decide("deny")}>
        {TEXT.refuse[language]}
      </button>
      <output>{answer}</output>
    </form>
  );
}

function Visits(props: { visits: readonly VisitSummary[]; language: Language }) {
  const { visits, language } = props;
  if (visits.length === 0) return <p class="dim">{TEXT.noVisits[language]}</p>;
  return (
    <section aria-label={TEXT.visits[language]}>
      {visits.map((visit) => (
        <VisitLine key={visit.visitRef} visit={visit} language={language} />
      ))}
    </section>
  );
}
