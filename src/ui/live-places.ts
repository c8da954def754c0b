/** Who may watch the unit live at the same time: places for each kind of asker, so that none takes another's. */
import type { Asker } from "./auth/access.ts";

/** Streams at once. The unit has one screen; a page that is opened again may leave its last stream behind. */
export const MOST_STREAMS: Readonly<Record<Asker, number>> = { screen: 4, staff: 24, stranger: 16 };
/** Of the strangers' places, how many one machine can have. */
export const MOST_OF_A_STRANGER = 4;

interface Watching {
  place: string;
  end: () => void;
}

export class LivePlaces {
  /** The oldest first. */
  readonly #watching: Readonly<Record<Asker, Set<Watching>>> = {
    screen: new Set(),
    staff: new Set(),
    stranger: new Set(),
  };

  /**
   * Takes a place. The unit's own screen and staff always get one: their oldest stream ends for it,
   * and its page connects again. A stranger gets one while there are any.
   *
   * @returns gives the place back; undefined when there is none
   */
  take(asker: Asker, place: string, end: () => void): (() => void) | undefined {
    const here = this.#watching[asker];
    if (asker === "stranger") {
      const same = [...here].filter((each) => each.place === place).length;
      if (here.size >= MOST_STREAMS.stranger || same >= MOST_OF_A_STRANGER) return undefined;
    } else if (here.size >= MOST_STREAMS[asker]) {
      const [oldest] = here;
      oldest?.end();
    }
    const watching = { place, end };
    here.add(watching);
    return () => here.delete(watching);
  }

  endAll(): void {
    for (const here of Object.values(this.#watching)) for (const each of here) each.end();
  }
}
