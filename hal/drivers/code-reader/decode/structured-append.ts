/** Structured append: one message in up to sixteen symbols (ISO/IEC 18004:2015, clause 8). */
import type { CodePart, DecodedCode } from "../../../devices.ts";
import { textOf } from "./text.ts";

/** Puts parts together that are in view one after the other. */
export interface PartCollector {
  /** The codes of one frame, a complete message in place of its parts; a part that lacks others stays. */
  take(codes: readonly DecodedCode[], atMs: number): DecodedCode[];
}

/** A code that is a part. */
type Part = DecodedCode & { part: CodePart };

const isPart = (code: DecodedCode): code is Part => code.part !== undefined;

// Parts of one message have the same parity byte and the same number of parts.
const messageOf = ({ part }: Part): string => `${part.of}:${part.parity}`;

/** The codes, a complete message in place of its parts. */
export function joinParts(codes: readonly DecodedCode[]): DecodedCode[] {
  const messages = new Map<string, Part[]>();
  for (const code of codes) {
    if (!isPart(code)) continue;
    const key = messageOf(code);
    messages.set(key, [...(messages.get(key) ?? []), code]);
  }
  const joined = new Map([...messages].map(([key, parts]) => [key, join(parts)]));
  const put = new Set<string>();
  return codes.flatMap((code) => {
    if (!isPart(code)) return [code];
    const key = messageOf(code);
    const whole = joined.get(key);
    if (whole === undefined) return [code];
    if (put.has(key)) return [];
    put.add(key);
    return [whole];
  });
}

/** The whole message, where every part of it is there and they belong together. */
function join(parts: readonly Part[]): DecodedCode | undefined {
  const first = parts[0];
  if (first === undefined) return undefined;
  const inOrder: Part[] = [];
  for (let number = 1; number <= first.part.of; number++) {
    // Of two with the same number the later one is still in view.
    const part = parts.findLast((each) => each.part.number === number);
    if (part === undefined) return undefined;
    inOrder.push(part);
  }
  const bytes = Uint8Array.from(inOrder.flatMap((part) => [...part.bytes]));
  // Clause 8.3: all bytes of the message, combined by exclusive or.
  if (bytes.reduce((parity, byte) => parity ^ byte, 0) !== first.part.parity) return undefined;
  const { format, corners, decoder } = first;
  return {
    bytes,
    text: textOfParts(inOrder, bytes),
    format,
    corners,
    decoder,
    joinedFrom: parts.length,
  };
}

/** A character may be divided between two parts, so what declares nothing is read as a whole. */
function textOfParts(parts: readonly Part[], bytes: Uint8Array): string {
  const declaresNothing = parts.every((part) => part.text === textOf(part.bytes));
  return declaresNothing ? textOf(bytes) : parts.map(({ text }) => text).join("");
}

/**
 * @param windowMs how long a part waits for the others: one presentation, so that a message is never
 *   put together from what two visitors showed
 */
export function createPartCollector(windowMs: number): PartCollector {
  let kept: { part: Part; atMs: number }[] = [];
  return {
    take(codes, atMs) {
      const fresh = codes.filter(isPart);
      kept = kept.filter(
        ({ part, atMs: seenMs }) =>
          atMs - seenMs < windowMs && !fresh.some((code) => sameplace(code, part)),
      );
      if (fresh.length === 0) return [...codes];
      const earlier = kept.filter(({ part }) =>
        fresh.some((code) => messageOf(code) === messageOf(part)),
      );
      kept.push(...fresh.map((part) => ({ part, atMs })));
      const together = joinParts([...earlier.map(({ part }) => part), ...codes]);
      // What was in view before and still lacks others is not in view now.
      return together.filter((code) => !earlier.some(({ part }) => part === code));
    },
  };
}

const sameplace = (a: Part, b: Part): boolean =>
  messageOf(a) === messageOf(b) && a.part.number === b.part.number;
