/** The public test data beside the project: where it is, and its shape as far as it is used. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** Where the corpora are, or undefined where nobody put them. */
export function corporaFolder(): string | undefined {
  const folder = resolve(process.env["SENTINEL_CORPORA"] ?? "../shared/corpora");
  return existsSync(join(folder, "credentials")) ? folder : undefined;
}

/** One credential with what its publisher expects of it. */
export interface Vector {
  id: string;
  /** The code's text, or a card's parts. */
  raw?: string | string[] | null;
  jws?: string | null;
  certificate_b64?: string | null;
  clock?: string;
  expected?: Readonly<Record<string, boolean | undefined>>;
  expected_overall: string;
  fail_reasons?: readonly string[];
  keys?: unknown;
}

/** A folder's manifest. */
export interface Manifest {
  vectors: Vector[];
  jwks?: unknown;
  crl?: unknown;
  csca_b64?: string;
}

export function readManifest(folder: string, kind: string): Manifest {
  return readJson(join(folder, "credentials", kind, "manifest.json")) as Manifest;
}

/** One published test of one business rule. */
export interface RuleTest {
  id: string;
  rule: unknown;
  payload: unknown;
  external: Readonly<Record<string, unknown>>;
  expected: boolean;
}

/** Every test of every rule, in order of rule and test. */
export function readRuleTests(folder: string): RuleTest[] {
  const root = join(folder, "rules");
  const files = readdirSync(root, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith("rule.json"))
    .sort()
    .flatMap((file) => {
      const place = file.slice(0, -"/rule.json".length);
      const rule = readJson(join(root, file));
      return readdirSync(join(root, place, "tests"))
        .sort()
        .map((name) => {
          const test = readJson(join(root, place, "tests", name)) as Omit<RuleTest, "id" | "rule">;
          return { ...test, id: `${place}/${name.replace(".json", "")}`, rule };
        });
    });
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}
