/** The policy a scenario asks for: by name, from a file, whole, or another one with changes. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parse } from "yaml";
import type { Policy } from "../../src/core/policy.ts";
import { pharmacyPolicy } from "../policy.ts";

/** A policy that cannot be used, with the path to the fault inside it. */
export class PolicyProblem extends Error {
  override readonly name = "PolicyProblem";
  readonly path: readonly PropertyKey[];

  constructor(path: readonly PropertyKey[], message: string) {
    super(message);
    this.path = path;
  }
}

type Fields = Readonly<Record<string, unknown>>;

const NAMED: Readonly<Record<string, (startMs: number) => Policy>> = {
  "community-pharmacy": (startMs) => pharmacyPolicy(startMs - 3_600_000),
};

/** @param folder where policy files are looked for */
export async function policyOf(
  wanted: string | Fields,
  startMs: number,
  folder: string,
): Promise<Policy> {
  if (typeof wanted === "string") {
    const named = NAMED[wanted];
    if (named !== undefined) return named(startMs);
    const text = await readFile(resolve(folder, wanted), "utf8");
    return policyOf(fieldsOf(parse(text)), startMs, folder);
  }
  const { base, ...changes } = wanted;
  if (base === undefined) return changes as unknown as Policy;
  if (typeof base !== "string")
    throw new PolicyProblem(["base"], "is the name of a policy or file");
  const under = await policyOf(base, startMs, folder);
  return merged(under as unknown as Fields, changes) as unknown as Policy;
}

function fieldsOf(value: unknown): Fields {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) return value as Fields;
  throw new PolicyProblem([], "is not a policy: expected fields");
}

/** Members of members are changed one by one, lists are replaced whole. */
function merged(under: Fields, changes: Fields): Fields {
  const result: Record<string, unknown> = { ...under };
  for (const [key, change] of Object.entries(changes)) {
    const before = result[key];
    result[key] = isFields(before) && isFields(change) ? merged(before, change) : change;
  }
  return result;
}

const isFields = (value: unknown): value is Fields =>
  value !== null && typeof value === "object" && !Array.isArray(value);
