/** The decoding engine as the code reader uses it, and the one that decodes in place. */
import type { DecodedCode } from "../../../devices.ts";
import { readThoroughly } from "../decode/cascade.ts";
import type { Decoders } from "../decode/decoders.ts";
import { hashOf } from "../image/hash.ts";
import type { Luminance } from "../image/image.ts";
import { wantedBy } from "../decode/wanted.ts";

/** What was read in one frame. */
export interface DecodeResult {
  /** The codes in view, wanted ones first, then the one nearest to the centre and largest; empty for none. */
  codes: DecodedCode[];
  /** Everything there is was tried on this frame: what else is in it is not going to be read. */
  settled?: boolean;
}

/** A frame to be read. */
export interface Frame extends Luminance {
  /** Whether the picture differs from the frame before; unknown counts as changed. */
  changed?: boolean;
}

/** Reads frames, one at a time: asking again before the last answer came is a programming error. */
export interface DecodeEngine {
  /** Resolves once the decoders are loaded; `decode` waits for it too. */
  ready(): Promise<void>;
  decode(frame: Frame): Promise<DecodeResult>;
  /**
   * Codes found after their frame was answered, by the slower variants; called with the frame's
   * number, counted from 0 by `decode` calls. An engine in place never calls it.
   */
  onLateResult(listener: (result: DecodeResult, frame: number) => void): void;
  close(): Promise<void>;
}

export interface InlineEngineOptions {
  /** Patterns of the texts that a reading may end with; absent: any text. */
  wanted?: readonly string[];
  /** Goes on for every code in a picture, also when a wanted one was read. */
  everyCode?: boolean;
  /** Results remembered by the frame's content, so that a repeated frame costs a hash; default 0. */
  cacheFrames?: number;
}

/**
 * Decodes in the caller's thread with every variant there is. Once `ready()`, an answer takes
 * microtasks only: the engine of virtual time and of single pictures.
 */
export function createInlineEngine(options: InlineEngineOptions = {}): DecodeEngine {
  const capacity = options.cacheFrames ?? 0;
  const cache = new Map<string, DecodedCode[]>();
  let decoders: Decoders | undefined;
  // Loaded only where they are used: the process of a unit never decodes.
  const load = async (): Promise<Decoders> => {
    const { loadDecoders } = await import("../decode/decoders.ts");
    decoders = await loadDecoders();
    return decoders;
  };
  const sought = { isWanted: wantedBy(options.wanted), everyCode: options.everyCode ?? false };
  const read = (loaded: Decoders, frame: Frame): DecodedCode[] =>
    readThoroughly(loaded, frame, sought);
  return {
    async ready() {
      await load();
    },
    async decode(frame) {
      const loaded = decoders ?? (await load());
      if (capacity === 0) return { codes: read(loaded, frame), settled: true };
      const key = hashOf(frame);
      const known = cache.get(key);
      if (known !== undefined) return { codes: known, settled: true };
      const codes = read(loaded, frame);
      const oldest = cache.size >= capacity ? cache.keys().next().value : undefined;
      if (oldest !== undefined) cache.delete(oldest);
      cache.set(key, codes);
      return { codes, settled: true };
    },
    onLateResult() {},
    close: () => Promise.resolve(),
  };
}
