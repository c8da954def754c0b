/** A decoding engine that can be made to die, and comes back. */
import type { DecodeEngine } from "../../hal/drivers/code-reader/engine/engine.ts";

export interface MortalEngine {
  engine: DecodeEngine;
  /** A dead one fails every frame, as one does whose process is gone. */
  setDead(dead: boolean): void;
}

/** Puts a switch before an engine, which itself stays as it is. */
export function createMortalEngine(engine: DecodeEngine): MortalEngine {
  let dead = false;
  return {
    engine: {
      ready: () => engine.ready(),
      decode: (frame) =>
        dead ? Promise.reject(new Error("the decoder is dead")) : engine.decode(frame),
      onLateResult: (listener) => engine.onLateResult(listener),
      close: () => engine.close(),
    },
    setDead(next) {
      dead = next;
    },
  };
}
