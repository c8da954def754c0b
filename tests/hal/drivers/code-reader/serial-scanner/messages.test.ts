import { describe, expect, it } from "vitest";
import {
  LONGEST_MESSAGE,
  MessageParser,
} from "../../../../../hal/drivers/code-reader/serial-scanner/messages.ts";
import type {
  MessageOutcome,
  Terminator,
} from "../../../../../hal/drivers/code-reader/serial-scanner/messages.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A parser of a line that was silent already. */
function parser(terminator: Terminator): MessageParser {
  const made = new MessageParser(terminator);
  made.silence();
  return made;
}

const texts = (outcomes: readonly MessageOutcome[]): string[] =>
  outcomes.map((outcome) =>
    outcome.kind === "message" ? new TextDecoder().decode(outcome.bytes) : `(${outcome.why})`,
  );

describe("messages of a code scanner", () => {
  it.each<[Terminator, string]>([
    ["line", "\r"],
    ["line", "\n"],
    ["line", "\r\n"],
    ["cr", "\r"],
    ["lf", "\n"],
    ["crlf", "\r\n"],
    ["tab", "\t"],
  ])("end with %s (%j), and each is found where two arrive in one chunk", (terminator, end) => {
    expect(texts(parser(terminator).push(bytes(`HC1:A${end}HC1:B${end}`), 0))).toEqual([
      "HC1:A",
      "HC1:B",
    ]);
  });

  it("are found wherever a chunk ends, at every byte", () => {
    const stream = bytes("HC1:A\r\nHC1:B\r\n");
    for (let cut = 0; cut <= stream.length; cut++) {
      const made = parser("crlf");
      const outcomes = [...made.push(stream.slice(0, cut), 0), ...made.push(stream.slice(cut), 1)];
      expect(texts(outcomes)).toEqual(["HC1:A", "HC1:B"]);
    }
  });

  it("keep a CR, an LF and a tab that are not their terminator", () => {
    expect(texts(parser("crlf").push(bytes("a\rb\nc\td\r\n"), 0))).toEqual(["a\rb\nc\td"]);
    expect(texts(parser("tab").push(bytes("a\r\nb\t"), 0))).toEqual(["a\r\nb"]);
    expect(texts(parser("cr").push(bytes("a\nb\r"), 0))).toEqual(["a\nb"]);
  });

  it("end with silence where nothing else ends them", () => {
    const made = parser("silence");
    expect(made.push(bytes("HC1:"), 0)).toEqual([]);
    expect(made.push(bytes("A\r\n"), 5)).toEqual([]);
    expect(texts(made.silence())).toEqual(["HC1:A\r\n"]);
    expect(made.silence()).toEqual([]);
  });

  it("are dated by their first byte", () => {
    const made = parser("line");
    made.push(bytes("a"), 10);
    expect(made.push(bytes("b\nc"), 20)).toMatchObject([{ firstByteAtMs: 10 }]);
    expect(made.push(bytes("\n"), 30)).toMatchObject([{ firstByteAtMs: 20 }]);
  });

  it("are not read out of a tail without its terminator", () => {
    const made = parser("line");
    made.push(bytes("HC1:TRUNC"), 0);
    expect(texts(made.silence())).toEqual(["(unfinished)"]);
    expect(texts(made.push(bytes("HC1:A\n"), 0))).toEqual(["HC1:A"]);
  });

  it("are not those that were under way before the line was opened", () => {
    const made = new MessageParser("line");
    expect(made.push(bytes("an hour ago\nand cut of"), 0)).toEqual([]);
    expect(texts(made.silence())).toEqual(["(stale)"]);
    expect(texts(made.push(bytes("HC1:A\n"), 0))).toEqual(["HC1:A"]);
  });

  it("are found behind the next terminator on a line that is never silent", () => {
    const made = new MessageParser("line");
    made.push(bytes("half of a mess"), 0);
    made.expectTerminator();
    expect(texts(made.push(bytes("age\nHC1:A\n"), 0))).toEqual(["HC1:A"]);
  });

  it("may be empty, which is no message", () => {
    expect(parser("line").push(bytes("\r\n\r\n\n"), 0)).toEqual([]);
    expect(parser("crlf").push(bytes("\r\n\r\n"), 0)).toEqual([]);
  });

  it.each<[number, string[]]>([
    [LONGEST_MESSAGE, ["x".repeat(LONGEST_MESSAGE), "HC1:A"]],
    [LONGEST_MESSAGE + 1, ["(overlong)", "HC1:A"]],
  ])("of %i bytes are bounded by what a code can hold", (length, expected) => {
    for (const [terminator, end] of [
      ["line", "\n"],
      ["crlf", "\r\n"],
    ] as const) {
      const stream = bytes(`${"x".repeat(length)}${end}HC1:A${end}`);
      expect(texts(parser(terminator).push(stream, 0))).toEqual(expected);
    }
  });

  it("without an end are let go of once, and what follows the silence counts", () => {
    const made = parser("silence");
    const flood = new Uint8Array(1_000_000).fill(0x41);
    expect(texts(made.push(flood, 0))).toEqual(["(overlong)"]);
    expect(made.silence()).toEqual([]);
    made.push(bytes("HC1:A"), 0);
    expect(texts(made.silence())).toEqual(["HC1:A"]);
  });

  it("may hold any byte but their terminator", () => {
    const all = Uint8Array.from({ length: 256 }, (_, byte) => byte).filter(
      (byte) => byte !== 0x0a && byte !== 0x0d,
    );
    expect(parser("line").push(Uint8Array.of(...all, 0x0a), 0)).toMatchObject([
      { kind: "message", bytes: all },
    ]);
  });
});
