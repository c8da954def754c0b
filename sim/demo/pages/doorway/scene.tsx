/** The scene: the doorway with its gate, the unit on its post with lights, and the visitor. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ScreenView } from "../../../../src/core/view/view.ts";
import { Figure } from "./figure.tsx";
import type { GalleryVisitor, WorldControls } from "../../ports.ts";

/** The three lights of the panel, top to bottom, with a shape each. */
const LAMPS = [
  { name: "red", y: 0, shape: "M-5-5 5 5M5-5-5 5" },
  { name: "yellow", y: 34, shape: "M0-6V2M0 6v.5" },
  { name: "green", y: 68, shape: "M-6 0l4 5 8-9" },
] as const;

type Lamp = (typeof LAMPS)[number]["name"];

function lampOf(view: ScreenView | undefined): Lamp | undefined {
  switch (view?.phase) {
    case "granted":
    case "opened":
    case "evacuation":
      return "green";
    case "checking":
    case "exit":
    case "referred":
      return "yellow";
    case "denied":
    case "locked-down":
      return "red";
    case "welcome":
    case undefined:
      return undefined;
  }
}

interface SceneProps {
  view: ScreenView | undefined;
  visitor: GalleryVisitor | undefined;
  world: WorldControls | undefined;
  venueName: { zh: string; en: string } | undefined;
  /** The unit's screen, laid over its place in the drawing. */
  children: ComponentChildren;
}

export function Scene({ view, visitor, world, venueName, children }: SceneProps) {
  const open = view?.gate === "released";
  const lamp = lampOf(view);
  const { shown, leaving } = useLeaving(visitor, open || view?.doorOpen === true);
  const light = world?.light ?? 0.5;
  return (
    <div
      class="scene"
      data-gate={view?.gate ?? "unknown"}
      data-at-door={visitor?.id ?? ""}
      data-lamp={lamp ?? "none"}
    >
      <svg class="scene-room" viewBox="0 0 960 480" aria-hidden="true">
        <Room venueName={venueName} />
        <Gate />
      </svg>
      <div class="scene-shade" style={{ opacity: Math.max(0, 0.62 - 1.3 * light) }} />
      <div class="scene-sun" style={{ opacity: Math.max(0, (light - 0.6) * 1.2) }} />
      <div class={`scene-visitor ${shown === undefined ? "" : leaving}`}>
        {shown !== undefined && <Figure key={shown.id} visitor={shown} class="figure-live" />}
      </div>
      <svg class="scene-unit" viewBox="0 0 960 480" aria-hidden="true">
        <Unit lamp={lamp} readerPlugged={world?.readerPlugged !== false} />
      </svg>
      <div class="scene-screen">{children}</div>
    </div>
  );
}

/** Keeps drawing a visitor who has just left: going in when the gate was open, else away. */
function useLeaving(
  visitor: GalleryVisitor | undefined,
  open: boolean,
): { shown: GalleryVisitor | undefined; leaving: "stands" | "goes-in" | "goes-away" } {
  const last = useRef<GalleryVisitor | undefined>(undefined);
  const wasOpen = useRef(false);
  const [gone, setGone] = useState(true);
  if (visitor !== undefined) {
    last.current = visitor;
    wasOpen.current = open;
  }
  useEffect(() => {
    if (visitor !== undefined) {
      setGone(false);
      return undefined;
    }
    const timer = window.setTimeout(() => setGone(true), 1_400);
    return () => clearTimeout(timer);
  }, [visitor]);
  if (visitor !== undefined) return { shown: visitor, leaving: "stands" };
  return {
    shown: gone ? undefined : last.current,
    leaving: wasOpen.current || open ? "goes-in" : "goes-away",
  };
}

function Room({ venueName }: { venueName: { zh: string; en: string } | undefined }) {
  return (
    <>
      <Gradients />
      <rect width="960" height="400" fill="url(#wall)" />
      <path d="M0 384h960v96H0z" fill="url(#floor)" />
      <path d="M0 384h960" stroke="#8f9892" stroke-width="4" />
      <path
        d="M0 430h960M120 384 60 480M330 384l-30 96M760 384l40 96M900 384l70 96"
        stroke="#98a09a"
        stroke-width="1.5"
      />
      <g>
        <path d="M432 108h328v276H432z" fill="url(#inside)" />
        <path d="M432 384l70-64h188l70 64z" fill="#d9c9a4" />
        <path d="M502 320V150h188v170" fill="none" stroke="#e5d6b2" stroke-width="3" />
        <Shelf x={520} />
        <Shelf x={618} />
        <path
          d="M470 108v10a12 12 0 0 0 24 0v-10M698 108v10a12 12 0 0 0 24 0v-10"
          fill="#fffbe9"
          stroke="#e6d9b4"
        />
      </g>
      <path d="M414 92h364v292h-18V110H432v274h-18z" fill="#42504c" />
      <rect x="398" y="28" width="396" height="66" rx="8" fill="#0f5b4f" />
      <path d="M428 48h12v-12h14v12h12v14h-12v12h-14V62h-12z" fill="#fff" />
      <text x="484" y="60" class="sign-zh">
        {venueName?.zh ?? ""}
      </text>
      <text x="484" y="82" class="sign-en">
        {venueName?.en ?? ""}
      </text>
      <g>
        <path d="M868 384v-20h44v20z" fill="#a5673f" />
        <path
          d="M890 366c-40-20-34-70-22-88 6 20 16 30 22 60 4-44 14-66 34-80 4 40-4 86-34 108z"
          fill="#4f8a5b"
        />
        <path d="M890 366c-10-40-4-90 6-120 14 40 14 84-6 120z" fill="#3f7650" />
        <rect x="826" y="150" width="112" height="84" rx="4" fill="#fff" stroke="#cdd3cb" />
        <path d="M842 172h80M842 188h80M842 204h52" stroke="#b3bdb4" stroke-width="5" />
      </g>
    </>
  );
}

function Gradients() {
  return (
    <defs>
      <linearGradient id="wall" x1="0" y1="0" x2="0" y2="1">
        <stop offset="0" stop-color="#eef0ea" />
        <stop offset="1" stop-color="#dfe3da" />
      </linearGradient>
      <linearGradient id="floor" x1="0" y1="0" x2="0" y2="1">
        <stop offset="0" stop-color="#b9bfb8" />
        <stop offset="1" stop-color="#a3aaa4" />
      </linearGradient>
      <linearGradient id="inside" x1="0" y1="0" x2="0" y2="1">
        <stop offset="0" stop-color="#fff8e6" />
        <stop offset="1" stop-color="#f4e8cb" />
      </linearGradient>
      <linearGradient id="glass" x1="0" y1="0" x2="1" y2="1">
        <stop offset="0" stop-color="#d6eef2" stop-opacity="0.85" />
        <stop offset="1" stop-color="#8fc3cf" stop-opacity="0.72" />
      </linearGradient>
    </defs>
  );
}

function Shelf({ x }: { x: number }) {
  return (
    <g transform={`translate(${x} 176)`}>
      <path d="M0 0h54v144H0z" fill="#efe2c1" />
      <path d="M0 40h54M0 84h54M0 126h54" stroke="#cdbb8e" stroke-width="4" />
      <path d="M6 18h9v20H6zM19 24h8v14h-8zM31 14h8v24h-8z" fill="#7fae9c" />
      <path d="M6 60h12v22H6zM22 54h8v28h-8zM36 64h12v18H36z" fill="#d78f6a" />
      <path d="M8 104h8v20H8zM22 98h14v26H22zM40 106h8v18h-8z" fill="#86a6c4" />
    </g>
  );
}

function Gate() {
  return (
    <>
      <g class="wing wing-left">
        <rect
          x="456"
          y="226"
          width="138"
          height="138"
          rx="10"
          fill="url(#glass)"
          stroke="#6ba7b5"
          stroke-width="3"
        />
        <path
          d="M480 244l40 104M510 244l26 70"
          stroke="#fff"
          stroke-opacity="0.65"
          stroke-width="5"
        />
        <circle class="wing-mark" cx="566" cy="295" r="15" />
        <path class="wing-bar" d="M557 295h18" />
      </g>
      <g class="wing wing-right">
        <rect
          x="598"
          y="226"
          width="138"
          height="138"
          rx="10"
          fill="url(#glass)"
          stroke="#6ba7b5"
          stroke-width="3"
        />
        <path
          d="M660 244l40 104M690 244l26 70"
          stroke="#fff"
          stroke-opacity="0.65"
          stroke-width="5"
        />
        <circle class="wing-mark" cx="626" cy="295" r="15" />
        <path class="wing-bar" d="M617 295h18" />
      </g>
      <Pillar x={428} />
      <Pillar x={728} />
    </>
  );
}

function Pillar({ x }: { x: number }) {
  return (
    <g transform={`translate(${x} 206)`}>
      <rect width="36" height="198" rx="10" fill="#55625e" />
      <rect x="4" y="4" width="28" height="190" rx="8" fill="#697772" />
      <rect class="pillar-light" x="11" y="16" width="14" height="70" rx="7" />
    </g>
  );
}

function Unit({ lamp, readerPlugged }: { lamp: Lamp | undefined; readerPlugged: boolean }) {
  return (
    <>
      <ellipse cx="150" cy="462" rx="92" ry="11" fill="#00000022" />
      <path d="M96 446h108l14 16H82z" fill="#35413e" />
      <rect x="136" y="404" width="28" height="50" fill="#46534f" />
      <rect x="42" y="8" width="216" height="402" rx="20" fill="#222b29" />
      <rect x="46" y="12" width="208" height="394" rx="17" fill="#2c3735" />
      <circle cx="150" cy="25" r="9" fill="#0c1110" />
      <circle cx="150" cy="25" r="4" fill="#33576b" />
      <circle cx="176" cy="25" r="4.5" fill="#5c2f2f" />
      <g class={readerPlugged ? "reader" : "reader reader-off"}>
        <rect x="92" y="384" width="116" height="17" rx="8" />
        <path d="M130 392.5h26M162 388c4 3 4 6 0 9M168 385c6 5 6 10 0 15" />
      </g>
      <g transform="translate(290 84)">
        <rect x="-20" y="-22" width="40" height="112" rx="18" fill="#2c3735" />
        <rect x="-4" y="88" width="8" height="372" fill="#46534f" />
        {LAMPS.map(({ name, y, shape }) => (
          <g
            key={name}
            class={`lamp lamp-${name} ${lamp === name ? "lamp-on" : ""}`}
            transform={`translate(0 ${y})`}
          >
            <circle r="13" />
            <path d={shape} />
          </g>
        ))}
      </g>
    </>
  );
}
