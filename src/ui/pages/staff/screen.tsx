/** The staff page: visits, decisions and their reasons, and the forms with which staff decide. */
import { useState } from "preact/hooks";
import type { ScreenView } from "../../../core/view/view.ts";
import { Answer, Decisions } from "./decide.tsx";
import { Entries } from "./entries.tsx";
import { Freshness } from "../shared/freshness.tsx";
import { ALARMS, DATA_SETS, DEVICES, isDeviceName, isSetKind, TEXT } from "../i18n/words.ts";
import { errorText } from "../../../base/errors.ts";
import { STAFF_TEXT } from "./words.ts";
import { formatTime, type Language, type FormatContext } from "../i18n/format.ts";
import { LanguageSwitch, Title, useLanguage } from "../shared/language.tsx";
import { post, RefusedError, useFetched, useUnitStream } from "../shared/unit-stream.ts";
import { StatusMark } from "../shared/signs.tsx";
import "./staff.css";

export function Screen() {
  const unit = useFetched("/api/unit");
  const [round, setRound] = useState(0);
  const again = (): void => setRound((before) => before + 1);
  const {
    view,
    visits: received,
    openings,
    signedIn,
    live,
    lastMessageAtMs,
  } = useUnitStream("visits", round);
  const visits = signedIn === false ? undefined : received;
  const [language, setLanguage] = useLanguage();
  const where = { nowMs: view?.atMs ?? lastMessageAtMs, utcOffsetMinutes: unit?.utcOffsetMinutes };
  const context: FormatContext = { ...where, language };
  return (
    <main class="staff">
      <header class="bar">
        <h1>
          <b>{TEXT.product[language]}</b> {unit?.venueName[language]}
        </h1>
        {signedIn === true && <SignOut language={language} onDone={again} />}
        <LanguageSwitch language={language} onChange={setLanguage} />
      </header>
      {!live && lastMessageAtMs > 0 && (
        <p class="banner" role="alert">
          <StatusMark good={false} />
          {TEXT.stale[language]} · {TEXT.staleSince[language]}{" "}
          {formatTime(lastMessageAtMs, { ...context, nowMs: lastMessageAtMs })}
        </p>
      )}
      {view !== undefined && (
        <>
          {visits !== undefined && <Alarms view={view} context={context} />}
          {visits !== undefined && (
            <Decisions view={view} visits={visits} context={context} live={live} />
          )}
          <section aria-label={STAFF_TEXT.visits[language]}>
            <h2>
              <Title words={STAFF_TEXT.visits} language={language} />
            </h2>
            {visits === undefined && unit?.staffToken === false && (
              <p class="dim">{STAFF_TEXT.onlyHere[language]}</p>
            )}
            {visits === undefined && unit?.staffToken === true && (
              <SignIn language={language} onDone={again} />
            )}
            {visits !== undefined && (
              <Entries visits={visits} openings={openings ?? []} context={context} />
            )}
          </section>
          <Freshness view={view} where={where} />
        </>
      )}
    </main>
  );
}

/** These name what the unit's file or the broker calls it; there is no other word for it. */
function isSetting({ kind, subject }: ScreenView["alarms"][number]): boolean {
  return subject !== undefined && (kind === "input-unavailable" || kind === "broker-restricted");
}

function Alarms({ view, context }: { view: ScreenView; context: FormatContext }) {
  const { language } = context;
  const colon = language === "zh" ? "：" : ": ";
  return (
    <section class="alarms" aria-label={STAFF_TEXT.alarms[language]}>
      {view.alarms.length === 0 && (
        <p class="all-well">
          <StatusMark good /> {STAFF_TEXT.noAlarms[language]}
        </p>
      )}
      <ul>
        {view.alarms.map((alarm) => (
          <li key={`${alarm.kind}${alarm.subject}`} class="alarm">
            <StatusMark good={false} />
            <span>
              {ALARMS[alarm.kind][language]}
              {isDeviceName(alarm.subject) && `${colon}${DEVICES[alarm.subject][language]}`}
              {isSetKind(alarm.subject) && `${colon}${DATA_SETS[alarm.subject][language]}`}
              {isSetting(alarm) && `${colon}${alarm.subject}`}
            </span>
            <time>{formatTime(alarm.raisedAtMs, context)}</time>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface SessionProps {
  language: Language;
  /** The unit now knows this browser, or no longer. */
  onDone: () => void;
}

function SignIn({ language, onDone }: SessionProps) {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState<string>();
  const signIn = (event: Event): void => {
    event.preventDefault();
    post("/api/staff/sign-in", { token })
      .then(onDone)
      .catch((error: unknown) => {
        const wrong = error instanceof RefusedError && error.status === 401;
        const why = errorText(error);
        setProblem(wrong ? STAFF_TEXT.wrongToken[language] : why);
        setToken("");
      });
  };
  return (
    <form class="decide sign-in" onSubmit={signIn}>
      <p class="dim">{STAFF_TEXT.signInHere[language]}</p>
      <label>
        <span>{STAFF_TEXT.staffToken[language]}</span>
        <input
          type="password"
          value={token}
          maxLength={1_000}
          autocomplete="current-password"
          onInput={(event) => setToken(event.currentTarget.value)}
        />
      </label>
      <div class="decide-buttons">
        <button type="submit" class="grant" disabled={token === ""}>
          {STAFF_TEXT.signIn[language]}
        </button>
      </div>
      <Answer answer={problem === undefined ? undefined : { good: false, text: problem }} />
    </form>
  );
}

function SignOut({ language, onDone }: SessionProps) {
  // Without an answer of the unit the browser stays signed in, and the page goes on showing that.
  const signOut = (): void => void post("/api/staff/sign-out").then(onDone, () => undefined);
  return (
    <button type="button" class="sign-out" onClick={signOut}>
      {STAFF_TEXT.signOut[language]}
    </button>
  );
}
