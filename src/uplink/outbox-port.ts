/** What the uplink needs from the outbox; the store implements it without knowing the uplink. */
import type { OutboxRow } from "../protocol/cloud-event.ts";

export interface OutboxPort {
  readonly epoch: string;
  pending(): number;
  /** Last committed sequence number. */
  head(): number;
  /** Waiting records from a sequence number on, oldest first. */
  read(fromSeq: number, limit: number): Promise<OutboxRow[]>;
  markDelivered(ranges: readonly (readonly [from: number, to: number])[]): Promise<number>;
  /** Records that were delivered once are to go again. @returns how many wait because of it */
  requeue(ranges: readonly (readonly [from: number, to: number])[]): Promise<number>;
  onCommitted(listener: (head: number) => void): void;
}

/** Sorted numbers as ranges with both ends included. */
export function rangesOf(numbers: Iterable<number>): [from: number, to: number][] {
  const ranges: [number, number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && number <= last[1] + 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges;
}
