/** The policy a scenario asks for: by name, from a file, whole, or another one with changes. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  parsePolicy,
  policyDocument,
  PRESET_POLICIES,
  presetPolicy,
} from "../../src/config/policy.ts";
import { problemsOf, type Problem } from "../../src/config/problems.ts";
import type { Policy } from "../../src/core/policy/policy.ts";
import { pharmacyPolicy } from "../actors/policy.ts";

/** A policy that cannot be used, with the paths to the faults inside it. */
export class PolicyProblem extends Error {
  override readonly name = "PolicyProblem";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map((problem) => problem.message).join("; "));
    this.problems = problems;
  }
}

type Fields = Readonly<Record<string, unknown>>;

// A policy that is known by a name was issued an hour before the run begins.
const NAMED: ReadonlyMap<string, (issuedAtMs: number) => Policy> = new Map([
  ["community-pharmacy", pharmacyPolicy],
  ...PRESET_POLICIES.map((name): [string, (issuedAtMs: number) => Policy] => [
    name,
    (issuedAtMs) => ({ ...presetPolicy(name), issuedAtMs }),
  ]),
]);

/**
 * @param wanted a name, a file, a whole policy, or `base` with what is to be changed: sections
 *   member by member, lists whole, and single rules by their id under `ruleChanges`
 * @param folder where policy files are looked for
 */
export async function policyOf(
  wanted: string | Fields,
  startMs: number,
  folder: string,
): Promise<Policy> {
  if (typeof wanted === "string") {
    const named = NAMED.get(wanted);
    if (named !== undefined) return named(startMs - 3_600_000);
    return parsePolicy(await readFile(resolve(folder, wanted), "utf8"), wanted);
  }
  const { base, ruleChanges, ...changes } = wanted;
  if (base === undefined) return checked(wanted);
  if (typeof base !== "string") {
    throw new PolicyProblem([
      { path: ["base"], message: "is the name of a policy or of its file" },
    ]);
  }
  const under = await policyOf(base, startMs, folder);
  const policy = merged({ ...under }, changes);
  return checked({ ...policy, rules: changedRules(policy["rules"], ruleChanges) });
}

function checked(fields: Fields): Policy {
  const parsed = policyDocument.safeParse(fields, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new PolicyProblem(
    problemsOf(parsed.error.issues, "docs/operators/configuration.md", {
      schema: policyDocument,
      value: fields,
    }),
  );
}

/** Members of sections are changed one by one, lists are replaced whole. */
function merged(under: Fields, changes: Fields): Fields {
  const result: Record<string, unknown> = { ...under };
  for (const [key, change] of Object.entries(changes)) {
    const before = result[key];
    result[key] = isFields(before) && isFields(change) ? merged(before, change) : change;
  }
  return result;
}

/** Rules by id: with fields to change, or `null` for a rule that is not to apply. */
function changedRules(rules: unknown, changes: unknown): unknown {
  if (changes === undefined) return rules;
  if (!isFields(changes) || !Array.isArray(rules)) {
    throw new PolicyProblem([{ path: ["ruleChanges"], message: "gives changes by rule id" }]);
  }
  const known = new Set(rules.map((rule) => (isFields(rule) ? rule["id"] : undefined)));
  const unknown = Object.keys(changes).find((id) => !known.has(id));
  if (unknown !== undefined) {
    throw new PolicyProblem([
      { path: ["ruleChanges", unknown], message: `there is no rule "${unknown}" in the base` },
    ]);
  }
  return rules.flatMap((rule: unknown): unknown[] => {
    if (!isFields(rule)) return [rule];
    const change = changes[String(rule["id"])];
    if (change === null) return [];
    return isFields(change) ? [{ ...rule, ...change }] : [rule];
  });
}

const isFields = (value: unknown): value is Fields =>
  value !== null && typeof value === "object" && !Array.isArray(value);
