import { describe, expect, it } from "vitest";
import { readRecordEvent } from "../../../src/district/received-record.ts";
import { genesisHash, link, type Link } from "../../../src/protocol/record-chain.ts";
import { recordEvent } from "../../../src/protocol/cloud-event.ts";
import { draft } from "../../support/records.ts";

const UNIT = "door-1";
const EPOCH = "00ff";
const SENDER = { district: "pudong", unitId: UNIT };

function linkOf(number: number): Link {
  const { at, body } = draft(number);
  return link({
    unit: UNIT,
    epoch: EPOCH,
    seq: number,
    prev: genesisHash(UNIT, EPOCH),
    at,
    body,
  });
}

const row = linkOf(1);
const sent = recordEvent(SENDER, row);
const sentWithHolder = recordEvent(SENDER, { ...row, holderPseudonym: 'h"},older' });
const read = (text: string, unit = UNIT): ReturnType<typeof readRecordEvent> =>
  readRecordEvent(Buffer.from(text), unit);

/** The same JSON in another form: members turned around and spaces between them. */
function reshaped(text: string): string {
  const turn = (value: unknown): unknown =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(
          Object.entries(value)
            .toReversed()
            .map(([name, member]) => [name, turn(member)]),
        )
      : value;
  return JSON.stringify(turn(JSON.parse(text)), undefined, 2);
}

describe("an event at the far end", () => {
  it.each([
    ["as the unit sends it", sent, undefined],
    ["with a pseudonym", sentWithHolder, 'h"},older'],
    ["put into another form on its way", reshaped(sent), undefined],
    ["with a pseudonym and in another form", reshaped(sentWithHolder), 'h"},older'],
  ])("is read %s", (_what, text, holder) => {
    const { canonical, hash } = row;
    const { at, body } = draft(1);
    expect({ holder: undefined, ...read(text) }).toMatchObject({
      unit: UNIT,
      epoch: EPOCH,
      seq: 1,
      canonical,
      hash,
      holder,
      type: body.type,
      atMs: at.wallMs,
    });
  });

  it("is read with a member of the envelope that is called like the record", () => {
    const text = sent.replace('"specversion"', '"record":{"seq":7},"specversion"');
    expect(read(text)).toMatchObject({ seq: 1, canonical: row.canonical });
  });

  it.each([
    ["a changed number", sent.replace('"seq":1', '"seq":2')],
    ["a space in the hashed text", sent.replace('"seq":1', '"seq": 2')],
    ["the hash of another record", sent.replace(row.hash, linkOf(2).hash)],
    ["a record whose last member counts twice", sent.replace('"seq":1', '"seq":1,"seq":2')],
  ])("is refused with %s", (_what, text) => {
    expect(text).not.toBe(sent);
    expect(read(text)).toEqual({ fault: "hash-mismatch" });
  });

  it.each([
    ["nothing", ""],
    ["no JSON", '"record":}}'],
    ["half of it", sent.slice(0, sent.length / 2)],
    ["a tail", `${sent}}}`],
    ["no record", '{"specversion":"1.0","data":{"record":null}}'],
    ["no hash", sent.replace('"hash"', '"hush"')],
    ["another version of CloudEvents", sent.replace('"1.0"', '"0.3"')],
    ["a number of no record", sent.replace('"seq":1', '"seq":0')],
  ])("is malformed with %s", (_what, text) => {
    expect(read(text)).toEqual({ fault: "malformed" });
  });

  it("is refused on another unit's topic", () => {
    expect(read(sent, "door-2")).toEqual({ fault: "wrong-unit" });
  });
});
