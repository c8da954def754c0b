/** Framing: what a serial line may do to answers, and how the parser gets back in step. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checksum,
  FrameParser,
  REQUESTS,
  requestFrame,
  type FrameOutcome,
} from "../../../../../hal/drivers/card-reader/sdt/frame.ts";

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
const OK = hex("AAAAAA9669000400009094");
const NO_CARD = hex("AAAAAA9669000400008084");
const FOUND = hex("AAAAAA9669000800009F0000000097");

const statuses = (outcomes: readonly FrameOutcome[]): (number | string)[] =>
  outcomes.map((outcome) => (outcome.kind === "frame" ? outcome.frame.sw3 : outcome.fault));
const pushAll = (parser: FrameParser, ...chunks: Uint8Array[]): (number | string)[] =>
  chunks.flatMap((chunk) => statuses(parser.push(chunk)));

test.each([
  ["reset", requestFrame(0x10, 0xff), "AAAAAA9669000310FFEC"],
  ["SAM status", REQUESTS.samStatus, "AAAAAA9669000311FFED"],
  ["SAM id", REQUESTS.samId, "AAAAAA9669000312FFEE"],
  ["find", REQUESTS.find, "AAAAAA96690003200122"],
  ["select", REQUESTS.select, "AAAAAA96690003200221"],
  ["read base", REQUESTS.readBase, "AAAAAA96690003300132"],
  ["read with fingerprint", requestFrame(0x30, 0x10), "AAAAAA96690003301023"],
  ["set 9600 baud", requestFrame(0x60, 0x04), "AAAAAA96690003600467"],
  ["max RF frame", requestFrame(0x61, 0xff, [0x50]), "AAAAAA9669000461FF50CA"],
])("the request for %s is the published one", (_name, frame, published) => {
  expect(Buffer.from(frame).toString("hex").toUpperCase()).toBe(published);
});

describe("the parser", () => {
  test("takes an answer apart", () => {
    const [outcome] = new FrameParser().push(FOUND);
    expect(outcome).toEqual({
      kind: "frame",
      frame: { sw1: 0, sw2: 0, sw3: 0x9f, data: hex("00000000") },
    });
  });

  test("finds two frames in one chunk", () => {
    const both = Uint8Array.of(...OK, ...NO_CARD);
    expect(pushAll(new FrameParser(), both)).toEqual([0x90, 0x80]);
  });

  test("joins a frame that is split at any place", () => {
    for (let at = 1; at < FOUND.length; at++) {
      const parser = new FrameParser();
      expect(pushAll(parser, FOUND.slice(0, at))).toEqual([]);
      expect(pushAll(parser, FOUND.slice(at))).toEqual([0x9f]);
    }
  });

  test.each([
    ["zeros", "000000"],
    ["half a preamble", "AAAAAA96"],
    ["a preamble with one AA too many", "AA"],
    ["nearly a preamble", "AAAA9669"],
    ["text", "68656C6C6F"],
  ])("skips garbage before the start: %s", (_what, garbage) => {
    expect(pushAll(new FrameParser(), hex(garbage), OK)).toEqual([0x90]);
  });

  test("reports a wrong checksum and reads what follows", () => {
    const wrong = OK.slice();
    wrong[wrong.length - 1] = 0x00;
    expect(pushAll(new FrameParser(), wrong, NO_CARD)).toEqual(["checksum", 0x80]);
  });

  test("a truncated frame costs itself, not the one after it", () => {
    const parser = new FrameParser();
    expect(pushAll(parser, FOUND.slice(0, 11))).toEqual([]);
    expect(pushAll(parser, OK)).toEqual(["checksum", 0x90]);
  });

  test.each([
    ["a request's echo", "AAAAAA9669000311FFED"],
    ["longer than any answer", "AAAAAA9669FFFF"],
  ])("reports a length no answer has: %s", (_what, frame) => {
    expect(pushAll(new FrameParser(), hex(frame), OK)).toEqual(["length", 0x90]);
  });

  test("takes the longest answer there is, and none longer", () => {
    const longest = new Uint8Array(5 + 2 + 0x090a);
    longest.set(hex("AAAAAA9669090A000090"));
    longest[longest.length - 1] = checksum(longest.subarray(5));
    expect(pushAll(new FrameParser(), longest)).toEqual([0x90]);
    expect(pushAll(new FrameParser(), hex("AAAAAA9669090B"))).toEqual(["length"]);
  });

  test("knows the malformed frame by which some modules give up", () => {
    expect(pushAll(new FrameParser(), hex("AAAAAA96690005050505"), OK)).toEqual([
      "reader-timeout",
      0x90,
    ]);
  });

  test("says whether a frame is under way, and forgets it when told to", () => {
    const parser = new FrameParser();
    parser.push(FOUND.slice(0, 6));
    expect(parser.midFrame).toBe(false);
    parser.push(FOUND.slice(6, 9));
    expect(parser.midFrame).toBe(true);
    parser.reset();
    expect(parser.midFrame).toBe(false);
    expect(pushAll(parser, OK)).toEqual([0x90]);
  });

  test("silence is no outcome", () => {
    expect(new FrameParser().push(new Uint8Array(0))).toEqual([]);
  });

  test("survives any bytes in any chunks, and never makes a frame that was not sent", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (chunks) => {
        const parser = new FrameParser();
        for (const chunk of chunks) {
          for (const outcome of parser.push(chunk)) {
            if (outcome.kind === "frame") throw new Error("random bytes made a frame");
          }
        }
      }),
    );
  });

  test("finds whole frames between any damaged ones", () => {
    // A header cut after its mark takes its length from what follows; an XOR cannot tell all of those.
    const garbage = fc
      .uint8Array({ maxLength: 12 })
      .map((bytes) => bytes.map((byte) => byte & 0x5e));
    const cut = fc.constantFrom(1, 2, 3, 4, 7, 8, 9, 11, 14).map((at) => FOUND.slice(0, at));
    const piece = fc.oneof(fc.constant(OK), fc.constant(FOUND), garbage, cut);
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 10 }),
        fc.integer({ min: 1, max: 50 }),
        (pieces, size) => {
          const stream = Uint8Array.from([...pieces.flatMap((each) => [...each]), ...NO_CARD]);
          const parser = new FrameParser();
          const seen: (number | string)[] = [];
          for (let at = 0; at < stream.length; at += size) {
            seen.push(...statuses(parser.push(stream.slice(at, at + size))));
          }
          expect(seen).toContain(0x80);
        },
      ),
    );
  });
});
