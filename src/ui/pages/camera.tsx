/** What the camera sees, live, and the picture it saw when a code was read. */
import { useState } from "preact/hooks";
import { TEXT } from "./i18n/words.ts";
import type { Language } from "./i18n/say.ts";
import { Title } from "./language.tsx";
import { Picture } from "./picture.tsx";

export function Camera({ language }: { language: Language }) {
  const [present, setPresent] = useState(false);
  const [kept, setKept] = useState(false);
  return (
    <section class="panel camera">
      <h2>
        <Title words={TEXT.camera} language={language} />
      </h2>
      <div class={present ? "camera-view" : "camera-view camera-none"}>
        <Picture
          path="/api/doorway/frame"
          everyMs={100}
          label={TEXT.camera[language]}
          onPresence={setPresent}
        />
        {!present && <p>{TEXT.noFrame[language]}</p>}
        <div class="moment" hidden={!kept}>
          <Picture path="/api/doorway/moment" everyMs={400} onPresence={setKept} />
          <span>{TEXT.moment[language]}</span>
        </div>
      </div>
    </section>
  );
}
