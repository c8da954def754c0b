/** The virtual doorway: the scene with the unit and its gate, the gallery, the world, and the explanation. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { GalleryVisitor, WorldControls } from "../ports.ts";
import { Figure } from "./figure.tsx";
import { TEXT } from "./i18n/words.ts";
import { sayClock, type Language } from "./i18n/say.ts";
import { Kiosk } from "./kiosk.tsx";
import { post, useOnce, useStream, type DoorwayLive } from "./live.ts";
import { Scene } from "./scene.tsx";
import { LanguageSwitch, useLanguage, VisitLine } from "./shared.tsx";

const DRAGGED = "text/visitor";

export function DoorwayPage() {
  const unit = useOnce("/api/unit");
  const gallery = useOnce("/api/doorway");
  const { data, live, heardAtMs } = useStream("/api/live");
  const { data: doorway } = useStream("/api/doorway/live");
  const [language, setLanguage] = useLanguage();
  const [problem, setProblem] = useState("");
  const visitors = gallery?.visitors ?? [];
  const send = (path: string, body?: unknown): void => {
    setProblem("");
    post(path, body).catch((error: unknown) => setProblem(String(error)));
  };
  const present = (id: string): void => send(`/api/doorway/present/${id}`);
  return (
    <main class="doorway-page">
      <header class="bar">
        <h1>
          {TEXT.product[language]} <span class="dim">{unit?.venueName[language]}</span>
        </h1>
        <nav>
          <a href="/kiosk">{language === "zh" ? "屏幕" : "Kiosk"}</a>
          <a href="/staff">{language === "zh" ? "工作人员" : "Staff"}</a>
          <LanguageSwitch language={language} onChange={setLanguage} />
        </nav>
      </header>
      <section
        class="stage"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          const id = event.dataTransfer?.getData(DRAGGED);
          if (id !== undefined && id !== "") present(id);
        }}
      >
        <Scene
          view={data?.view}
          visitor={visitors.find((visitor) => visitor.id === doorway?.atDoor)}
        />
        <div class="unit-screen">
          <Kiosk view={data?.view} unit={unit} live={live} heardAtMs={heardAtMs} />
        </div>
        {doorway?.atDoor !== null && doorway?.atDoor !== undefined && (
          <button type="button" class="leave" onClick={() => send("/api/doorway/dismiss")}>
            {TEXT.leave[language]}
          </button>
        )}
      </section>
      <Gallery visitors={visitors} atDoor={doorway?.atDoor} language={language} onPick={present} />
      <div class="side">
        <Camera frame={doorway?.frame ?? 0} language={language} />
        {doorway !== undefined && (
          <World
            world={doorway.world}
            language={language}
            onChange={(change) => send("/api/doorway/world", change)}
          />
        )}
        {problem !== "" && <p class="banner warn">{problem}</p>}
      </div>
      <section class="explain" aria-label={TEXT.why_[language]}>
        <h2>{TEXT.visits[language]}</h2>
        {(data?.visits ?? []).length === 0 && <p class="dim">{TEXT.noVisits[language]}</p>}
        {data?.visits.slice(0, 30).map((visit, index) => (
          <VisitLine key={visit.visitRef} visit={visit} language={language} open={index === 0} />
        ))}
      </section>
      <Arrived doorway={doorway} language={language} />
    </main>
  );
}

interface GalleryProps {
  visitors: readonly GalleryVisitor[];
  atDoor: string | null | undefined;
  language: Language;
  onPick: (id: string) => void;
}

function Gallery({ visitors, atDoor, language, onPick }: GalleryProps) {
  return (
    <section class="gallery" aria-label={TEXT.gallery[language]}>
      <p class="dim">{TEXT.pick[language]}</p>
      <div class="cards">
        {visitors.map((visitor) => (
          <button
            key={visitor.id}
            type="button"
            class={`visitor ${visitor.id === atDoor ? "at-door" : ""}`}
            data-visitor={visitor.id}
            draggable
            title={visitor.story[language]}
            onDragStart={(event) => event.dataTransfer?.setData(DRAGGED, visitor.id)}
            onClick={() => onPick(visitor.id)}
          >
            <Figure visitor={visitor} size={64} />
            <strong>{visitor.name[language]}</strong>
            <span class="dim">{visitor.story[language]}</span>
          </button>
        ))}
      </div>
    </section>
  );
}

/** The camera's picture, fetched again whenever there is a newer frame and the last one has arrived. */
function Camera({ frame, language }: { frame: number; language: Language }) {
  const image = useRef<HTMLImageElement>(null);
  const [shown, setShown] = useState(0);
  const busy = useRef(false);
  useEffect(() => {
    const element = image.current;
    if (element === null || busy.current || frame === 0 || frame === shown) return;
    busy.current = true;
    const done = (): void => {
      busy.current = false;
      setShown(frame);
    };
    element.addEventListener("load", done, { once: true });
    element.addEventListener("error", done, { once: true });
    element.src = `/api/doorway/frame?${frame}`;
  }, [frame, shown]);
  return (
    <figure class="camera">
      <img ref={image} alt="" width="640" height="360" />
      <figcaption>{(frame === 0 ? TEXT.noFrame : TEXT.camera)[language]}</figcaption>
    </figure>
  );
}

interface WorldProps {
  world: WorldControls;
  language: Language;
  onChange: (change: Partial<WorldControls>) => void;
}

const CLOCK_WRONG_MS = 3 * 3_600_000;

function World({ world, language, onChange }: WorldProps) {
  const slider = (
    name: "light" | "distanceM" | "noise",
    label: string,
    min: number,
    max: number,
    shown: string,
  ) => (
    <label class="slider">
      <span>{label}</span>
      <input
        type="range"
        name={name}
        min={min}
        max={max}
        step={(max - min) / 100}
        value={world[name]}
        onInput={(event) => onChange({ [name]: Number(event.currentTarget.value) })}
      />
      <output>{shown}</output>
    </label>
  );
  const toggle = (name: keyof WorldControls, label: string, on: boolean, value: unknown) => (
    <label class="switch">
      <input
        type="checkbox"
        name={name}
        checked={on}
        onChange={() => onChange({ [name]: value })}
      />
      <span>{label}</span>
    </label>
  );
  const { brokerUp, thermometerPlugged, readerPlugged, cameraPlugged, clockErrorMs } = world;
  const wrong = clockErrorMs !== 0;
  return (
    <fieldset class="world">
      <legend>{TEXT.world[language]}</legend>
      {slider("light", TEXT.light[language], 0, 1, `${Math.round(world.light * 100)} %`)}
      {slider(
        "distanceM",
        TEXT.distance[language],
        0.1,
        0.6,
        `${Math.round(world.distanceM * 100)} cm`,
      )}
      {slider("noise", TEXT.noise[language], 0, 40, world.noise.toFixed(0))}
      <div class="switches">
        {toggle("brokerUp", TEXT.brokerSwitch[language], brokerUp, !brokerUp)}
        {toggle("cameraPlugged", TEXT.cameraSwitch[language], cameraPlugged, !cameraPlugged)}
        {toggle("readerPlugged", TEXT.readerSwitch[language], readerPlugged, !readerPlugged)}
        {toggle(
          "thermometerPlugged",
          TEXT.thermometerSwitch[language],
          thermometerPlugged,
          !thermometerPlugged,
        )}
        {toggle("clockErrorMs", TEXT.clockSwitch[language], wrong, wrong ? 0 : CLOCK_WRONG_MS)}
      </div>
    </fieldset>
  );
}

function Arrived({ doorway, language }: { doorway: DoorwayLive | undefined; language: Language }) {
  const messages = doorway?.broker ?? [];
  return (
    <section class="arrived" aria-label={TEXT.arrived[language]}>
      <h2>{TEXT.arrived[language]}</h2>
      {messages.slice(0, 12).map((message) => (
        <details key={`${message.atMs}${message.payload.slice(0, 80)}`} class="message-line">
          <summary>
            <code>{message.topic}</code>
            <span class="dim">{sayClock(message.atMs, language)}</span>
          </summary>
          <pre>{pretty(message.payload)}</pre>
        </details>
      ))}
    </section>
  );
}

function pretty(payload: string): string {
  try {
    return JSON.stringify(JSON.parse(payload), null, 2);
  } catch {
    return payload;
  }
}
