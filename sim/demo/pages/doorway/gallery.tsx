/** The gallery: everybody who can be sent to the door, by click, by key, or by dragging. */
import { Figure } from "./figure.tsx";
import { DOORWAY_TEXT } from "./words.ts";
import type { Language } from "../../../../src/ui/pages/i18n/format.ts";
import { Title } from "../../../../src/ui/pages/shared/language.tsx";
import type { GalleryVisitor } from "../../ports.ts";

/** What is dragged: a visitor's id under a type of our own. */
export const DRAGGED = "text/x-visitor";

interface GalleryProps {
  visitors: readonly GalleryVisitor[];
  atDoor: string | undefined;
  language: Language;
  onPick: (id: string) => void;
}

export function Gallery({ visitors, atDoor, language, onPick }: GalleryProps) {
  return (
    <section class="gallery" aria-label={DOORWAY_TEXT.gallery[language]}>
      <h2>
        <Title words={DOORWAY_TEXT.gallery} language={language} />
        <span class="hint">{DOORWAY_TEXT.pick[language]}</span>
      </h2>
      <ul class="people">
        {visitors.map((visitor) => (
          <li key={visitor.id}>
            <button
              type="button"
              class="person"
              data-visitor={visitor.id}
              aria-pressed={visitor.id === atDoor}
              title={visitor.story[language]}
              draggable
              onDragStart={(event) => event.dataTransfer?.setData(DRAGGED, visitor.id)}
              onClick={() => onPick(visitor.id)}
            >
              <Figure visitor={visitor} bust />
              <span class="person-name">{visitor.name[language]}</span>
              <span class="person-story">{visitor.story[language]}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
