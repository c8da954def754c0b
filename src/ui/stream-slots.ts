/** Slots for event streams by kind of caller, so that no kind takes the slots of another. */
import type { Caller } from "./auth/access.ts";

/** Streams at once. There is one kiosk; a page that is reloaded may leave its last stream behind. */
export const MAX_STREAMS: Readonly<Record<Caller, number>> = { kiosk: 4, staff: 24, stranger: 16 };
/** How many of the strangers' slots one client can have. */
export const MAX_STREAMS_OF_A_STRANGER = 4;

interface Slot {
  client: string;
  end: () => void;
}

export class StreamSlots {
  /** The oldest first. */
  readonly #slots: Readonly<Record<Caller, Set<Slot>>> = {
    kiosk: new Set(),
    staff: new Set(),
    stranger: new Set(),
  };

  /**
   * Takes a slot. The kiosk and staff always get one: their oldest stream is ended for it, and its
   * page connects again. A stranger gets one while there are free ones.
   *
   * @param client key of the client, see `clientKeyOf`
   * @param end ends the stream
   * @returns releases the slot; undefined when none is free
   */
  acquire(caller: Caller, client: string, end: () => void): (() => void) | undefined {
    const slots = this.#slots[caller];
    if (caller === "stranger") {
      const ofClient = [...slots].filter((each) => each.client === client).length;
      const isFull = slots.size >= MAX_STREAMS.stranger;
      if (isFull || ofClient >= MAX_STREAMS_OF_A_STRANGER) return undefined;
    } else if (slots.size >= MAX_STREAMS[caller]) {
      const [oldest] = slots;
      oldest?.end();
    }
    const slot = { client, end };
    slots.add(slot);
    return () => slots.delete(slot);
  }

  endAll(): void {
    for (const slots of Object.values(this.#slots)) for (const each of slots) each.end();
  }
}
