/** Persists the last trusted time, to detect a clock that booted in the past. */
import type { KeyValueStore } from "../base/key-value-store.ts";
import { every, type Clock, type Timer } from "../../hal/clock.ts";

/** The setting that holds it, epoch ms. */
const LAST_TRUSTED_SETTING = "clock.last-good-ms";
/** Often enough to bound the doubt, seldom enough for an SD card. */
const WRITE_EVERY_MS = 5 * 60_000;
/** A clock may be slewed back a little; by more than this it was lost. */
const TOLERANCE_MS = 60_000;

/** A clock whose last trusted time is stored. */
export interface PersistentClock extends Clock {
  /**
   * Restores the stored time at each start.
   * @returns by how many ms the clock is behind it; 0 when it is not
   */
  restore(settings: KeyValueStore): Promise<number>;
  /** Writes the time down now and every few minutes, while it is believed. */
  keep(settings: KeyValueStore): Timer;
  /** Writes it down now, if it is believed. Never rejects: a disk that fails shows in the records. */
  write(settings: KeyValueStore): Promise<void>;
}

/**
 * @param hasTimeSource a time source (the kernel, a time server) decides whether `clock` is right, and
 *   overrides the stored time; otherwise a clock before the last trusted time is untrusted until it
 *   has caught up with it
 */
export function persistTrustedTime(clock: Clock, hasTimeSource: boolean): PersistentClock {
  let lastTrustedMs = -Infinity;
  const trusted = (): boolean =>
    clock.wallTrusted() && (hasTimeSource || clock.wallMs() >= lastTrustedMs - TOLERANCE_MS);
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
      // Once the clock has caught up, the stored time does not count: a later step is seen as one.
      const behind = behindMs > TOLERANCE_MS;
      lastTrustedMs = behind ? knownMs : -Infinity;
      return behind ? behindMs : 0;
    },
    keep(settings) {
      void write(settings);
      return every(clock, WRITE_EVERY_MS, () => void write(settings));
    },
    write,
  };
}
