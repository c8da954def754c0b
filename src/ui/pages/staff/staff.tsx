/** The staff list: who came, what was decided and why, and letting somebody in with a reason. */
import { useState } from "preact/hooks";
import type { ScreenView } from "../../../core/view/view.ts";
import { Answer, Decisions } from "./decide.tsx";
import { Entries } from "./entries.tsx";
import { Freshness } from "./freshness.tsx";
import { ALARMS, DATA_SETS, DEVICES, isDeviceName, isSetKind, TEXT } from "../i18n/words.ts";
import { sayClock, type Language, type Saying } from "../i18n/say.ts";
import { LanguageSwitch, Title, useLanguage } from "../language.tsx";
import { post, Refused, useLive, useOnce } from "../live.ts";
import { Tick } from "../kiosk/signs.tsx";
import { errorText } from "../../../base/errors.ts";

export function StaffPage() {
  const unit = useOnce("/api/unit");
  const [round, setRound] = useState(0);
  const again = (): void => setRound((before) => before + 1);
  const { view, visits: told, openings, signedIn, live, heardAtMs } = useLive("visits", round);
  const visits = signedIn === false ? undefined : told;
  const [language, setLanguage] = useLanguage();
  const where = { nowMs: view?.atMs ?? heardAtMs, utcOffsetMinutes: unit?.utcOffsetMinutes };
  const saying: Saying = { ...where, language };
  return (
    <main class="staff">
      <header class="bar">
        <h1>
          <b>{TEXT.product[language]}</b> {unit?.venueName[language]}
        </h1>
        {signedIn === true && <SignOut language={language} onDone={again} />}
        <LanguageSwitch language={language} onChange={setLanguage} />
      </header>
      {!live && heardAtMs > 0 && (
        <p class="banner" role="alert">
          <Tick good={false} />
          {TEXT.stale[language]} · {TEXT.staleSince[language]}{" "}
          {sayClock(heardAtMs, { ...saying, nowMs: heardAtMs })}
        </p>
      )}
      {view !== undefined && (
        <>
          {visits !== undefined && <Alarms view={view} saying={saying} />}
          {visits !== undefined && (
            <Decisions view={view} visits={visits} saying={saying} live={live} />
          )}
          <section aria-label={TEXT.visits[language]}>
            <h2>
              <Title words={TEXT.visits} language={language} />
            </h2>
            {visits === undefined && unit?.staffToken === false && (
              <p class="dim">{TEXT.onlyHere[language]}</p>
            )}
            {visits === undefined && unit?.staffToken === true && (
              <SignIn language={language} onDone={again} />
            )}
            {visits !== undefined && (
              <Entries visits={visits} openings={openings ?? []} saying={saying} />
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

function Alarms({ view, saying }: { view: ScreenView; saying: Saying }) {
  const { language } = saying;
  return (
    <section class="alarms" aria-label={TEXT.alarms[language]}>
      {view.alarms.length === 0 && (
        <p class="all-well">
          <Tick good /> {TEXT.noAlarms[language]}
        </p>
      )}
      <ul>
        {view.alarms.map((alarm) => (
          <li key={`${alarm.kind}${alarm.subject}`} class="alarm">
            <Tick good={false} />
            <span>
              {ALARMS[alarm.kind][language]}
              {isDeviceName(alarm.subject) && `：${DEVICES[alarm.subject][language]}`}
              {isSetKind(alarm.subject) && `：${DATA_SETS[alarm.subject][language]}`}
              {isSetting(alarm) && `：${alarm.subject}`}
            </span>
            <time>{sayClock(alarm.raisedAtMs, saying)}</time>
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
        const wrong = error instanceof Refused && error.status === 401;
        const why = errorText(error);
        setProblem(wrong ? TEXT.wrongToken[language] : why);
        setToken("");
      });
  };
  return (
    <form class="decide sign-in" onSubmit={signIn}>
      <p class="dim">{TEXT.signInHere[language]}</p>
      <label>
        <span>{TEXT.staffToken[language]}</span>
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
          {TEXT.signIn[language]}
        </button>
      </div>
      <Answer answer={problem === undefined ? undefined : { good: false, text: problem }} />
    </form>
  );
}

function SignOut({ language, onDone }: SessionProps) {
  // Where the unit cannot be asked nobody is signed out: the page goes on showing that.
  const signOut = (): void => void post("/api/staff/sign-out").then(onDone, () => undefined);
  return (
    <button type="button" class="sign-out" onClick={signOut}>
      {TEXT.signOut[language]}
    </button>
  );
}
