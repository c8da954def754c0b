/** The unit's own screen: what a visitor sees, readable from two metres, in both languages at once. */
import type { ComponentChildren } from "preact";
import type { ScreenView } from "../../core/view.ts";
import { Freshness } from "./freshness.tsx";
import { CREDENTIALS, NEEDS, PHASES, TEXT, type Both } from "./i18n/words.ts";
import { sayClock, sayReason, type Saying } from "./i18n/say.ts";
import { Twice } from "./language.tsx";
import { useLive, useOnce, type UnitInfo } from "./live.ts";
import { Picture } from "./picture.tsx";
import { Sign, Tick } from "./signs.tsx";

export function KioskPage() {
  const unit = useOnce("/api/unit");
  const { view, live, heardAtMs } = useLive();
  return <Kiosk view={view} unit={unit} live={live} heardAtMs={heardAtMs} aim />;
}

interface KioskProps {
  view: ScreenView | undefined;
  unit: UnitInfo | undefined;
  live: boolean;
  heardAtMs: number;
  /** Shows what the camera sees behind the aim hint. */
  aim?: boolean;
}

export function Kiosk({ view, unit, live, heardAtMs, aim = false }: KioskProps) {
  const shown = live ? view : undefined;
  const silence = heardAtMs > 0 ? "not-live" : "connecting";
  const where = { nowMs: shown?.atMs ?? heardAtMs, utcOffsetMinutes: unit?.utcOffsetMinutes };
  return (
    <main class={`kiosk kiosk-${shown?.phase ?? "not-live"}`} data-phase={shown?.phase ?? silence}>
      <header class="kiosk-head">
        <Twice words={unit?.venueName ?? TEXT.product} />
        {shown !== undefined && (
          <span class="kiosk-clock">{sayClock(shown.atMs, { ...where, language: "zh" })}</span>
        )}
      </header>
      <div class="kiosk-body" role="status" aria-live="assertive" aria-atomic="true">
        {shown === undefined ? (
          <Silence heard={heardAtMs > 0} />
        ) : (
          <Body view={shown} where={where} aim={aim && unit?.aims === true} />
        )}
      </div>
      <footer class="kiosk-foot">
        {shown !== undefined && <Freshness view={shown} where={where} />}
        {shown === undefined && heardAtMs > 0 && <Since where={where} />}
      </footer>
    </main>
  );
}

/** Silence must look like silence: no outcome, no name, no picture, and what it means in words. */
function Silence({ heard }: { heard: boolean }) {
  return (
    <>
      <Sign name="not-live" class="kiosk-sign" />
      <div class="kiosk-words">
        <Twice words={heard ? TEXT.stale : TEXT.connecting} class="kiosk-title" />
        {heard && <Twice words={TEXT.staleMeans} class="kiosk-reason" />}
        <Twice words={TEXT.staffHelp} class="kiosk-next" />
      </div>
    </>
  );
}

/** When the unit was last heard: by this page's clock, there is no other any more. */
function Since({ where }: { where: Omit<Saying, "language"> }) {
  const words: Both = {
    zh: `${TEXT.staleSince.zh} ${sayClock(where.nowMs, { ...where, language: "zh" })}`,
    en: `${TEXT.staleSince.en} ${sayClock(where.nowMs, { ...where, language: "en" })}`,
  };
  return <Twice words={words} class="kiosk-since" />;
}

interface BodyProps {
  view: ScreenView;
  where: Omit<Saying, "language">;
  aim: boolean;
}

function Body({ view, where, aim }: BodyProps) {
  if (view.phase === "welcome") return <Welcome message={view.message} aim={aim} />;
  return (
    <>
      <Sign name={view.phase} class="kiosk-sign" />
      <div class="kiosk-words">
        <Twice words={PHASES[view.phase]} class="kiosk-title" />
        {view.phase === "checking" && <Steps view={view} />}
        {view.phase === "granted" && <Granted view={view} />}
        {(view.phase === "denied" || view.phase === "referred") && (
          <Reasons view={view} where={where} />
        )}
        {view.phase === "evacuation" && <Twice words={TEXT.evacuate} class="kiosk-next" />}
        {view.phase === "locked-down" && <Twice words={TEXT.staffHelp} class="kiosk-next" />}
        {view.message !== undefined && <p class="kiosk-message">{view.message}</p>}
      </div>
    </>
  );
}

function Welcome({ message, aim }: { message: string | undefined; aim: boolean }) {
  return (
    <>
      <div class="aim">
        {aim && <Picture path="/api/aim" everyMs={200} class="aim-picture" />}
        <svg class="aim-frame" viewBox="0 0 200 200" aria-hidden="true">
          <path d="M12 52V28a16 16 0 0 1 16-16h24M148 12h24a16 16 0 0 1 16 16v24M188 148v24a16 16 0 0 1-16 16h-24M52 188H28a16 16 0 0 1-16-16v-24" />
          <g class="aim-phone">
            <rect x="66" y="40" width="68" height="120" rx="12" />
            <path
              class="aim-code"
              d="M78 62h18v18H78zM104 62h18v18h-18zM78 88h18v18H78zM106 90h6v6h-6zM114 98h8v8h-8zM104 112h6v6h-6zM82 114h12v4H82z"
            />
            <path class="aim-line" d="M90 146h20" />
          </g>
          <path class="aim-scan" d="M30 100h140" />
        </svg>
      </div>
      <div class="kiosk-words">
        <Twice words={PHASES.welcome} class="kiosk-title" />
        <div class="ways">
          <Way words={TEXT.showCode}>
            <rect x="12" y="3" width="16" height="34" rx="4" />
            <path d="M16 10h8v8h-8zM18 30h4" />
          </Way>
          <Way words={TEXT.layCard}>
            <rect x="3" y="9" width="34" height="22" rx="4" />
            <path d="M8 16h12M8 21h9M25 15h7v8h-7z" />
          </Way>
        </div>
        {message !== undefined && <p class="kiosk-message">{message}</p>}
      </div>
    </>
  );
}

function Way({ words, children }: { words: Both; children: ComponentChildren }) {
  return (
    <div class="way">
      <svg viewBox="0 0 40 40" aria-hidden="true">
        {children}
      </svg>
      <Twice words={words} />
    </div>
  );
}

/** What was read already, and what is still awaited. */
function Steps({ view }: { view: ScreenView }) {
  const kind = view.credentialKind;
  const read = kind === undefined ? undefined : CREDENTIALS[kind];
  return (
    <ul class="steps">
      {read !== undefined && (
        <li class="step step-done">
          <Tick good />
          <Twice
            words={{
              zh: `${TEXT.readDone.zh}：${read.zh}`,
              en: `${TEXT.readDone.en}: ${read.en}`,
            }}
          />
        </li>
      )}
      {view.awaits.map((need) => (
        <li key={need} class="step">
          <span class="step-dot" />
          <Twice words={NEEDS[need]} />
        </li>
      ))}
    </ul>
  );
}

function Granted({ view }: { view: ScreenView }) {
  return (
    <>
      {view.maskedName !== undefined && <p class="kiosk-holder">{view.maskedName}</p>}
      {view.temperatureC !== undefined && (
        <p class="kiosk-temperature">
          <b>{view.temperatureC.toFixed(1)} °C</b>
          <Twice words={TEXT.screening} />
        </p>
      )}
    </>
  );
}

function Reasons({ view, where }: { view: ScreenView; where: Omit<Saying, "language"> }) {
  const [first, ...others] = view.reasons.map((reason) => ({
    code: reason.code,
    zh: sayReason(reason, { ...where, language: "zh" }),
    en: sayReason(reason, { ...where, language: "en" }),
  }));
  if (first === undefined) return <Twice words={TEXT.staffHelp} class="kiosk-next" />;
  return (
    <>
      <Twice words={{ zh: first.zh.reason, en: first.en.reason }} class="kiosk-reason" />
      <Twice words={{ zh: first.zh.next, en: first.en.next }} class="kiosk-next" />
      {others.slice(0, 2).map(({ code, zh, en }) => (
        <Twice key={code} words={{ zh: zh.reason, en: en.reason }} class="kiosk-also" />
      ))}
    </>
  );
}
