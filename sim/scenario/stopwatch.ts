/** Real milliseconds of what a visit made the processor do; only with `--timings`. */
import type { DecodeEngine } from "../../hal/drivers/code-reader/engine/engine.ts";
import type { CredentialVerifier, RecordStore } from "../../src/gateway/ports.ts";

/** Milliseconds a visit took in each part, as measured. */
export interface CpuTimings {
  decodeMs?: number;
  verifyMs?: number;
  commitMs?: number;
}

/** Wraps the parts of a unit, and remembers what the visit going on cost in each. */
export interface Stopwatch {
  engine(engine: DecodeEngine): DecodeEngine;
  verifier(verifier: CredentialVerifier): CredentialVerifier;
  store<S extends RecordStore>(store: S): S;
  /** What was measured since the last time it was asked. */
  take(): CpuTimings;
}

/** @param nowMs real time in milliseconds */
export function createStopwatch(nowMs: () => number): Stopwatch {
  let timings: CpuTimings = {};
  let shownText: string | undefined;
  const round = (ms: number): number => Math.round(ms * 1_000) / 1_000;
  const measured = async <T>(name: keyof CpuTimings, work: () => Promise<T>): Promise<T> => {
    const startMs = nowMs();
    try {
      return await work();
    } finally {
      timings[name] = round(nowMs() - startMs);
    }
  };
  return {
    engine: (engine) => ({
      ready: () => engine.ready(),
      async decode(frame) {
        const startMs = nowMs();
        const result = await engine.decode(frame);
        const text = result.codes[0]?.text;
        // The frame in which a code is first read counts; the same again costs a look-up only.
        if (text !== undefined && text !== shownText) timings.decodeMs = round(nowMs() - startMs);
        shownText = text;
        return result;
      },
      onLateResult: (listener) => engine.onLateResult(listener),
      close: () => engine.close(),
    }),
    verifier: (verifier) => ({
      code: (bytes, text, at) => measured("verifyMs", () => verifier.code(bytes, text, at)),
      card: (content, at) => measured("verifyMs", () => verifier.card(content, at)),
      freshness: () => verifier.freshness(),
    }),
    store: (store) => ({
      ...store,
      commit: (draft) => measured("commitMs", () => store.commit(draft)),
    }),
    take() {
      const taken = timings;
      timings = {};
      return taken;
    },
  };
}
