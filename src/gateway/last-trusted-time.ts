/** The last good time, written down: a unit that starts before it knows that its clock is wrong. */
import type { KeyValueStore } from "../base/key-value-store.ts";
import { every, type Clock, type Timer } from "../../hal/clock.ts";

/** The setting that holds it, epoch ms. */
const LAST_TRUSTED_SETTING = "clock.last-good-ms";
/** Often enough to bound the doubt, seldom enough for an SD card. */
const WRITE_EVERY_MS = 5 * 60_000;
/** A clock may be slewed back a little; by more than this it was lost. */
const TOLERANCE_MS = 60_000;

/** A clock that was there before. */
export interface PersistentClock extends Clock {
  /**
   * Looks up, at each start, what time it was already.
   * @returns by how many ms the clock is behind it; 0 when it is not
   */
  restore(settings: KeyValueStore): Promise<number>;
  /** Writes the time down now and every few minutes, while it is believed. */
  keep(settings: KeyValueStore): Timer;
  /** Writes it down now, if it is believed. Never rejects: a disk that fails shows in the records. */
  write(settings: KeyValueStore): Promise<void>;
}

/**
 * @param vouched somebody (the kernel, a time server) says whether `clock` is right, and is believed
 *   over the memory; otherwise a clock before the last good time is not to be trusted until it has
 *   caught up with it
 */
export function persistTrustedTime(clock: Clock, vouched: boolean): PersistentClock {
  let lastGoodMs = -Infinity;
  const trusted = (): boolean =>
    clock.wallTrusted() && (vouched || clock.wallMs() >= lastGoodMs - TOLERANCE_MS);
  const write = async (settings: KeyValueStore): Promise<void> => {
    if (!trusted()) return;
    await settings.set(LAST_TRUSTED_SETTING, String(Math.floor(clock.wallMs()))).catch(() => {});
  };
  return {
    monotonicMs: () => clock.monotonicMs(),
    wallMs: () => clock.wallMs(),
    wallTrusted: trusted,
    after: (delayMs, callback) => clock.after(delayMs, callback),
    async restore(settings) {
      const text = await settings.get(LAST_TRUSTED_SETTING).catch(() => undefined);
      const knownMs = Number(text ?? Number.NaN);
      const behindMs = Math.round(knownMs - clock.wallMs());
      // Once caught up with, it says no more: a step while the unit runs is seen as one.
      const behind = behindMs > TOLERANCE_MS;
      lastGoodMs = behind ? knownMs : -Infinity;
      return behind ? behindMs : 0;
    },
    keep(settings) {
      void write(settings);
      return every(clock, WRITE_EVERY_MS, () => void write(settings));
    },
    write,
  };
}
