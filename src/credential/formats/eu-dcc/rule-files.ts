/** Business rules and value sets from files: as their makers publish them, or as one file of ours. */
import { z } from "zod";
import {
  parseRule,
  RuleSet,
  RuleFileError,
  type BusinessRule,
  type ValueSets,
} from "./business-rules.ts";

/** Marks a file with everything a unit needs to apply rules. */
export const RULES_KIND = "digital-sentinel-rules";

const Codes = z.array(z.string().max(200)).max(20_000);
const PlainSets = z
  .record(z.string(), Codes)
  .refine((sets) => Object.keys(sets).length > 0, "no value set in it");
/** eHealth Network, value sets as published: the codes are the names of members. */
const PublishedSet = z.looseObject({
  valueSetId: z.string().min(1),
  valueSetValues: z.record(z.string(), z.unknown()),
});
const Own = z.object({
  kind: z.literal(RULES_KIND),
  asOf: z.iso.datetime({ offset: true }),
  of: z.array(z.string().min(2).max(64)).exactOptional(),
  rules: z.array(z.unknown()),
  valueSets: z.record(z.string(), Codes),
});

/** The file as one object, ready to be written. */
export interface RuleFile {
  kind: typeof RULES_KIND;
  /** ISO 8601. */
  asOf: string;
  /** Whose acceptance rules count; without it all that occur. */
  of?: string[];
  rules: readonly BusinessRule[];
  valueSets: ValueSets;
}

/** What several documents contain together. */
export interface RuleDocuments {
  rules: BusinessRule[];
  valueSets: ValueSets;
  /** Whose acceptance rules count, as far as a document says it. */
  of: string[];
  /** The oldest date a document gives itself (epoch ms); absent where none does. */
  asOfMs?: number;
}

/**
 * Reads parsed JSON documents: rules, lists of rules, value sets in either of their two forms, files of
 * ours.
 * @param others what becomes of a document that is none of these: a folder may hold tests of its rules
 * @throws RuleFileError where one is damaged, or is none of these and `others` is `refuse`
 */
export function parseRuleDocuments(
  documents: readonly unknown[],
  others: "refuse" | "pass-over",
): RuleDocuments {
  const parts: RuleDocuments = { rules: [], valueSets: {}, of: [] };
  for (const document of documents) {
    if (!add(document, parts) && others === "refuse") {
      throw new RuleFileError("neither a business rule, nor a list of them, nor value sets");
    }
  }
  return parts;
}

/** Adds the content of a document; false where it is of no kind that is read here. */
function add(document: unknown, parts: RuleDocuments): boolean {
  if (Array.isArray(document)) {
    return document.length > 0 && document.map((each) => add(each, parts)).every(Boolean);
  }
  if (typeof document !== "object" || document === null) return false;
  if ("kind" in document && document.kind === RULES_KIND) {
    addOwn(checked(Own, document), parts);
    return true;
  }
  if ("Identifier" in document && "Logic" in document) {
    const rule = parseRule(document);
    if (rule !== undefined) parts.rules.push(rule);
    return true;
  }
  if ("valueSetId" in document && "valueSetValues" in document) {
    const { valueSetId, valueSetValues } = checked(PublishedSet, document);
    parts.valueSets = { ...parts.valueSets, [valueSetId]: Object.keys(valueSetValues) };
    return true;
  }
  const plain = PlainSets.safeParse(document);
  if (plain.success) parts.valueSets = { ...parts.valueSets, ...plain.data };
  return plain.success;
}

function addOwn(own: z.infer<typeof Own>, parts: RuleDocuments): void {
  for (const each of own.rules) {
    const rule = parseRule(each);
    if (rule === undefined) throw new RuleFileError("rules: one of them is none");
    parts.rules.push(rule);
  }
  parts.valueSets = { ...parts.valueSets, ...own.valueSets };
  parts.of.push(...(own.of ?? []));
  parts.asOfMs = Math.min(Date.parse(own.asOf), parts.asOfMs ?? Infinity);
}

function checked<T>(schema: z.ZodType<T>, json: unknown): T {
  const read = schema.safeParse(json);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new RuleFileError(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
}

/**
 * The rule set of what was read.
 * @param places whose acceptance rules count; without them those the documents name, else all that occur
 * @throws RuleFileError where there is no rule at all
 */
export function ruleSetOf(
  parts: RuleDocuments,
  places: readonly string[],
  asOfMs: number,
): RuleSet {
  const { rules, valueSets, of } = parts;
  if (rules.length === 0) throw new RuleFileError("there is no business rule in it");
  const acceptance = rules.filter((rule) => rule.Type === "Acceptance");
  const occurring = [...new Set(acceptance.map((rule) => rule.Country))].sort();
  const named = places.length > 0 ? places : [...new Set(of)];
  return new RuleSet(rules, valueSets, named.length > 0 ? named : occurring, asOfMs);
}

/** Bytes as a document. @throws RuleFileError where they are no JSON */
export function parseRuleJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw new RuleFileError("not JSON");
  }
}
