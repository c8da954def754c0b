/** The virtual doorway: the scene, the gallery, the world's switches, and the explanation of each decision. */
import { useState } from "preact/hooks";
import type { ScreenView, VisitSummary } from "../../../../src/core/view/view.ts";
import { Arrived } from "./broker-messages.tsx";
import { Camera } from "./camera.tsx";
import { District } from "./district.tsx";
import { Visit } from "../../../../src/ui/pages/shared/visit.tsx";
import { DRAGGED, Gallery } from "./gallery.tsx";
import { NEEDS, PHASES, TEXT, type Bilingual } from "../../../../src/ui/pages/i18n/words.ts";
import { DOORWAY_TEXT } from "./words.ts";
import type { DoorwayParts, GalleryVisitor } from "../../ports.ts";
import {
  formatReason,
  type Language,
  type FormatContext,
} from "../../../../src/ui/pages/i18n/format.ts";
import { Kiosk } from "../../../../src/ui/pages/kiosk/kiosk.tsx";
import {
  LanguageSwitch,
  Title,
  InBothLanguages,
  useLanguage,
} from "../../../../src/ui/pages/shared/language.tsx";
import {
  post,
  useFetched,
  useUnitStream,
  type StreamState,
} from "../../../../src/ui/pages/shared/unit-stream.ts";
import { Scene } from "./scene.tsx";
import { Sign, StatusMark } from "../../../../src/ui/pages/shared/signs.tsx";
import { hintOf } from "../../../../src/ui/pages/kiosk/welcome.tsx";
import { World } from "./world.tsx";
import { errorText } from "../../../../src/base/errors.ts";
import "./doorway.css";

declare module "../../../../src/ui/pages/shared/unit-stream.ts" {
  interface Answers {
    "/api/doorway": { visitors: readonly GalleryVisitor[] };
  }
}

const VISITS_SHOWN = 30;

export function Screen() {
  const unit = useFetched("/api/unit");
  const gallery = useFetched("/api/doorway");
  const { view, visits, atDoor, world, broker, live, lastMessageAtMs } = useUnitStream<
    StreamState & DoorwayParts
  >("visits,doorway");
  const [language, setLanguage] = useLanguage();
  const [problem, setProblem] = useState("");
  const visitors = gallery?.visitors ?? [];
  const utcOffsetMinutes = unit?.utcOffsetMinutes;
  const context = { language, nowMs: view?.atMs ?? lastMessageAtMs, utcOffsetMinutes };
  const send = (path: string, body?: unknown): void => {
    setProblem("");
    post(path, body).catch((error: unknown) => setProblem(errorText(error)));
  };
  const present = (id: string): void => send(`/api/doorway/present/${encodeURIComponent(id)}`);
  return (
    <div class="doorway">
      <Header language={language} onLanguage={setLanguage} />
      <section class="stage" aria-label={DOORWAY_TEXT.doorway[language]} {...dropTarget(present)}>
        <Scene
          view={live ? view : undefined}
          visitor={visitors.find((visitor) => visitor.id === atDoor)}
          world={world}
          venueName={unit?.venueName}
        >
          <Kiosk view={view} unit={unit} live={live} lastMessageAtMs={lastMessageAtMs} />
        </Scene>
        <Result
          view={live ? view : undefined}
          context={context}
          problem={problem}
          {...(atDoor === null || atDoor === undefined
            ? {}
            : { onLeave: () => send("/api/doorway/dismiss") })}
        />
      </section>
      <Gallery
        visitors={visitors}
        atDoor={atDoor ?? undefined}
        language={language}
        onPick={present}
      />
      <aside class="side">
        <Camera language={language} />
        {world !== undefined && (
          <World
            world={world}
            language={language}
            onChange={(change) => send("/api/doorway/world", change)}
          />
        )}
        <District mode={view?.mode ?? "normal"} language={language} />
        <Explanation visits={visits ?? []} context={context} />
      </aside>
      <Arrived messages={broker ?? []} context={context} />
    </div>
  );
}

interface HeaderProps {
  language: Language;
  onLanguage: (language: Language) => void;
}

function Header({ language, onLanguage }: HeaderProps) {
  return (
    <header class="bar">
      <h1>
        <b>{TEXT.product[language]}</b> <Title words={DOORWAY_TEXT.doorway} language={language} />
      </h1>
      <nav>
        <a href="/kiosk">{DOORWAY_TEXT.kiosk[language]}</a>
        <a href="/staff">{DOORWAY_TEXT.staff[language]}</a>
        <LanguageSwitch language={language} onChange={onLanguage} />
      </nav>
    </header>
  );
}

/** Handlers of an element that visitors of the gallery can be dropped on. */
function dropTarget(onVisitor: (id: string) => void) {
  return {
    onDragOver: (event: DragEvent): void => event.preventDefault(),
    onDrop: (event: DragEvent): void => {
      event.preventDefault();
      const id = event.dataTransfer?.getData(DRAGGED) ?? "";
      if (id !== "") onVisitor(id);
    },
  };
}

interface ResultProps {
  view: ScreenView | undefined;
  context: FormatContext;
  problem: string;
  onLeave?: () => void;
}

/** The result on the screen, again in one line: on a phone the drawn screen is too small to read. */
function Result({ view, context, problem, onLeave }: ResultProps) {
  const { language } = context;
  const phase = view?.phase ?? "not-live";
  const words = wordsOf(view, context);
  const [reason] = view?.reasons ?? [];
  const [need] = view?.awaits ?? [];
  return (
    <div class={`result result-${phase}`} role="status" aria-live="polite">
      <Sign name={phase} />
      <InBothLanguages words={words} class="result-words" />
      <span class="result-detail">
        {problem !== "" ? (
          <>
            <StatusMark good={false} /> {problem}
          </>
        ) : reason !== undefined && view?.phase !== "granted" ? (
          `${formatReason(reason, context).reason} · ${formatReason(reason, context).next}`
        ) : need !== undefined ? (
          NEEDS[need][language]
        ) : (
          detailOf(view, language)
        )}
      </span>
      {onLeave !== undefined && (
        <button type="button" class="leave" onClick={onLeave}>
          {DOORWAY_TEXT.leave[language]}
        </button>
      )}
    </div>
  );
}

function wordsOf(view: ScreenView | undefined, context: FormatContext): Bilingual {
  if (view === undefined) return TEXT.stale;
  if (view.phase !== "welcome") return PHASES[view.phase];
  return view.hint === undefined ? DOORWAY_TEXT.nobody : hintOf(view.hint, context).reason;
}

function detailOf(view: ScreenView | undefined, language: Language): string {
  if (view === undefined || view.phase === "welcome") return "";
  const gate =
    view.gate === "released" ? DOORWAY_TEXT.gateOpen[language] : DOORWAY_TEXT.gateLocked[language];
  const temperature = view.temperatureC === undefined ? "" : `${view.temperatureC.toFixed(1)} °C`;
  return [view.maskedName ?? "", temperature, gate].filter((part) => part !== "").join(" · ");
}

function Explanation({
  visits,
  context,
}: {
  visits: readonly VisitSummary[];
  context: FormatContext;
}) {
  return (
    <section class="panel explain" aria-label={DOORWAY_TEXT.explain[context.language]}>
      <h2>
        <Title words={DOORWAY_TEXT.explain} language={context.language} />
      </h2>
      {visits.length === 0 && <p class="dim">{TEXT.noVisits[context.language]}</p>}
      {visits.slice(0, VISITS_SHOWN).map((visit, index) => (
        <Visit key={visit.visitRef} visit={visit} context={context} open={index === 0} />
      ))}
    </section>
  );
}
