/** The virtual doorway: the scene, the gallery, the world's switches, and the explanation beside it. */
import { useState } from "preact/hooks";
import type { ScreenView, VisitSummary } from "../../core/view/view.ts";
import { Arrived } from "./arrived.tsx";
import { Camera } from "./camera.tsx";
import { District } from "./district.tsx";
import { Visit } from "./staff/explain.tsx";
import { DRAGGED, Gallery } from "./gallery.tsx";
import { NEEDS, PHASES, TEXT, type Both } from "./i18n/words.ts";
import { sayReason, type Language, type Saying } from "./i18n/say.ts";
import { Kiosk } from "./kiosk/kiosk.tsx";
import { LanguageSwitch, Title, Twice, useLanguage } from "./language.tsx";
import { post, useLive, useOnce } from "./live.ts";
import { Scene } from "./scene.tsx";
import { Sign, Tick } from "./kiosk/signs.tsx";
import { hintOf } from "./kiosk/welcome.tsx";
import { World } from "./world.tsx";
import { errorText } from "../../base/errors.ts";

const VISITS_SHOWN = 30;

export function DoorwayPage() {
  const unit = useOnce("/api/unit");
  const gallery = useOnce("/api/doorway");
  const { view, visits, atDoor, world, broker, live, heardAtMs } = useLive("visits,doorway");
  const [language, setLanguage] = useLanguage();
  const [problem, setProblem] = useState("");
  const visitors = gallery?.visitors ?? [];
  const saying: Saying = {
    language,
    nowMs: view?.atMs ?? heardAtMs,
    utcOffsetMinutes: unit?.utcOffsetMinutes,
  };
  const send = (path: string, body?: unknown): void => {
    setProblem("");
    post(path, body).catch((error: unknown) => setProblem(errorText(error)));
  };
  const present = (id: string): void => send(`/api/doorway/present/${encodeURIComponent(id)}`);
  return (
    <div class="doorway">
      <header class="bar">
        <h1>
          <b>{TEXT.product[language]}</b> <Title words={TEXT.doorway} language={language} />
        </h1>
        <nav>
          <a href="/kiosk">{TEXT.kiosk[language]}</a>
          <a href="/staff">{TEXT.staff[language]}</a>
          <LanguageSwitch language={language} onChange={setLanguage} />
        </nav>
      </header>
      <section
        class="stage"
        aria-label={TEXT.doorway[language]}
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          const id = event.dataTransfer?.getData(DRAGGED) ?? "";
          if (id !== "") present(id);
        }}
      >
        <Scene
          view={live ? view : undefined}
          visitor={visitors.find((visitor) => visitor.id === atDoor)}
          world={world}
          venueName={unit?.venueName}
        >
          <Kiosk view={view} unit={unit} live={live} heardAtMs={heardAtMs} />
        </Scene>
        <Result
          view={live ? view : undefined}
          saying={saying}
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
        <Explanation visits={visits ?? []} saying={saying} />
      </aside>
      <Arrived messages={broker ?? []} saying={saying} />
    </div>
  );
}

interface ResultProps {
  view: ScreenView | undefined;
  saying: Saying;
  problem: string;
  onLeave?: () => void;
}

/** What the screen says, again in one line: on a phone the drawn screen is too small to read. */
function Result({ view, saying, problem, onLeave }: ResultProps) {
  const { language } = saying;
  const phase = view?.phase ?? "not-live";
  const words = wordsOf(view, saying);
  const [reason] = view?.reasons ?? [];
  const [need] = view?.awaits ?? [];
  return (
    <div class={`result result-${phase}`} role="status" aria-live="polite">
      <Sign name={phase} />
      <Twice words={words} class="result-words" />
      <span class="result-detail">
        {problem !== "" ? (
          <>
            <Tick good={false} /> {problem}
          </>
        ) : reason !== undefined && view?.phase !== "granted" ? (
          `${sayReason(reason, saying).reason} · ${sayReason(reason, saying).next}`
        ) : need !== undefined ? (
          NEEDS[need][language]
        ) : (
          detailOf(view, language)
        )}
      </span>
      {onLeave !== undefined && (
        <button type="button" class="leave" onClick={onLeave}>
          {TEXT.leave[language]}
        </button>
      )}
    </div>
  );
}

function wordsOf(view: ScreenView | undefined, saying: Saying): Both {
  if (view === undefined) return TEXT.stale;
  if (view.phase !== "welcome") return PHASES[view.phase];
  return view.hint === undefined ? TEXT.nobody : hintOf(view.hint, saying).reason;
}

function detailOf(view: ScreenView | undefined, language: Language): string {
  if (view === undefined || view.phase === "welcome") return "";
  const gate = view.gate === "released" ? TEXT.gateOpen[language] : TEXT.gateLocked[language];
  const temperature = view.temperatureC === undefined ? "" : `${view.temperatureC.toFixed(1)} °C`;
  return [view.maskedName ?? "", temperature, gate].filter((part) => part !== "").join(" · ");
}

function Explanation({ visits, saying }: { visits: readonly VisitSummary[]; saying: Saying }) {
  return (
    <section class="panel explain" aria-label={TEXT.explain[saying.language]}>
      <h2>
        <Title words={TEXT.explain} language={saying.language} />
      </h2>
      {visits.length === 0 && <p class="dim">{TEXT.noVisits[saying.language]}</p>}
      {visits.slice(0, VISITS_SHOWN).map((visit, index) => (
        <Visit key={visit.visitRef} visit={visit} saying={saying} open={index === 0} />
      ))}
    </section>
  );
}
