/** What visitors see at the door, readable from two metres, in both languages at once. */
import { CARD_READERS, someWork } from "../../../core/alarm.ts";
import type { AwaitedEvidence } from "../../../core/decision/decision.ts";
import type { ScreenView } from "../../../core/view/view.ts";
import { Freshness } from "../shared/freshness.tsx";
import { CREDENTIALS, NEEDS, PHASES, TEXT, type Bilingual } from "../i18n/words.ts";
import { KIOSK_TEXT } from "./words.ts";
import { formatTime, formatReason, type FormatContext } from "../i18n/format.ts";
import { InBothLanguages } from "../shared/language.tsx";
import type { UnitInfo } from "../shared/unit-stream.ts";
import { Sign, StatusMark } from "../shared/signs.tsx";
import { hintOf, Welcome } from "./welcome.tsx";
import "./kiosk.css";

interface KioskProps {
  view: ScreenView | undefined;
  unit: UnitInfo | undefined;
  live: boolean;
  lastMessageAtMs: number;
  /** Shows what the camera sees behind the aim hint. */
  aim?: boolean;
}

export function Kiosk({ view, unit, live, lastMessageAtMs, aim = false }: KioskProps) {
  const shown = live ? view : undefined;
  const silence = lastMessageAtMs > 0 ? "not-live" : "connecting";
  const where = { nowMs: shown?.atMs ?? lastMessageAtMs, utcOffsetMinutes: unit?.utcOffsetMinutes };
  return (
    <main
      class={`kiosk kiosk-${lookOf(shown)}`}
      data-phase={shown?.phase ?? silence}
      data-visit={shown?.visitRef}
    >
      <header class="kiosk-head">
        <InBothLanguages words={unit?.venueName ?? TEXT.product} />
        {shown !== undefined && (
          <span class="kiosk-clock">{formatTime(shown.atMs, { ...where, language: "zh" })}</span>
        )}
      </header>
      <div class="kiosk-body" role="status" aria-live="assertive" aria-atomic="true">
        {shown === undefined ? (
          <Silence wasLive={lastMessageAtMs > 0} />
        ) : (
          <Body view={shown} where={where} aim={aim && unit?.aims === true} />
        )}
      </div>
      <footer class="kiosk-foot">
        {shown !== undefined && <Freshness view={shown} where={where} />}
        {shown === undefined && lastMessageAtMs > 0 && <Since where={where} />}
      </footer>
    </main>
  );
}

/** Which of the screen's colours a state has. */
function lookOf(view: ScreenView | undefined): string {
  if (view === undefined) return "not-live";
  if (view.phase === "opened") return "granted";
  if (view.phase === "exit" || view.entryOver === true) return "checking kiosk-still";
  if (view.phase !== "welcome") return view.phase;
  return view.hint !== undefined || view.inviting.length === 0 ? "hint" : "welcome";
}

/** Silence must look like silence: no outcome, no name, no picture, and what it means in words. */
function Silence({ wasLive }: { wasLive: boolean }) {
  return (
    <>
      <Sign name="not-live" class="kiosk-sign" />
      <div class="kiosk-words">
        <InBothLanguages words={wasLive ? TEXT.stale : KIOSK_TEXT.connecting} class="kiosk-title" />
        {wasLive && <InBothLanguages words={KIOSK_TEXT.staleMeans} class="kiosk-reason" />}
        <InBothLanguages words={KIOSK_TEXT.staffHelp} class="kiosk-next" />
      </div>
    </>
  );
}

/** The time of the unit's last message, by this page's clock. */
function Since({ where }: { where: Omit<FormatContext, "language"> }) {
  const words: Bilingual = {
    zh: `${TEXT.staleSince.zh} ${formatTime(where.nowMs, { ...where, language: "zh" })}`,
    en: `${TEXT.staleSince.en} ${formatTime(where.nowMs, { ...where, language: "en" })}`,
  };
  return <InBothLanguages words={words} class="kiosk-since" />;
}

interface BodyProps {
  view: ScreenView;
  where: Omit<FormatContext, "language">;
  aim: boolean;
}

function Body({ view, where, aim }: BodyProps) {
  if (view.phase === "welcome") return <Welcome view={view} where={where} aim={aim} />;
  if (view.entryOver === true) return <EntryOver view={view} />;
  return (
    <>
      <Sign name={view.phase} class="kiosk-sign" />
      <div class="kiosk-words">
        <InBothLanguages words={PHASES[view.phase]} class="kiosk-title" />
        {view.phase === "checking" && <Steps view={view} where={where} />}
        {view.phase === "granted" && <Granted view={view} />}
        {(view.phase === "denied" || view.phase === "referred") && (
          <Reasons view={view} where={where} />
        )}
        {view.phase === "evacuation" && (
          <InBothLanguages words={KIOSK_TEXT.evacuate} class="kiosk-next" />
        )}
        {view.phase === "locked-down" && (
          <InBothLanguages words={KIOSK_TEXT.staffHelp} class="kiosk-next" />
        )}
        {view.message !== undefined && <p class="kiosk-message">{view.message}</p>}
      </div>
    </>
  );
}

/** What was read already, and what is still awaited. */
function Steps({ view, where }: { view: ScreenView; where: Omit<FormatContext, "language"> }) {
  const kind = view.credentialKind;
  const read = kind === undefined ? undefined : CREDENTIALS[kind];
  return (
    <ul class="steps">
      {read !== undefined && (
        <li class="step step-done">
          <StatusMark good />
          <InBothLanguages
            words={{
              zh: `${KIOSK_TEXT.readDone.zh}：${read.zh}`,
              en: `${KIOSK_TEXT.readDone.en}: ${read.en}`,
            }}
          />
        </li>
      )}
      {view.awaits.map((need) => (
        <li key={need} class="step">
          <span class="step-dot" />
          <InBothLanguages words={needOf(need, view)} />
        </li>
      ))}
      {view.hint !== undefined && (
        <li class="step step-hint">
          <StatusMark good={false} />
          <InBothLanguages words={hintOf(view.hint, where).reason} />
        </li>
      )}
    </ul>
  );
}

/** What is awaited; where its device is out of order, that staff will help. */
function needOf(need: AwaitedEvidence, { devices, temperatureDown }: ScreenView): Bilingual {
  if (need === "id-card" && !someWork(devices, CARD_READERS)) return KIOSK_TEXT.cardReaderDown;
  if (need === "temperature" && temperatureDown) return KIOSK_TEXT.noTemperature;
  return NEEDS[need];
}

/** Granted, and the gate has locked again: a visitor who has not entered must not push it. */
function EntryOver({ view }: { view: ScreenView }) {
  return (
    <>
      <Sign name="locked-down" class="kiosk-sign" />
      <div class="kiosk-words">
        <InBothLanguages words={KIOSK_TEXT.entryOver} class="kiosk-reason" />
        <InBothLanguages words={KIOSK_TEXT.showAgain} class="kiosk-next" />
        {view.message !== undefined && <p class="kiosk-message">{view.message}</p>}
      </div>
    </>
  );
}

function Granted({ view }: { view: ScreenView }) {
  return (
    <>
      {view.maskedName !== undefined && <p class="kiosk-holder">{view.maskedName}</p>}
      {view.temperatureC !== undefined && (
        <p class="kiosk-temperature">
          <b>{view.temperatureC.toFixed(1)} °C</b>
          <InBothLanguages words={KIOSK_TEXT.screening} />
        </p>
      )}
    </>
  );
}

function Reasons({ view, where }: { view: ScreenView; where: Omit<FormatContext, "language"> }) {
  const [first, ...others] = view.reasons.map((reason) => ({
    code: reason.code,
    zh: formatReason(reason, { ...where, language: "zh" }),
    en: formatReason(reason, { ...where, language: "en" }),
  }));
  if (first === undefined)
    return <InBothLanguages words={KIOSK_TEXT.staffHelp} class="kiosk-next" />;
  return (
    <>
      <InBothLanguages words={{ zh: first.zh.reason, en: first.en.reason }} class="kiosk-reason" />
      <InBothLanguages words={{ zh: first.zh.next, en: first.en.next }} class="kiosk-next" />
      {others.slice(0, 2).map(({ code, zh, en }) => (
        <InBothLanguages key={code} words={{ zh: zh.reason, en: en.reason }} class="kiosk-also" />
      ))}
    </>
  );
}
