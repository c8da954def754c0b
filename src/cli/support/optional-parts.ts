/** Parts that an installation may lack: their verbs are found at run time, where their files lie. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import type { CollectorTools } from "./collector-tools.ts";
import { UsageError } from "./usage.ts";

/** Verbs by name; each loads what it needs. */
export type Verbs = Readonly<Record<string, () => Promise<Command>>>;

/** What the module of a part exports. */
export interface PartModule {
  verbs: Verbs;
  /** Only the district's: its half of the verbs that work on both kinds of database. */
  loadCollectorTools?: () => Promise<CollectorTools>;
}

interface OptionalPart {
  name: string;
  /** Known by name even where the part is absent, so that the error can say what is missing. */
  verbs: readonly string[];
  module: URL;
}

const DISTRICT: OptionalPart = {
  name: "the district",
  verbs: ["collect", "command", "publish"],
  module: new URL("../../district/cli/verbs.ts", import.meta.url),
};

const SIMULATOR: OptionalPart = {
  name: "the simulator",
  verbs: ["sim"],
  module: new URL("../../../sim/demo/verbs.ts", import.meta.url),
};

const PARTS: readonly OptionalPart[] = [SIMULATOR, DISTRICT];

const isInstalled = ({ module }: OptionalPart): boolean => existsSync(fileURLToPath(module));

/** The verbs of every part that is installed. */
export function optionalVerbs(): Verbs {
  const entries = PARTS.filter(isInstalled).flatMap((part) =>
    part.verbs.map((verb) => [verb, () => loadVerb(part, verb)] as const),
  );
  return Object.fromEntries(entries);
}

/** @throws UsageError when the verb belongs to a part that this installation does not hold */
export function refuseAbsentVerb(verb: string): void {
  const part = PARTS.find(({ verbs }) => verbs.includes(verb));
  if (part !== undefined && !isInstalled(part)) throw absent(part, `sentinel ${verb}`);
}

/** The district's half of shared verbs; undefined where the district is not installed. */
export async function findCollectorTools(): Promise<CollectorTools | undefined> {
  if (!isInstalled(DISTRICT)) return undefined;
  return await (await loadPart(DISTRICT)).loadCollectorTools?.();
}

/**
 * The district's half of shared verbs.
 * @param what needs it, for the error
 * @throws UsageError where the district is not installed
 */
export async function requireCollectorTools(what: string): Promise<CollectorTools> {
  const tools = await findCollectorTools();
  if (tools === undefined) throw absent(DISTRICT, what);
  return tools;
}

async function loadVerb(part: OptionalPart, verb: string): Promise<Command> {
  const load = (await loadPart(part)).verbs[verb];
  if (load === undefined) throw new Error(`${part.module.pathname} has no verb ${verb}`);
  return await load();
}

async function loadPart({ module }: OptionalPart): Promise<PartModule> {
  const loaded: unknown = await import(module.href);
  if (!isPartModule(loaded)) throw new Error(`${module.pathname} exports no verbs`);
  return loaded;
}

function isPartModule(value: unknown): value is PartModule {
  return (
    typeof value === "object" &&
    value !== null &&
    "verbs" in value &&
    typeof value.verbs === "object"
  );
}

function absent({ name }: OptionalPart, what: string): UsageError {
  return new UsageError(
    `this installation does not hold ${name}, which "${what}" needs: run it where ${name} is installed`,
  );
}
