/** The live camera picture, and the one in which a code was read. */
import { useState } from "preact/hooks";
import { DOORWAY_TEXT } from "./words.ts";
import type { Language } from "../../../../src/ui/pages/i18n/format.ts";
import { Title } from "../../../../src/ui/pages/shared/language.tsx";
import { Picture } from "../../../../src/ui/pages/shared/picture.tsx";

export function Camera({ language }: { language: Language }) {
  const [present, setPresent] = useState(false);
  const [kept, setKept] = useState(false);
  return (
    <section class="panel camera">
      <h2>
        <Title words={DOORWAY_TEXT.camera} language={language} />
      </h2>
      <div class={present ? "camera-view" : "camera-view camera-none"}>
        <Picture
          path="/api/doorway/frame"
          everyMs={100}
          label={DOORWAY_TEXT.camera[language]}
          onPresence={setPresent}
        />
        {!present && <p>{DOORWAY_TEXT.noFrame[language]}</p>}
        <div class="moment" hidden={!kept}>
          <Picture path="/api/doorway/moment" everyMs={400} onPresence={setKept} />
          <span>{DOORWAY_TEXT.moment[language]}</span>
        </div>
      </div>
    </section>
  );
}
