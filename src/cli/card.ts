/** `sentinel card`: decodes a resident card's bytes, or names the field that is damaged. */
import { text as textOf } from "node:stream/consumers";
import { Command } from "commander";
import type { CalendarDay, CardContent, Unknown } from "../../hal/devices.ts";
import {
  CardContentError,
  parseTextBlock,
  TEXT_BYTES,
} from "../../hal/drivers/card-reader/sdt/card-content.ts";
import {
  FrameParser,
  PREAMBLE,
  type FrameOutcome,
} from "../../hal/drivers/card-reader/sdt/frame.ts";
import { textOfPayload } from "../../hal/drivers/card-reader/sdt/payload.ts";
import { describeStatus, readerStatus } from "../../hal/drivers/card-reader/sdt/status.ts";
import { printLine } from "./support/output.ts";
import { UsageError } from "./support/usage.ts";

/** Why there is no card in the input. Never quotes a card's content. */
export interface CardFault {
  kind: string;
  field?: string;
  detail: string;
}

type Result = { ok: true; content: CardContent } | { ok: false; error: CardFault };

/** Where the command reads from and prints to. */
export interface CardCommandIo {
  stdin: () => Promise<string>;
  print: (line: string) => void;
}

const REAL_IO: CardCommandIo = {
  stdin: () => textOf(process.stdin),
  print: printLine,
};

/** The command, to be added to the program. */
export function cardCommand(io: CardCommandIo = REAL_IO): Command {
  return new Command("card")
    .description("decode a resident card's text block or a reader's answer")
    .argument("<hex...>", "bytes in hexadecimal digits, in any grouping; - reads standard input")
    .option("--json", "print one line of JSON")
    .addHelpText("after", HELP)
    .action(async (words: string[], options: { json?: boolean }) => {
      process.exitCode = await runCard(words, options, io);
    });
}

const HELP = `
Takes the 256-byte text block, the payload of a read (lengths, text, photo), or a whole
answer of the reader (AA AA AA 96 69 …), also with what came before and after it.

Exit status: 0 a card, 1 no card, with the reason, 2 wrong usage.

Examples:
  sentinel card AAAAAA9669000400008084
  xxd -p answer.bin | sentinel card - --json`;

/** Parses and prints. @returns the exit status */
export async function runCard(
  words: readonly string[],
  options: { json?: boolean },
  io: CardCommandIo,
): Promise<number> {
  if (words.length > 1 && words.includes("-")) {
    throw new UsageError("give either bytes or - for standard input, not both");
  }
  const given = words.length === 1 && words[0] === "-" ? await io.stdin() : words.join(" ");
  const result = readCard(given);
  for (const line of options.json === true ? [asJson(result)] : asText(result)) io.print(line);
  return result.ok ? 0 : 1;
}

function readCard(given: string): Result {
  const bytes = bytesOf(given);
  if (!(bytes instanceof Uint8Array)) return { ok: false, error: bytes };
  try {
    const text = textBlockOf(bytes);
    if (!(text instanceof Uint8Array)) return { ok: false, error: text };
    return { ok: true, content: parseTextBlock(text) };
  } catch (error) {
    if (!(error instanceof CardContentError)) throw error;
    const { kind, field, detail } = error;
    return { ok: false, error: { kind, field, detail } };
  }
}

/** Between bytes or groups of them: spaces, line ends, commas, colons, quotes, and `0x` or `\x` before each. */
const BETWEEN = /(?:[\s,;:"'_[\](){}-]|0x|\\x)+/i;

function bytesOf(given: string): Uint8Array | CardFault {
  const groups = given.split(BETWEEN).filter((group) => group !== "");
  if (groups.length === 0) {
    return { kind: "no-input", detail: "there are no bytes in the input" };
  }
  const foreign = /[^0-9a-f]/i.exec(groups.join(""));
  if (foreign !== null) {
    return { kind: "not-hex", detail: `character ${foreign.index + 1} is no hexadecimal digit` };
  }
  if (isDecimal(groups)) {
    return { kind: "not-hex", detail: "these are decimal numbers: write them in hexadecimal" };
  }
  const isByBytes = areBytesApart(groups);
  const digits = groups.map((each) => (isByBytes ? each.padStart(2, "0") : each)).join("");
  if (digits.length % 2 !== 0) {
    return { kind: "not-hex", detail: `${digits.length} digits: half a byte is missing` };
  }
  return Uint8Array.from(Buffer.from(digits, "hex"));
}

const isDecimal = (groups: readonly string[]): boolean =>
  groups.length > 1 &&
  groups.some(({ length }) => length === 3) &&
  groups.every((each) => /^\d{1,3}$/.test(each));

// Programs print bytes without their leading zero: where most groups are bytes, one digit is one too. A
// dump that was broken elsewhere has groups of other odd lengths, and its halves belong together.
function areBytesApart(groups: readonly string[]): boolean {
  const bytes = groups.filter(({ length }) => length <= 2).length;
  const isWhole = groups.every(({ length }) => length === 1 || length % 2 === 0);
  return groups.length > 1 && bytes * 2 > groups.length && isWhole;
}

function textBlockOf(bytes: Uint8Array): Uint8Array | CardFault {
  // A text block has no room for a frame, and a frame is never as short as one.
  if (bytes.length === TEXT_BYTES) return bytes;
  if (indexOfPreamble(bytes) >= 0) return textOfAnswers(new FrameParser().push(bytes));
  const bare = withPreamble(bytes);
  if (bare !== undefined) return textOfAnswers([bare]);
  if (bytes.length > TEXT_BYTES && bytes[0] === 1 && bytes[1] === 0) return textOfPayload(bytes);
  return {
    kind: "wrong-length",
    field: "block",
    detail: `${bytes.length} bytes are neither a text block of ${TEXT_BYTES}, nor a payload, nor an answer`,
  };
}

function indexOfPreamble(bytes: Uint8Array): number {
  return bytes.findIndex((_byte, at) =>
    PREAMBLE.every((each, index) => bytes[at + index] === each),
  );
}

// An answer whose preamble was cut off: its checksum still shows that it is one.
function withPreamble(bytes: Uint8Array): FrameOutcome | undefined {
  const [outcome] = new FrameParser().push(Uint8Array.of(...PREAMBLE, ...bytes));
  return outcome?.kind === "frame" ? outcome : undefined;
}

// Of several answers, as a recording of find, select and read holds them, the card counts.
function textOfAnswers(outcomes: readonly FrameOutcome[]): Uint8Array | CardFault {
  const frames = outcomes.flatMap((outcome) => (outcome.kind === "frame" ? [outcome.frame] : []));
  const read = frames.find(
    ({ sw3, data }) => readerStatus(sw3) === "ok" && data.length > TEXT_BYTES,
  );
  if (read !== undefined) return textOfPayload(read.data);
  const last = frames.at(-1);
  if (last !== undefined) {
    const status = readerStatus(last.sw3);
    if (status === "ok" || status === "card-found") {
      return {
        kind: "no-card-content",
        detail: "an answer of the reader without a card's content",
      };
    }
    const code = last.sw3.toString(16).toUpperCase().padStart(2, "0");
    return { kind: status, detail: `the reader says ${code}: ${describeStatus(status)}` };
  }
  const fault = outcomes.find((outcome) => outcome.kind === "fault");
  return (fault?.kind === "fault" ? FAULTS[fault.fault] : undefined) ?? FAULTS.truncated;
}

const FAULTS: Readonly<Record<string, CardFault>> & { truncated: CardFault } = {
  checksum: { kind: "checksum", detail: "the answer's checksum is wrong" },
  length: { kind: "length", detail: "the answer's length field cannot be an answer's" },
  "reader-timeout": { kind: "reader-timeout", detail: "the reader says that it gave up" },
  truncated: { kind: "truncated", detail: "the answer ends before its length says" },
};

function asJson(result: Result): string {
  if (!result.ok) return JSON.stringify(result);
  return JSON.stringify({ ok: true, ...written(result.content) });
}

/** The content with its days as ISO 8601 dates; a card valid for ever has no `validTo`. */
function written(content: CardContent): Record<string, string> {
  const { birth, validFrom, validTo } = content;
  return {
    type: layoutOf(content),
    ...textsOf(content),
    birth: isoDay(birth),
    validFrom: isoDay(validFrom),
    ...(validTo === undefined ? {} : { validTo: isoDay(validTo) }),
  };
}

/** The names of the four layouts, as this command has always printed them. */
function layoutOf(content: CardContent): string {
  switch (content.document) {
    case "resident-id":
      return "citizen";
    case "residence-permit":
      return "hong-kong-macau-taiwan-permit";
    case "foreign-permanent-resident":
      return `foreigner-${content.design}`;
  }
}

/** Every field that is a text as it stands. */
function textsOf({ document: _document, ...content }: CardContent): Record<string, string> {
  return Object.fromEntries(
    Object.entries(content).filter((field): field is [string, string] => isText(field[1])),
  );
}

const isText = (value: unknown): value is string => typeof value === "string";

function isoDay(day: CalendarDay | Unknown): string {
  if (day === "unknown") return day;
  const { year, month, day: ofMonth } = day;
  return [
    `${year}`.padStart(4, "0"),
    `${month}`.padStart(2, "0"),
    `${ofMonth}`.padStart(2, "0"),
  ].join("-");
}

const LABELS: readonly (readonly [string, string])[] = [
  ["type", "card"],
  ["name", "name 姓名"],
  ["latinName", "latin name"],
  ["sex", "sex 性别"],
  ["nation", "nation 民族"],
  ["country", "country 国籍"],
  ["birth", "born 出生"],
  ["address", "address 住址"],
  ["number", "number 号码"],
  ["formerNumber", "former number"],
  ["travelPermitNumber", "travel permit"],
  ["issuer", "issuer 签发机关"],
  ["validFrom", "valid from"],
  ["validTo", "valid to"],
];

function asText(result: Result): string[] {
  if (!result.ok) {
    const { kind, field, detail } = result.error;
    return [`no card: ${field === undefined ? "" : `${field}: `}${detail} (${kind})`];
  }
  const fields = { validTo: "for ever 长期", ...written(result.content) } as Record<string, string>;
  return LABELS.flatMap(([key, label]) => {
    const value = fields[key];
    return value === undefined ? [] : [`${label}: ${value === "" ? "unknown" : value}`];
  });
}
