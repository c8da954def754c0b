/** The door map as one drawing: a row for each condition, a column for each length of code. */
import { LENGTHS, READERS, SWEEPS } from "./door-map.ts";
import type { Cell, ReaderName } from "./door-map.ts";

const WIDTH = 250;
const HEIGHT = 96;
const GAP_X = 34;
const GAP_Y = 54;
const LEFT = 150;
const TOP = 58;

// Told apart by shade and by dashes, so that print and colour-blind eyes can.
const NAMES: Record<ReaderName, string> = {
  stream: "this engine, ten frames",
  engine: "this engine, one frame",
  zxing: "zxing alone",
  zbar: "zbar alone",
};
const STYLES: Record<ReaderName, string> = {
  stream: 'stroke="#0b7a4b" stroke-opacity="0.35" stroke-width="5"',
  engine: 'stroke="#0b7a4b" stroke-width="2.6"',
  zxing: 'stroke="#2f6fb0" stroke-width="1.6" stroke-dasharray="6 3"',
  zbar: 'stroke="#b5542c" stroke-width="1.6" stroke-dasharray="2 3"',
};

/** An SVG document; every line is the share of frames read, from 0 at the bottom to 1 at the top. */
export function drawMap(cells: readonly Cell[]): string {
  const width = LEFT + LENGTHS.length * (WIDTH + GAP_X);
  const height = TOP + SWEEPS.length * (HEIGHT + GAP_Y);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#222">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...legend(),
  ];
  SWEEPS.forEach((sweep, row) => {
    const top = TOP + row * (HEIGHT + GAP_Y);
    parts.push(
      `<text x="8" y="${top + HEIGHT / 2 - 4}" font-weight="bold">${sweep.name}</text>`,
      `<text x="8" y="${top + HEIGHT / 2 + 12}" fill="#666">${sweep.unit}</text>`,
    );
    LENGTHS.forEach((length, column) => {
      const left = LEFT + column * (WIDTH + GAP_X);
      const line = cells.filter((cell) => cell.sweep === sweep && cell.length === length);
      parts.push(...panel(left, top, line));
    });
  });
  return `${parts.join("\n")}\n</svg>\n`;
}

function legend(): string[] {
  const columns = LENGTHS.map(
    (length, column) =>
      `<text x="${LEFT + column * (WIDTH + GAP_X)}" y="${TOP - 14}" font-weight="bold">${length} characters</text>`,
  );
  const names = READERS.map((reader, index) => {
    const x = LEFT + index * 205;
    return `<path d="M${x} 18h34" ${STYLES[reader]} fill="none"/><text x="${x + 42}" y="22">${NAMES[reader]}</text>`;
  });
  return [...names, ...columns];
}

function panel(left: number, top: number, cells: readonly Cell[]): string[] {
  const x = (index: number): number => left + (index * WIDTH) / Math.max(1, cells.length - 1);
  const y = (share: number): number => top + HEIGHT * (1 - share);
  const frame = `<rect x="${left}" y="${top}" width="${WIDTH}" height="${HEIGHT}" fill="none" stroke="#ccc"/>`;
  const ticks = cells.map(
    ({ value }, index) =>
      `<text x="${x(index).toFixed(0)}" y="${top + HEIGHT + 15}" text-anchor="middle" fill="#666" font-size="10">${value}</text>`,
  );
  const lines = READERS.toReversed().map((reader) => {
    const points = cells.map(
      ({ share }, index) => `${x(index).toFixed(1)},${y(share[reader]).toFixed(1)}`,
    );
    return `<polyline points="${points.join(" ")}" fill="none" ${STYLES[reader]}/>`;
  });
  return [frame, ...ticks, ...lines];
}
