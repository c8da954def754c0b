/** The unit's own screen: what a visitor sees, readable from two metres. */
import type { ScreenView } from "../../core/view.ts";
import { ALARMS, DEVICES, NEEDS, PHASES, TEXT } from "./i18n/words.ts";
import { sayClock, sayReason } from "./i18n/say.ts";
import { useOnce, useStream, type UnitInfo } from "./live.ts";
import { Footer, Mark, Twice } from "./shared.tsx";

export function KioskPage() {
  const unit = useOnce("/api/unit");
  const { data, live, heardAtMs } = useStream("/api/live");
  return <Kiosk view={data?.view} unit={unit} live={live} heardAtMs={heardAtMs} />;
}

interface KioskProps {
  view: ScreenView | undefined;
  unit: UnitInfo | undefined;
  live: boolean;
  heardAtMs: number;
}

export function Kiosk({ view, unit, live, heardAtMs }: KioskProps) {
  if (view === undefined || !live) {
    return (
      <main class="kiosk not-live">
        <div class="kiosk-centre" role="status">
          <Mark outcome="referred" />
          <Twice words={TEXT.stale} class="kiosk-title" />
          <Twice words={TEXT.staffHelp} />
          {heardAtMs > 0 && (
            <p class="dim">
              {TEXT.staleSince.zh} {sayClock(heardAtMs, "zh")}
            </p>
          )}
        </div>
      </main>
    );
  }
  return (
    <main class={`kiosk phase-${view.phase}`}>
      <header class="kiosk-head">
        <Twice words={unit?.venueName ?? TEXT.product} />
        <span class="unit-id">{unit?.unitId}</span>
      </header>
      <div class="kiosk-centre" role="status" aria-live="assertive">
        <Centre view={view} />
      </div>
      <Troubles view={view} />
      <Footer view={view} language="zh" />
    </main>
  );
}

function Centre({ view }: { view: ScreenView }) {
  if (view.phase === "welcome") return <Welcome message={view.message} />;
  return (
    <>
      <Mark outcome={view.phase} />
      <Twice words={PHASES[view.phase]} class="kiosk-title" />
      {view.maskedName !== undefined && <p class="holder">{view.maskedName}</p>}
      {view.temperatureC !== undefined && (
        <p class="temperature">{view.temperatureC.toFixed(1)} °C</p>
      )}
      {view.phase === "checking" &&
        view.awaits.map((need) => <Twice key={need} words={NEEDS[need]} class="need" />)}
      <Reasons view={view} />
    </>
  );
}

function Welcome({ message }: { message: string | undefined }) {
  return (
    <>
      <svg class="hint" viewBox="0 0 240 160" aria-hidden="true">
        <rect x="26" y="16" width="72" height="128" rx="12" class="hint-phone" />
        <path d="M42 42h16v16H42zM66 42h16v16H66zM42 66h16v16H42zM68 68h6v6h-6zM76 76h6v6h-6z" />
        <rect x="126" y="52" width="92" height="60" rx="8" class="hint-card" />
        <circle cx="146" cy="76" r="9" />
        <path d="M164 70h40M164 82h28M134 100h72" class="hint-line" />
      </svg>
      <Twice words={PHASES.welcome} class="kiosk-title" />
      {message !== undefined && <p class="message">{message}</p>}
    </>
  );
}

function Reasons({ view }: { view: ScreenView }) {
  if (view.phase !== "denied" && view.phase !== "referred") return null;
  const [first, ...others] = view.reasons;
  if (first === undefined) return null;
  const zh = sayReason(first, "zh");
  const en = sayReason(first, "en");
  return (
    <div class="reasons">
      <Twice words={{ zh: zh.reason, en: en.reason }} class="reason" />
      <Twice words={{ zh: zh.next, en: en.next }} class="next-step" />
      {others.slice(0, 2).map((reason) => (
        <Twice
          key={reason.code}
          words={{ zh: sayReason(reason, "zh").reason, en: sayReason(reason, "en").reason }}
          class="reason-too"
        />
      ))}
    </div>
  );
}

/** Devices that do not work, in words: the other ways in still do. */
function Troubles({ view }: { view: ScreenView }) {
  const failed = view.alarms.filter((alarm) => alarm.kind === "device-failed");
  if (failed.length === 0) return null;
  return (
    <ul class="troubles">
      {failed.map(({ subject }) => {
        const device = Object.entries(DEVICES).find(([name]) => name === subject)?.[1];
        return (
          <li key={subject}>
            {device?.zh} {ALARMS["device-failed"].zh} · {device?.en}: out of order
          </li>
        );
      })}
    </ul>
  );
}
