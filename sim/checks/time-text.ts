/** How a check names a moment of a run. */

export const timeText = (atMs: number): string => `${(atMs / 1_000).toFixed(3)} s`;
