/** Virtual time: a seeded run's only clock. An hour passes as fast as its events can be handled. */
import type { Clock, Timer } from "../../hal/clock.ts";

interface Entry {
  dueMs: number;
  order: number;
  callback: () => void;
  cancelled: boolean;
}

/**
 * Fires timers in order of due time, then of creation. Between two timers every promise that can
 * settle does settle, so the same program always interleaves in the same way.
 */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  #heap: Entry[] = [];
  #wallOffsetMs: number;
  #wallTrusted = true;

  /** @param startWallMs what the wall clock shows when the run starts (epoch ms) */
  constructor(startWallMs: number) {
    this.#wallOffsetMs = startWallMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs + this.#wallOffsetMs;
  }

  wallTrusted(): boolean {
    return this.#wallTrusted;
  }

  /** Makes the wall clock jump, as a late synchronisation does; monotonic time does not notice. */
  stepWall(byMs: number, trusted: boolean): void {
    this.#wallOffsetMs += byMs;
    this.#wallTrusted = trusted;
  }

  after(delayMs: number, callback: () => void): Timer {
    const entry: Entry = {
      dueMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#order++,
      callback,
      cancelled: false,
    };
    this.#push(entry);
    return {
      cancel() {
        entry.cancelled = true;
      },
    };
  }

  /** Lets time pass until `untilMs` (monotonic), firing everything due on the way. */
  async runUntil(untilMs: number): Promise<void> {
    await settle();
    for (
      let next = this.#heap[0];
      next !== undefined && next.dueMs <= untilMs;
      next = this.#heap[0]
    ) {
      this.#pop();
      if (next.cancelled) continue;
      this.#nowMs = next.dueMs;
      next.callback();
      await settle();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Lets `durationMs` pass. */
  run(durationMs: number): Promise<void> {
    return this.runUntil(this.#nowMs + durationMs);
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.push(entry) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !before(entry, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      let least = left;
      if (right !== undefined && before(right, left)) {
        least = right;
        child += 1;
      }
      if (!before(least, last)) break;
      heap[index] = least;
      index = child;
    }
    heap[index] = last;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

// The check phase of the event loop comes only after the microtask queue is empty, however long a
// chain of promises is; nothing in a virtual run waits for a real timer, socket or file.
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
