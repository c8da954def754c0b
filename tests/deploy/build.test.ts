/** The build of an installed unit: the same program without its types, every line where it was. */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { build, plain } from "../../deploy/build/unit.ts";
import { importsOf } from "../architecture/rules.ts";

describe("a module made plain", () => {
  it.each([
    ['import { a } from "./a.ts";', 'import { a } from "./a.js";'],
    ['import "../a/b-c.ts";', 'import "../a/b-c.js";'],
    ['const a = await import("./a.ts");', 'const a = await import("./a.js");'],
    [
      'new Worker(new URL("a.ts", import.meta.url));',
      'new Worker(new URL("a.js", import.meta.url));',
    ],
    ['export { a } from "./a.ts";', 'export { a } from "./a.js";'],
    ['say("see a.ts");', 'say("see a.ts");'],
    ['import a from "typescript.ts-like";', 'import a from "typescript.ts-like";'],
  ])("%s", (source, made) => {
    expect(plain(source)).toBe(made);
  });

  it("keeps every line and column", () => {
    expect(plain('type A = string;\nconst a: A = "a"; throw a;')).toBe(
      '                \nconst a    = "a"; throw a;',
    );
  });
});

describe("the built unit", () => {
  const folder = mkdtempSync(join(tmpdir(), "built-"));
  const target = join(folder, "unit");
  beforeAll(() => {
    build(folder);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const modules = (): string[] =>
    readdirSync(target, { recursive: true, encoding: "utf8" }).filter((path) =>
      path.endsWith(".js"),
    );

  // Found at run time where they are installed (src/cli/support/optional-parts.ts).
  const OPTIONAL = /\/(district\/cli|sim\/demo)\/verbs\.js$/;

  it("imports only modules that are there, and starts only those", () => {
    const missing: string[] = [];
    for (const path of modules()) {
      const text = readFileSync(join(target, path), "utf8");
      const started = [...text.matchAll(/new URL\("([^"]+\.[jt]s)", import\.meta\.url\)/g)];
      const named = [...importsOf(text), ...started.map(([, name]) => `./${name}`)];
      const needed = named.filter((each) => each.startsWith(".") && !OPTIONAL.test(each));
      for (const specifier of needed) {
        const to = resolve(target, dirname(path), specifier);
        if (!existsSync(to)) missing.push(`${path}: ${specifier}`);
      }
    }
    expect(missing).toEqual([]);
  });

  it("holds nothing of the district and no simulator", () => {
    const named = modules().filter((path) => /^(sim|src\/district)\//.test(path));
    expect(named).toEqual([]);
    expect(readdirSync(join(folder, "district/src/district"))).toContain("collector.js");
  });

  it("holds the command line, the guard, the decoders, the store's thread and the policies", () => {
    const needed = [
      "src/cli/main.js",
      "hal/linux/guard/guard-process.js",
      "hal/linux/lock-line.js",
      "hal/drivers/code-reader/engine/decoder-process.js",
      "src/store/worker/worker-thread.js",
      "src/config/policies/pharmacy.yaml",
    ];
    expect(needed.filter((path) => !existsSync(join(target, path)))).toEqual([]);
  });
});
