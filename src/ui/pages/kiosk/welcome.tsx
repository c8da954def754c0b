/** The invitation: only to what works, with a hint where something unsuitable was shown. */
import type { ComponentChildren } from "preact";
import type { ReasonCode } from "../../../core/reason.ts";
import type { ScreenView, Way } from "../../../core/view/view.ts";
import { PHASES, type Bilingual } from "../i18n/words.ts";
import { KIOSK_TEXT } from "./words.ts";
import { formatReason, type FormatContext } from "../i18n/format.ts";
import { InBothLanguages } from "../shared/language.tsx";
import { Picture } from "../shared/picture.tsx";
import { Sign } from "../shared/signs.tsx";

interface WelcomeProps {
  view: ScreenView;
  where: Omit<FormatContext, "language">;
  aim: boolean;
}

export function Welcome({ view, where, aim }: WelcomeProps) {
  const { inviting, message, hint } = view;
  if (inviting.length === 0) return <Ring message={message} />;
  return (
    <>
      {hint !== undefined ? (
        <Sign name="hint" class="kiosk-sign" />
      ) : (
        inviting.includes("code") && <Aim aim={aim} />
      )}
      <div class="kiosk-words" data-inviting={inviting.join(" ")}>
        <InBothLanguages
          words={hint === undefined ? titleOf(inviting) : hintOf(hint, where).reason}
          class="kiosk-title"
        />
        <Ways inviting={inviting} />
        {view.temperatureDown && (
          <InBothLanguages words={KIOSK_TEXT.noTemperature} class="kiosk-also" />
        )}
        {message !== undefined && <p class="kiosk-message">{message}</p>}
      </div>
    </>
  );
}

/** Nothing that a visitor could show leads in: only staff do. */
function Ring({ message }: { message: string | undefined }) {
  return (
    <>
      <Sign name="ring" class="kiosk-sign" />
      <div class="kiosk-words" data-inviting="">
        <InBothLanguages words={KIOSK_TEXT.ring} class="kiosk-title" />
        <InBothLanguages words={KIOSK_TEXT.ringMeans} class="kiosk-next" />
        {message !== undefined && <p class="kiosk-message">{message}</p>}
      </div>
    </>
  );
}

function titleOf(inviting: readonly Way[]): Bilingual {
  if (inviting.length > 1) return PHASES.welcome;
  return inviting[0] === "card" ? KIOSK_TEXT.layOnlyCard : KIOSK_TEXT.showOnlyCode;
}

/** What was held up, in both languages. */
export function hintOf(
  hint: ReasonCode,
  where: Omit<FormatContext, "language">,
): { reason: Bilingual } {
  const zh = formatReason({ code: hint }, { ...where, language: "zh" });
  const en = formatReason({ code: hint }, { ...where, language: "en" });
  return { reason: { zh: zh.reason, en: en.reason } };
}

function Ways({ inviting }: { inviting: readonly Way[] }) {
  const both = inviting.length > 1;
  return (
    <div class="ways">
      {inviting.includes("code") && (
        <WayIn words={KIOSK_TEXT.showCode}>
          <rect x="12" y="3" width="16" height="34" rx="4" />
          <path d="M16 10h8v8h-8zM18 30h4" />
        </WayIn>
      )}
      {inviting.includes("card") && (
        <WayIn words={both ? KIOSK_TEXT.layCard : KIOSK_TEXT.layCardHere}>
          <rect x="3" y="9" width="34" height="22" rx="4" />
          <path d="M8 16h12M8 21h9M25 15h7v8h-7z" />
        </WayIn>
      )}
    </div>
  );
}

function WayIn({ words, children }: { words: Bilingual; children: ComponentChildren }) {
  return (
    <div class="way">
      <svg viewBox="0 0 40 40" aria-hidden="true">
        {children}
      </svg>
      <InBothLanguages words={words} />
    </div>
  );
}

function Aim({ aim }: { aim: boolean }) {
  return (
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
  );
}
