/** Signs that show the outcome by shape as well as by colour, for visitors who cannot tell the colours apart. */
import type { ComponentChildren } from "preact";
import type { ScreenPhase } from "../../../core/view/view.ts";

export type SignName = ScreenPhase | "not-live" | "hint" | "ring";

/** Outlines in a box of 100; each outcome has its own. */
const OUTLINES: Readonly<Record<SignName, ComponentChildren>> = {
  welcome: <circle cx="50" cy="50" r="44" />,
  checking: <circle cx="50" cy="50" r="44" />,
  granted: <circle cx="50" cy="50" r="45" />,
  denied: <path d="M32 6h36l26 26v36L68 94H32L6 68V32z" />,
  referred: <path d="M50 7 95 88a5 5 0 0 1-4 6H9a5 5 0 0 1-4-6z" />,
  opened: <circle cx="50" cy="50" r="45" />,
  exit: <rect x="6" y="6" width="88" height="88" rx="20" />,
  hint: <rect x="6" y="18" width="88" height="64" rx="32" />,
  ring: <circle cx="50" cy="50" r="44" />,
  "locked-down": <path d="M50 5 90 18v30c0 26-18 40-40 47C28 88 10 74 10 48V18z" />,
  evacuation: <rect x="6" y="6" width="88" height="88" rx="8" />,
  "not-live": <circle cx="50" cy="50" r="44" stroke-dasharray="12 11" />,
};

const STROKES: Readonly<Record<SignName, string>> = {
  welcome: "M50 28v24M50 68v1",
  checking: "M50 26v26l16 10",
  granted: "M29 52l15 15 28-32",
  denied: "M34 34l32 32M66 34 34 66",
  referred: "M50 38v24M50 77v.5",
  opened: "M29 52l15 15 28-32",
  exit: "M60 30v40M24 50h30M36 38 24 50l12 12M74 22v56",
  hint: "M50 34v1M50 46v20",
  ring: "M34 64h32l-5-8V46a11 11 0 0 0-22 0v10zM46 71h8",
  "locked-down": "M36 50h28v22H36zM41 50v-8a9 9 0 0 1 18 0v8",
  evacuation: "M58 24v.5M52 38 38 34l-10 12M52 38l14 10 10-6M52 38l-6 22 14 8v18M46 60 32 70l-14-2",
  "not-live": "M36 36l28 28M64 36 36 64",
};

/** A sign; its meaning is always written next to it. */
export function Sign({ name, class: style = "" }: { name: SignName; class?: string }) {
  return (
    <svg class={`sign sign-${name} ${style}`} viewBox="0 0 100 100" aria-hidden="true">
      <g class="sign-outline">{OUTLINES[name]}</g>
      <path class="sign-stroke" d={STROKES[name]} />
    </svg>
  );
}

/** A small tick or exclamation mark in front of a state. */
export function StatusMark({ good }: { good: boolean }) {
  return (
    <svg class={`tick ${good ? "tick-good" : "tick-bad"}`} viewBox="0 0 20 20" aria-hidden="true">
      {good ? (
        <>
          <circle cx="10" cy="10" r="9" />
          <path d="M5.5 10.5 9 14l6-7.5" />
        </>
      ) : (
        <>
          <path class="tick-shape" d="M10 1 19.5 18H.5z" />
          <path d="M10 7v5M10 15v.4" />
        </>
      )}
    </svg>
  );
}
