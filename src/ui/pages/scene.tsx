/** The scene: a doorway with glass wings, the unit's post with its lights, and whoever stands there. */
import type { ScreenView } from "../../core/view.ts";
import type { GalleryVisitor } from "../ports.ts";
import { Figure } from "./figure.tsx";

const LAMPS = [
  ["granted", "lamp-green"],
  ["checking", "lamp-yellow"],
  ["denied", "lamp-red"],
] as const;

/** Lights as the panel shows them: referred is yellow like checking, a lock-down red like a denial. */
function lampOf(view: ScreenView | undefined): string {
  switch (view?.phase) {
    case "granted":
    case "evacuation":
      return "granted";
    case "checking":
    case "referred":
      return "checking";
    case "denied":
    case "locked-down":
      return "denied";
    case "welcome":
    case undefined:
      return "";
  }
}

export function Scene(props: {
  view: ScreenView | undefined;
  visitor: GalleryVisitor | undefined;
}) {
  const { view, visitor } = props;
  const open = view?.gate === "released";
  const lamp = lampOf(view);
  return (
    <div class={`scene ${open ? "gate-open" : "gate-shut"}`} data-gate={view?.gate ?? "unknown"}>
      <svg viewBox="0 0 640 420" class="room" aria-hidden="true">
        <rect width="640" height="330" class="wall" />
        <path d="M0 330h640v90H0z" class="floor" />
        <path d="M0 330h640" class="skirting" />
        <rect x="212" y="36" width="290" height="294" class="beyond" />
        <path d="M212 330l70-46h150l70 46z" class="beyond-floor" />
        <path d="M282 284V110h150v174" class="beyond-wall" />
        <path d="M337 130h40v20h20v40h-20v20h-40v-20h-20v-40h20z" class="cross" />
        <path d="M200 24h314v306h-16V40H216v290h-16z" class="frame" />
        <g class="wing wing-left">
          <rect x="220" y="150" width="132" height="150" rx="8" />
          <path d="M236 166l40 118M262 166l28 84" />
        </g>
        <g class="wing wing-right">
          <rect x="362" y="150" width="132" height="150" rx="8" />
          <path d="M440 166l36 104" />
        </g>
        <rect x="196" y="140" width="26" height="196" rx="6" class="post" />
        <rect x="492" y="140" width="26" height="196" rx="6" class="post" />
        <rect x="100" y="286" width="20" height="70" class="stand" />
        <rect x="70" y="350" width="80" height="12" rx="6" class="stand" />
        <g class="lamps">
          {LAMPS.map(([name, style], index) => (
            <circle
              key={name}
              cx={540}
              cy={170 + index * 34}
              r="11"
              class={`lamp ${style} ${lamp === name ? "on" : ""}`}
            />
          ))}
        </g>
      </svg>
      <div class={`standing ${visitor === undefined ? "" : "here"}`}>
        {visitor !== undefined && <Figure visitor={visitor} size={130} />}
      </div>
    </div>
  );
}
