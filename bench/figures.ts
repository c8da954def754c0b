/** Figures as benchmarks print them: percentiles and plain tables. */

/** The value below which a part of the samples lies (nearest rank). */
export function percentile(samples: readonly number[], part: number): number {
  if (samples.length === 0) return Number.NaN;
  const sorted = samples.toSorted((a, b) => a - b);
  const rank = Math.min(sorted.length - 1, Math.max(0, Math.ceil(part * sorted.length) - 1));
  return sorted[rank] ?? Number.NaN;
}

/** p50, p95 and p99 in milliseconds, for a table's row. */
export function spread(samples: readonly number[]): string[] {
  return [0.5, 0.95, 0.99].map((part) => percentile(samples, part).toFixed(2));
}

/** Prints rows in columns wide enough for their longest cell; the first column is left-aligned. */
export function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  for (const row of [head, widths.map((width) => "-".repeat(width)), ...rows]) {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    console.log(cells.join("  "));
  }
}
