/** The directory of people as a data set: JSON lines in the order of pseudonyms, with deltas. */
import { MIB, oldestOf, readSource, type DataSetFormat } from "../format.ts";
import { readDirectory } from "./entry.ts";
import { directoryDelta, directorySet } from "./lines.ts";

export const directoryFormat: DataSetFormat = {
  kind: "directory",
  limits: { bytes: 128 * MIB, files: 1 },
  takesFolders: false,
  compose(sources, { nowMs }) {
    const rows = sources.flatMap(({ name, bytes }) =>
      readSource(name, () => readDirectory(bytes.toString("utf8"))),
    );
    const set = readSource("directory", () => directorySet(rows));
    const dates = sources.map(({ modifiedMs }) => modifiedMs);
    return { files: [set], asOfMs: oldestOf(dates, nowMs), what: `${rows.length} people` };
  },
  delta: directoryDelta,
};
