/** What every far end's database must do, whatever it is built on: a second implementation runs the same suite. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RecordBody } from "../../../src/core/record.ts";
import type { RecordArchive, Stream } from "../../../src/district/record-archive.ts";
import type { ReceivedRecord } from "../../../src/district/received-record.ts";
import { link } from "../../../src/protocol/record-chain.ts";
import { recordsIn } from "../../support/archive.ts";
import { START_MS } from "../../support/records.ts";

/** One archive for a test, which can be closed and opened again. */
export interface ArchiveBed {
  open(): Promise<RecordArchive>;
  dispose(): Promise<void>;
}

interface Numbered {
  unit?: string;
  epoch?: string;
  holder?: string;
  text?: string;
}

/** A record as it arrives. */
export function received(seq: number, options: Numbered = {}): ReceivedRecord {
  const { unit = "door-1", epoch = "e1", holder, text = "" } = options;
  const at = { monotonicMs: seq, wallMs: START_MS + seq, wallTrusted: true };
  const body: RecordBody = { type: "policy-changed", policyId: text, version: seq };
  const { canonical, hash } = link({ unit, epoch, seq, prev: "x", at, body });
  const record = { unit, epoch, seq, hash, prev: "x", type: body.type, atMs: at.wallMs, canonical };
  return holder === undefined ? record : { ...record, holder };
}

const streamOf = (streams: readonly Stream[], epoch = "e1"): Stream | undefined =>
  streams.find((stream) => stream.epoch === epoch);

export function describeRecordArchive(name: string, prepare: () => Promise<ArchiveBed>): void {
  describe(`the record archive on ${name}`, () => {
    let bed: ArchiveBed;
    let archive: RecordArchive;
    const store = (...records: ReceivedRecord[]): ReturnType<RecordArchive["store"]> =>
      archive.store({ records, receivedMs: START_MS });

    beforeEach(async () => {
      bed = await prepare();
      archive = await bed.open();
    });
    afterEach(async () => {
      await archive.close();
      await bed.dispose();
    });

    it("answers a batch with what is committed, and with what is missing", async () => {
      const result = await store(received(1), received(2), received(5));
      expect(result).toMatchObject({ stored: 3, duplicates: 0, conflicts: 0 });
      expect(result.touched).toEqual([
        {
          unit: "door-1",
          epoch: "e1",
          through: 2,
          ranges: [
            [1, 2],
            [5, 5],
          ],
          gaps: [[3, 4]],
        },
      ]);
    });

    it("keeps what it committed when it is opened again", async () => {
      await store(received(1), received(3));
      await archive.close();
      archive = await bed.open();
      expect(streamOf(await archive.streams())?.ranges).toEqual([
        [1, 1],
        [3, 3],
      ]);
      expect(await store(received(1))).toMatchObject({ stored: 0, duplicates: 1 });
      expect(await archive.count()).toBe(2);
    });

    it("counts a duplicate and names its stream, so that it is acknowledged again", async () => {
      await store(received(1));
      const result = await store(received(1));
      expect(result).toMatchObject({ stored: 0, duplicates: 1, conflicts: 0 });
      expect(result.touched).toMatchObject([{ unit: "door-1", through: 1 }]);
    });

    it("keeps a number that comes again with another content apart", async () => {
      await store(received(1));
      const other = received(1, { text: "other" });
      expect(await store(other)).toMatchObject({ stored: 0, duplicates: 0, conflicts: 1 });
      expect(await archive.conflicts()).toEqual([
        { unit: "door-1", epoch: "e1", seq: 1, hash: other.hash },
      ]);
      const [kept] = await recordsIn(archive, "door-1", "e1");
      expect(kept?.hash).toBe(received(1).hash);
    });

    it("counts from 1 again in each generation of a unit's database", async () => {
      await store(received(1), received(2));
      await store(received(1, { epoch: "e2" }));
      const streams = await archive.streams();
      expect(streamOf(streams, "e1")?.through).toBe(2);
      expect(streamOf(streams, "e2")?.through).toBe(1);
    });

    it("stores nothing of a batch that it refuses", async () => {
      const broken = { ...received(2), atMs: Number.NaN };
      await expect(store(received(1), broken)).rejects.toThrow();
      expect(await archive.count()).toBe(0);
      expect(await store(received(1), received(2))).toMatchObject({ stored: 2, duplicates: 0 });
    });

    it("gives snapshots: what is committed later does not show in them", async () => {
      const { touched } = await store(received(1));
      await store(received(2));
      expect(touched[0]?.ranges).toEqual([[1, 1]]);
    });

    it("reads a stream in the unit's order, however it arrived", async () => {
      await store(received(3), received(1));
      await store(received(2));
      const records = await recordsIn(archive, "door-1", "e1");
      expect(records.map(({ seq }) => seq)).toEqual([1, 2, 3]);
      expect(records.every(({ canonical }) => canonical.startsWith('{"at":'))).toBe(true);
    });

    it("forgets a holder in every record, and leaves the records", async () => {
      await store(received(1, { holder: "p-wang" }), received(2, { holder: "p-li" }));
      expect(await archive.forget("p-wang")).toBe(1);
      expect(await archive.forget("p-wang")).toBe(0);
      const records = await recordsIn(archive, "door-1", "e1");
      expect(records.map(({ holder }) => holder)).toEqual([null, "p-li"]);
    });

    it("takes the presence of units with the records of their batch", async () => {
      const presences = [{ unit: "door-1", state: "{}" }];
      const result = await archive.store({ records: [], presences, receivedMs: START_MS });
      expect(result).toEqual({ stored: 0, duplicates: 0, conflicts: 0, touched: [] });
    });
  });
}
