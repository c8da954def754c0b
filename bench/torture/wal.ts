/** SQLite's write-ahead log as bytes, to tear it where it hurts (sqlite.org/fileformat2.html §4). */

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/** Where the frames of the log's present generation are. */
export interface LogFrames {
  pageBytes: number;
  /** Offset of each frame; older generations behind them are not counted. */
  offsets: number[];
  /** Indexes of the frames that end a transaction. */
  commits: number[];
}

export function framesOf(log: Buffer): LogFrames {
  const pageBytes = log.readUInt32BE(8);
  const salts = log.subarray(16, 24);
  const offsets: number[] = [];
  const commits: number[] = [];
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  for (let at = HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    if (!log.subarray(at + 8, at + 16).equals(salts)) break;
    // The database's size in pages stands in the last frame of a transaction only.
    if (log.readUInt32BE(at + 4) !== 0) commits.push(offsets.length);
    offsets.push(at);
  }
  return { pageBytes, offsets, commits };
}
