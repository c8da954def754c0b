/** Reads a scenario file: YAML, checked against the format, with every name it uses resolved. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Policy } from "../../src/core/policy/policy.ts";
import type { IssuerKey } from "../../src/credential/formats/health-pass/issuer-key.ts";
import { readRevocationFile } from "../../src/credential/trust/revocation-files.ts";
import { readTrustFile } from "../../src/credential/trust/trust-files.ts";
import type { Picture } from "../camera/picture.ts";
import { givenKey } from "./keys.ts";
import { readPicture } from "./picture.ts";
import { policyOf, PolicyProblem } from "./policies.ts";
import { problemsOf, type Problem } from "../../src/config/problems.ts";
import { notYaml, parseYamlText } from "../../src/config/yaml-text.ts";
import { ADVICE, scenarioError } from "./problems.ts";
import { scenario as scenarioSchema, type Scenario, type VisitorFields } from "./schema.ts";
import { momentMs } from "./values.ts";
import { errorText } from "../../src/base/errors.ts";

/** A scenario ready to be run: nothing has to be read from a file any more. */
export interface LoadedScenario {
  fields: Scenario;
  startMs: number;
  policy: Policy;
  /** Policies of the timeline, by position. */
  policyChanges: ReadonlyMap<number, Policy>;
  pictures: ReadonlyMap<string, Picture>;
  /** Issuer keys that were given, by issuer. */
  keys: ReadonlyMap<string, IssuerKey>;
  /** Trust and revocation files of other authorities, by name. */
  trust: ReadonlyMap<string, Uint8Array>;
  revocationLists: ReadonlyMap<string, Uint8Array>;
  /** Date of those files, epoch ms. */
  trustAsOfMs: number;
}

/** Reads and checks a file. Throws a `ScenarioError` that names file, path and line of each fault. */
export async function loadScenario(file: string): Promise<LoadedScenario> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw scenarioError(file, [{ path: [], message: `cannot be read: ${errorText(error)}` }]);
  }
  return parseScenario(text, file);
}

/** The same from a text; `file` names it in errors and is where other files are looked for. */
export async function parseScenario(text: string, file: string): Promise<LoadedScenario> {
  const { document, lines, problems } = withoutStackFault(file, () => parseYamlText(text));
  const fail = (found: readonly Problem[]): never => {
    throw scenarioError(file, found, document, lines);
  };
  if (problems.length > 0) fail(problems);
  let value: unknown;
  try {
    // Aliases are fine; a bomb of them is not.
    value = document.toJS({ maxAliasCount: 1_000 });
  } catch (error) {
    fail([notYaml(error)]);
  }
  return checkFields(value, file, fail);
}

/** Endless nesting exhausts the stack, in the parser or in the schema. */
function withoutStackFault<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw scenarioError(file, [notYaml("it is nested too deeply")]);
  }
}

/** A scenario made by a program instead of a file; `name` stands in errors. */
export async function loadFields(input: unknown, name: string): Promise<LoadedScenario> {
  const fail = (problems: readonly Problem[]): never => {
    throw scenarioError(name, problems);
  };
  return checkFields(input, name, fail);
}

async function checkFields(
  value: unknown,
  file: string,
  fail: (problems: readonly Problem[]) => never,
): Promise<LoadedScenario> {
  const checked = withoutStackFault(file, () =>
    scenarioSchema.safeParse(value, { reportInput: true }),
  );
  if (!checked.success) {
    return fail(problemsOf(checked.error.issues, ADVICE, { schema: scenarioSchema, value }));
  }
  const fields = checked.data;
  const unknown = unresolved(fields);
  if (unknown.length > 0) fail(unknown);
  return resolveFiles(fields, file, fail);
}

async function resolveFiles(
  fields: Scenario,
  file: string,
  fail: (problems: readonly Problem[]) => never,
): Promise<LoadedScenario> {
  const folder = dirname(file);
  const startMs = momentMs(fields.startsAt, 0);
  const attempt = async <T>(path: Problem["path"], work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof PolicyProblem)) return fail([{ path, message: errorText(error) }]);
      return fail(
        error.problems.map((problem) => ({ ...problem, path: [...path, ...problem.path] })),
      );
    }
  };
  const pictures = new Map<string, Picture>();
  for (const [path, image] of imagesOf(fields)) {
    if (pictures.has(image)) continue;
    pictures.set(image, await attempt(path, () => readPicture(resolve(folder, image))));
  }
  const keys = new Map<string, IssuerKey>();
  for (const [name, issuer] of Object.entries(fields.issuers)) {
    if (issuer.key === undefined) continue;
    const given = await attempt(["issuers", name, "key"], () =>
      givenKey(name, issuer, startMs, folder),
    );
    keys.set(name, given);
  }
  const trustAsOfMs = momentMs(fields.trustListAsOf, startMs);
  const trust = new Map<string, Uint8Array>();
  for (const [index, name] of fields.trust.entries()) {
    const bytes = await attempt(["trust", index], () => readFile(resolve(folder, name)));
    await attempt(["trust", index], async () => readTrustFile(bytes, trustAsOfMs));
    trust.set(name, bytes);
  }
  const revocationLists = new Map<string, Uint8Array>();
  for (const [index, name] of fields.revocationLists.entries()) {
    const bytes = await attempt(["revocationLists", index], () => readFile(resolve(folder, name)));
    await attempt(["revocationLists", index], async () => readRevocationFile(bytes, trustAsOfMs));
    revocationLists.set(name, bytes);
  }
  const policy = await attempt(["policy"], () => policyOf(fields.policy, startMs, folder));
  const policyChanges = new Map<number, Policy>();
  for (const [index, happening] of fields.timeline.entries()) {
    const wanted = happening.policy;
    if (wanted === undefined) continue;
    const path = ["timeline", index, "policy"];
    policyChanges.set(index, await attempt(path, () => policyOf(wanted, startMs, folder)));
  }
  const files = { trust, revocationLists, trustAsOfMs };
  return { fields, startMs, policy, policyChanges, pictures, keys, ...files };
}

const showingsOf = (visitor: VisitorFields) =>
  Array.isArray(visitor.shows) ? visitor.shows : [visitor.shows];

function* imagesOf(fields: Scenario): Generator<[Problem["path"], string]> {
  for (const [index, visitor] of fields.visitors.entries()) {
    for (const [position, { image }] of showingsOf(visitor).entries()) {
      if (image === undefined) continue;
      const among = Array.isArray(visitor.shows) ? [position] : [];
      yield [["visitors", index, "shows", ...among, "image"], image];
    }
  }
}

/** Names that nothing answers to. */
function unresolved(fields: Scenario): Problem[] {
  const problems: Problem[] = [];
  const issuers = new Set(["district", ...Object.keys(fields.issuers)]);
  const checkIssuer = (issuer: string, path: Problem["path"]): void => {
    if (issuers.has(issuer)) return;
    problems.push({ path, message: `there is no issuer "${issuer}" in issuers` });
  };
  for (const [name, pass] of Object.entries(fields.passes)) {
    checkIssuer(pass.issuer, ["passes", name, "issuer"]);
  }
  const ids = new Map<string, number>();
  for (const [index, visitor] of fields.visitors.entries()) {
    if (visitor.id !== undefined) {
      const before = ids.get(visitor.id);
      ids.set(visitor.id, index);
      if (before !== undefined) {
        const message = `visitors[${before}] already has the id "${visitor.id}"`;
        problems.push({ path: ["visitors", index, "id"], message });
      }
    }
    for (const [position, { pass }] of showingsOf(visitor).entries()) {
      const among = Array.isArray(visitor.shows) ? [position] : [];
      const path = ["visitors", index, "shows", ...among, "pass"];
      if (typeof pass === "object") checkIssuer(pass.issuer, [...path, "issuer"]);
      if (typeof pass !== "string" || Object.hasOwn(fields.passes, pass)) continue;
      problems.push({ path, message: `there is no pass "${pass}" in passes` });
    }
  }
  problems.push(...unknownSerials(fields));
  return problems;
}

function unknownSerials(fields: Scenario): Problem[] {
  const lists: [Problem["path"], readonly string[]][] = [[["revoked"], fields.revoked]];
  for (const [index, { revoke = [], supersede = [] }] of fields.timeline.entries()) {
    lists.push([["timeline", index, "revoke"], revoke]);
    lists.push([["timeline", index, "supersede"], supersede]);
  }
  return lists.flatMap(([path, names]) =>
    names.flatMap((name, position): Problem[] => {
      if (Object.hasOwn(fields.passes, name) || /^[0-9a-f]{16}$/.test(name)) return [];
      const message = `"${name}" is neither a name in passes nor a serial of 16 hexadecimal digits`;
      return [{ path: [...path, position], message }];
    }),
  );
}
