/** Which sequence numbers are there: sorted ranges that grow together. */

export type Range = readonly [from: number, to: number];

/** A set of whole numbers, kept as few ranges: a unit without gaps is one. */
export class RangeSet {
  #ranges: [number, number][];

  constructor(ranges: readonly Range[] = []) {
    this.#ranges = ranges.map(([from, to]) => [from, to]);
  }

  has(number: number): boolean {
    const range = this.#ranges[this.#lastStartingAt(number)];
    return range !== undefined && number <= range[1];
  }

  add(number: number): void {
    const index = this.#lastStartingAt(number);
    const before = this.#ranges[index];
    if (before !== undefined && number <= before[1]) return;
    const after = this.#ranges[index + 1];
    const joinsBefore = before !== undefined && before[1] === number - 1;
    const joinsAfter = after !== undefined && after[0] === number + 1;
    if (joinsBefore && joinsAfter) {
      before[1] = after[1];
      this.#ranges.splice(index + 1, 1);
    } else if (joinsBefore) before[1] = number;
    else if (joinsAfter) after[0] = number;
    else this.#ranges.splice(index + 1, 0, [number, number]);
  }

  ranges(): readonly Range[] {
    return this.#ranges;
  }

  /** Last number of the unbroken run that begins at 1; 0 when 1 is absent. */
  through(): number {
    const first = this.#ranges[0];
    return first !== undefined && first[0] === 1 ? first[1] : 0;
  }

  /** What is absent below the highest number. */
  gaps(): Range[] {
    return this.missing(1, this.#ranges.at(-1)?.[1] ?? 0);
  }

  /** What is absent from one number through another. */
  missing(first: number, last: number): Range[] {
    const absent: Range[] = [];
    let next = first;
    for (const [from, to] of this.#ranges.slice(Math.max(0, this.#lastStartingAt(first)))) {
      if (next > last) break;
      if (from > next) absent.push([next, Math.min(from - 1, last)]);
      next = Math.max(next, to + 1);
    }
    if (next <= last) absent.push([next, last]);
    return absent;
  }

  /** Index of the last range that starts at or before a number; -1 when there is none. */
  #lastStartingAt(number: number): number {
    let low = 0;
    let high = this.#ranges.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle]?.[0] ?? Infinity) <= number) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
