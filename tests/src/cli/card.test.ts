/** `sentinel card`: forgiving about how bytes are written, strict about what they say. */
import { Command } from "commander";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cardCommand, runCard } from "../../../src/cli/card.ts";
import { encodeCard } from "../../../sim/chips/sam-v-card.ts";
import {
  citizenCard,
  foreigner2017Card,
  foreigner2023Card,
  permitCard,
} from "../../hal/drivers/card-reader/sdt/cards.ts";

const hex = (bytes: Uint8Array | number[]): string => Buffer.from(bytes).toString("hex");

function frameOf(data: readonly number[], sw3 = 0x90): Uint8Array {
  const length = data.length + 4;
  const body = [length >> 8, length & 0xff, 0, 0, sw3, ...data];
  const sum = body.reduce((total, byte) => total ^ byte, 0);
  return Uint8Array.of(0xaa, 0xaa, 0xaa, 0x96, 0x69, ...body, sum);
}

const PAYLOAD = [1, 0, 4, 0, ...encodeCard(citizenCard), ...Array(1024).fill(0x5a)] as number[];
const PAYLOAD_WITH_FINGERPRINT = [
  1,
  0,
  4,
  0,
  2,
  0,
  ...encodeCard(citizenCard),
  ...Array<number>(1536).fill(0x5a),
];

async function run(
  words: string[],
  stdin = "",
): Promise<{ status: number; out: Record<string, unknown> }> {
  const lines: string[] = [];
  const status = await runCard(
    words,
    { json: true },
    {
      stdin: async () => stdin,
      print: (line) => lines.push(line),
    },
  );
  expect(lines).toHaveLength(1);
  return { status, out: JSON.parse(lines.join("")) as Record<string, unknown> };
}

const CARD = {
  ok: true,
  type: "citizen",
  name: "王小明",
  sex: "female",
  nation: "汉",
  birth: "1949-12-31",
  address: "北京市朝阳区样本路1号",
  number: "11010519491231002X",
  issuer: "北京市公安局朝阳分局",
  validFrom: "2015-01-01",
};

describe("a card is found in", () => {
  test.each([
    ["a text block", hex(encodeCard(citizenCard))],
    ["a payload", hex(PAYLOAD)],
    ["a payload with fingerprint", hex(PAYLOAD_WITH_FINGERPRINT)],
    ["an answer", hex(frameOf(PAYLOAD))],
    ["an answer with fingerprint", hex(frameOf(PAYLOAD_WITH_FINGERPRINT))],
    ["an answer without its preamble", hex(frameOf(PAYLOAD).slice(5))],
    ["an answer behind garbage", `00ff${hex(frameOf(PAYLOAD))}`],
    [
      "a recording of find, select and read",
      `AAAAAA9669000800009F0000000097AAAAAA9669000C00009000000000000000009C${hex(frameOf(PAYLOAD))}`,
    ],
    ["capital digits", hex(encodeCard(citizenCard)).toUpperCase()],
    [
      "bytes with spaces and lines",
      hex(encodeCard(citizenCard))
        .replace(/(.{32})/g, "$1\n")
        .replace(/(..)/g, "$1 "),
    ],
    [
      "bytes with 0x and commas",
      [...encodeCard(citizenCard)]
        .map((byte) => `0x${byte.toString(16).padStart(2, "0")}`)
        .join(", "),
    ],
  ])("%s", async (_what, text) => {
    expect(await run([text])).toEqual({ status: 0, out: CARD });
  });

  test.each([
    ["words", (bytes: string[]) => bytes],
    ["one text", (bytes: string[]) => [bytes.join(" ")]],
    ["0x before each", (bytes: string[]) => bytes.map((each) => `0x${each}`)],
    ["commas", (bytes: string[]) => [bytes.join(",")]],
    ["an array of a program", (bytes: string[]) => [`{ 0x${bytes.join(", 0x")} }`]],
    ["colons and line ends", (bytes: string[]) => [bytes.join(":").replace(/(:..){16}/g, "$&\n")]],
  ])("bytes without their leading zero: %s", async (_what, written) => {
    const short = [...encodeCard(citizenCard)].map((byte) => byte.toString(16));
    expect(short).toContain("0");
    expect(await run(written(short))).toEqual({ status: 0, out: CARD });
    const empty = "AA AA AA 96 69 0 4 0 0 80 84".split(" ");
    expect((await run(written(empty))).out).toMatchObject({ error: { kind: "no-card" } });
    expect((await run(["AAAAAA96", ...written(empty.slice(4))])).out).toMatchObject({
      error: { kind: "no-card" },
    });
  });

  test("digits that a dump broke in the middle of a byte", async () => {
    const broken = hex(encodeCard(citizenCard)).replace(/.{61}/g, "$&\n");
    expect((await run([broken])).out).toEqual(CARD);
  });

  test("words, as a shell splits them", async () => {
    const words = hex(encodeCard(citizenCard)).match(/../g) ?? [];
    expect((await run(words)).out).toEqual(CARD);
  });

  test("standard input", async () => {
    expect((await run(["-"], `${hex(frameOf(PAYLOAD))}\n`)).out).toEqual(CARD);
  });

  test.each([
    [
      permitCard,
      {
        type: "hong-kong-macau-taiwan-permit",
        travelPermitNumber: "H01234567",
        validTo: "2026-03-01",
      },
    ],
    [
      foreigner2023Card,
      { type: "foreigner-2023", latinName: "ZHENGJIAN, YANGBEN", country: "CAN" },
    ],
    [foreigner2017Card, { type: "foreigner-2017", number: "PAK310080010103", issuer: "1500" }],
  ] as const)("every type of card", async (card, expected) => {
    const { status, out } = await run([hex(encodeCard(card))]);
    expect(status).toBe(0);
    expect(out).toMatchObject(expected);
  });
});

describe("no card is found in", () => {
  test.each([
    ["nothing", "", { kind: "no-input" }],
    ["words", "hello", { kind: "not-hex" }],
    ["half a byte", "AAA", { kind: "not-hex" }],
    ["half a byte at the end", "AAAAAA9669000400 8", { kind: "not-hex" }],
    ["decimal numbers", "170 170 170 150 105 0 4 0 0 128 132", { kind: "not-hex" }],
    ["a few bytes", "010203", { kind: "wrong-length", field: "block" }],
    ["the answer of an empty reader", "AAAAAA9669000400008084", { kind: "no-card" }],
    ["a failed read", "AAAAAA9669000400004145", { kind: "read-failed" }],
    ["the answer to a status", "AAAAAA9669000400009094", { kind: "no-card-content" }],
    ["a found card", "AAAAAA9669000800009F0000000097", { kind: "no-card-content" }],
    ["a status nobody published", hex(frameOf([], 0xee)), { kind: "unknown" }],
    ["an answer cut short", hex(frameOf(PAYLOAD)).slice(0, 400), { kind: "truncated" }],
    ["a wrong checksum", `${hex(frameOf(PAYLOAD)).slice(0, -2)}00`, { kind: "checksum" }],
    ["a vendor's time-out", "AAAAAA96690005050505", { kind: "reader-timeout" }],
    [
      "an appended address",
      hex(frameOf(Array<number>(70).fill(0x20))),
      { kind: "no-card-content" },
    ],
    [
      "a block with a wrong number",
      hex(encodeCard({ ...citizenCard, number: "110105194912310021" })),
      { kind: "check-failed", field: "number" },
    ],
    ["zeros", "00".repeat(256), { kind: "missing", field: "number" }],
  ])("%s", async (_what, text, error) => {
    const { status, out } = await run([text]);
    expect(status).toBe(1);
    expect(out).toMatchObject({ ok: false, error });
    expect(Object.keys(out)).toEqual(["ok", "error"]);
    expect((out["error"] as { detail: string }).detail).not.toBe("");
  });

  test("any text, without a crash", async () => {
    const digits = fc.string({
      unit: fc.constantFrom(...Array.from("0123456789abcdefABCDEF -")),
      maxLength: 3_000,
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), digits), async (text) => {
        expect((await run([`x${text}`.slice(1)], text)).status).toBe(1);
      }),
    );
  });
});

test("for people, a line a field", async () => {
  const lines: string[] = [];
  const io = { stdin: async () => "", print: (line: string) => lines.push(line) };
  expect(await runCard([hex(encodeCard(citizenCard))], {}, io)).toBe(0);
  expect(lines.join("\n")).toContain("number 号码: 11010519491231002X");
  expect(lines.join("\n")).toContain("valid to: for ever 长期");
  lines.length = 0;
  expect(await runCard(["AAAAAA9669000400008084"], {}, io)).toBe(1);
  expect(lines).toEqual(["no card: the reader says 80: no card lies on the reader (no-card)"]);
});

test("as a command it needs bytes", async () => {
  const program = new Command("sentinel").addCommand(cardCommand());
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ writeErr: () => {} });
  }
  await expect(program.parseAsync(["card"], { from: "user" })).rejects.toMatchObject({
    code: "commander.missingArgument",
  });
  await expect(program.parseAsync(["card", "-", "aa"], { from: "user" })).rejects.toMatchObject({
    name: "UsageError",
  });
});
