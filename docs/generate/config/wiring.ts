/** The table of docs/installers/wiring.md, made from what each driver says of its wiring. */
import type { WiringRow } from "../../../hal/driver.ts";
import { DRIVERS } from "../../../hal/registry.ts";

export const WIRING_PAGE = "docs/installers/wiring.md";

/** Pins of the 40-pin header by BCM number (Raspberry Pi documentation, "GPIO and the 40-pin header"). */
const HEADER_PINS: ReadonlyMap<number, number> = new Map([
  [0, 27],
  [1, 28],
  [2, 3],
  [3, 5],
  [4, 7],
  [5, 29],
  [6, 31],
  [7, 26],
  [8, 24],
  [9, 21],
  [10, 19],
  [11, 23],
  [12, 32],
  [13, 33],
  [14, 8],
  [15, 10],
  [16, 36],
  [17, 11],
  [18, 12],
  [19, 35],
  [20, 38],
  [21, 40],
  [22, 15],
  [23, 16],
  [24, 18],
  [25, 22],
  [26, 37],
  [27, 13],
]);

const HEAD = ["what", "connects to", "header pin", "BCM", "notes"];
const NONE = "–";

/** Every cell of the table, the head first. */
export function wiringTable(): string[][] {
  const rows = Object.values(DRIVERS).flatMap((drivers) =>
    drivers.flatMap(({ wiring }) => wiring.map(cellsOf)),
  );
  return [HEAD, ...rows];
}

function cellsOf({ what, connectsTo, lines = [], notes = "" }: WiringRow): string[] {
  const pins = lines.map((line) => HEADER_PINS.get(line) ?? "?");
  return [what, connectsTo, pins.join(", ") || NONE, lines.join(", ") || NONE, notes];
}

const TABLE = /^\| what .*\n(?:\|.*\n)+/m;

/** The cells of the page's table. */
export function tableIn(page: string): string[][] {
  const lines = (TABLE.exec(page)?.[0] ?? "").trimEnd().split("\n");
  return lines
    .filter((_line, index) => index !== 1)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** The page with its table as the drivers have it. */
export function withWiringTable(page: string): string {
  const [head = [], ...rows] = wiringTable();
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |\n`);
  return page.replace(TABLE, () => lines.join(""));
}
