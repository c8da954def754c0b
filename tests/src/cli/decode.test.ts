/** `sentinel decode` as a program: one line a file, and the labelled pictures where they are. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PNG } from "pngjs";
import { afterAll, describe, expect, test } from "vitest";
import { completed } from "../../../bench/labels.ts";
import { renderScene } from "../../../sim/camera/render.ts";
import { GOOD_CONDITIONS } from "../../../sim/camera/picture.ts";
import { createRandom } from "../../../sim/kernel/random.ts";

const PROGRAM = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "decode-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Line {
  file: string;
  cpuMs: number;
  codes: { text: string; bytes: string; format: string; corners: unknown[]; decoder: string }[];
  error?: string;
}

async function decode(files: readonly string[]): Promise<{ status: number; lines: Line[] }> {
  const run = promisify(execFile);
  const args = [PROGRAM, "decode", "--json", ...files];
  const options = { maxBuffer: 64 * 1024 * 1024, cwd: folder };
  const parse = (output: string): Line[] =>
    output
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
  try {
    const { stdout } = await run(process.execPath, args, options);
    return { status: 0, lines: parse(stdout) };
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string };
    return { status: code, lines: parse(stdout) };
  }
}

/** A code on a phone as a PNG file, under any name. */
function save(name: string, text: string | null): string {
  const scene = text === null ? null : { text, medium: "phone" as const };
  const picture = renderScene(scene, GOOD_CONDITIONS, createRandom(1), { width: 480, height: 360 });
  const png = new PNG({ width: picture.width, height: picture.height });
  picture.luminance.forEach((level, index) => png.data.set([level, level, level, 255], index * 4));
  writeFileSync(join(folder, name), PNG.sync.write(png));
  return name;
}

describe("sentinel decode", () => {
  test("gives one line a file, in order, with the file as given", async () => {
    const files = [save("one.png", "FIRST"), save("none.gif", null), save("två.jpg", "健康")];
    const { status, lines } = await decode(files);
    expect(status).toBe(0);
    expect(lines.map(({ file }) => file)).toEqual(files);
    expect(lines.map(({ codes }) => codes.map(({ text }) => text))).toEqual([
      ["FIRST"],
      [],
      ["健康"],
    ]);
    const [code] = lines[2]?.codes ?? [];
    expect(Buffer.from(code?.bytes ?? "", "base64").toString()).toBe("健康");
    expect(code?.format).toBe("qr");
    expect(code?.corners).toHaveLength(4);
    expect(lines[0]?.cpuMs).toBeGreaterThan(0);
  });

  test("says which file could not be read, reads the others, and exits with 1", async () => {
    writeFileSync(join(folder, "text.png"), "not a picture");
    const { status, lines } = await decode(["text.png", save("good.png", "GOOD"), "missing.png"]);
    expect(status).toBe(1);
    expect(lines[0]?.error).toContain("not a PNG, JPEG, WebP or GIF");
    expect(lines[1]?.codes[0]?.text).toBe("GOOD");
    expect(lines[2]?.error).toContain("missing.png");
  });
});

const corpus = resolve(process.env["SENTINEL_CORPORA"] ?? "../shared/corpora", "codes");
const there = existsSync(join(corpus, "manifest.json"));

describe("the labelled pictures", () => {
  test.skipIf(!there && process.env["CI"] === undefined)(
    "are read as far as all decoders together, nothing where nothing is, no wrong text",
    { timeout: 180_000 },
    async () => {
      const manifest = JSON.parse(readFileSync(join(corpus, "manifest.json"), "utf8")) as {
        file: string;
        expected: string[] | null;
      }[];
      const { status, lines } = await decode(manifest.map(({ file }) => join(corpus, file)));
      expect(status).toBe(0);
      const judged = manifest.flatMap(({ file, expected }, index) =>
        expected === null
          ? []
          : [
              {
                file,
                expected: completed(file, expected),
                texts: lines[index]?.codes.map(({ text }) => text) ?? [],
              },
            ],
      );
      const wrong = judged.filter(({ expected, texts }) =>
        texts.some((text) => !expected.includes(text)),
      );
      expect(wrong.map(({ file }) => file)).toEqual([]);
      const holding = judged.filter(({ expected }) => expected.length > 0);
      const read = holding.filter(
        ({ expected, texts }) => texts.length > 0 && texts.every((text) => expected.includes(text)),
      );
      expect(read.length / holding.length).toBeGreaterThanOrEqual(0.975);
    },
  );
});
