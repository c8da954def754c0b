/** Where a board's GPIO lines start in the kernel's own numbering, which changes with model and kernel. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { BusError } from "../bus/errors.ts";
import { toBusError } from "./errno.ts";

export const SYSFS_GPIO = "/sys/class/gpio";

/** Pin controllers of the 40-pin header: Raspberry Pi 5, 4, and 3 or older. */
export const HEADER_LABELS: readonly string[] = [
  "pinctrl-rp1",
  "pinctrl-bcm2711",
  "pinctrl-bcm2835",
];

export interface GpioChip {
  label: string;
  /** What is added to a line's number on the board to get the kernel's. */
  base: number;
  lines: number;
}

/**
 * Finds the header's chip under `root` by its label, never by its number.
 * @throws BusError `absent` naming the labels that are there
 */
export async function findGpioChip(
  root: string = SYSFS_GPIO,
  labels: readonly string[] = HEADER_LABELS,
): Promise<GpioChip> {
  const context = { bus: "gpio", during: `looking for the header's chip in ${root}` };
  const chips: GpioChip[] = [];
  try {
    for (const entry of await readdir(root)) {
      if (entry.startsWith("gpiochip")) chips.push(await readChip(join(root, entry)));
    }
  } catch (error) {
    throw toBusError(error, context);
  }
  for (const label of labels) {
    const chip = chips.find((candidate) => candidate.label === label);
    if (chip !== undefined) return chip;
  }
  const seen = chips.map((chip) => chip.label).join(", ");
  throw new BusError("absent", {
    ...context,
    detail: `looked for ${labels.join(" or ")}, found ${seen === "" ? "no chip" : seen}`,
  });
}

/** The kernel's number of a line. @throws BusError `absent` for a line the chip does not have */
export function kernelLine(chip: GpioChip, line: number): number {
  if (Number.isInteger(line) && line >= 0 && line < chip.lines) return chip.base + line;
  throw new BusError("absent", {
    bus: "gpio",
    during: `looking for line ${line}`,
    detail: `${chip.label} has lines 0 to ${chip.lines - 1}`,
  });
}

async function readChip(folder: string): Promise<GpioChip> {
  const read = async (file: string): Promise<string> =>
    (await readFile(join(folder, file), "utf8")).trim();
  return {
    label: await read("label"),
    base: Number(await read("base")),
    lines: Number(await read("ngpio")),
  };
}
