/**
 * Business rules in CertLogic, run as their makers published them: acceptance rules of the place,
 * invalidation rules of the issuer (eHealth Network, EU DCC Validation Rules 1.0).
 */
import { evaluate, type CertLogicExpression } from "certlogic-js";
import { z } from "zod";
import { entryKinds, type ReadCertificate } from "./eu-dcc-schema.ts";

const Rule = z.looseObject({
  Identifier: z.string().min(1),
  Type: z.enum(["Acceptance", "Invalidation"]),
  Country: z.string().min(2),
  Version: z.string(),
  Engine: z.literal("CERTLOGIC"),
  CertificateType: z.enum(["General", "Vaccination", "Test", "Recovery"]),
  ValidFrom: z.string(),
  ValidTo: z.string(),
  Logic: z.unknown(),
});

/** A rule as published. */
export type BusinessRule = z.infer<typeof Rule>;

/** Sets of codes by name, e.g. `vaccines-covid-19-names`. */
export type ValueSets = Readonly<Record<string, readonly string[]>>;

/** How one place's rules came out: the core's `business-rules` evidence without its frame. */
export interface RulesOutcome {
  rulesOf: string;
  result: "passed" | "failed" | "open";
  failed: string[];
  open: string[];
}

/** What rules see beside the certificate. */
export interface RuleInput {
  payload: unknown;
  external: Readonly<Record<string, unknown>>;
}

/** Reads a published rule; undefined where it is none. */
export function readRule(json: unknown): BusinessRule | undefined {
  return Rule.safeParse(json).data;
}

const ValueSetsFile = z.record(z.string(), z.array(z.string()));

/**
 * A rule book from parsed JSON: documents that are rules or lists of rules; others are passed over.
 * @param places whose acceptance rules count; without them all that occur
 * @throws z.ZodError where the value sets are none
 */
export function ruleBookOf(
  documents: readonly unknown[],
  valueSets: unknown,
  places: readonly string[] | undefined,
  asOfMs: number,
): RuleBook {
  const rules = documents.flat().flatMap((document) => readRule(document) ?? []);
  const acceptance = rules.filter((rule) => rule.Type === "Acceptance");
  const occurring = [...new Set(acceptance.map((rule) => rule.Country))].sort();
  return new RuleBook(rules, ValueSetsFile.parse(valueSets), places ?? occurring, asOfMs);
}

/** Runs one rule. `open` where it cannot be run on this input: neither a yes nor a no. */
export function runRule(rule: BusinessRule, input: RuleInput): boolean | "open" {
  try {
    const result: unknown = evaluate(rule.Logic as CertLogicExpression, input);
    return typeof result === "boolean" ? result : "open";
  } catch {
    return "open";
  }
}

const KIND_OF = { v: "Vaccination", t: "Test", r: "Recovery" } as const;

/** The rules a unit applies: of which places, on which codes, how old. */
export class RuleBook {
  readonly asOfMs: number;
  #rules: readonly BusinessRule[];
  #valueSets: ValueSets;
  #places: readonly string[];

  /** @param places whose acceptance rules count, e.g. `["FR"]`; each gives one outcome */
  constructor(
    rules: readonly BusinessRule[],
    valueSets: ValueSets,
    places: readonly string[],
    asOfMs: number,
  ) {
    this.#rules = rules;
    this.#valueSets = valueSets;
    this.#places = places;
    this.asOfMs = asOfMs;
  }

  /** How many rules there are. */
  get size(): number {
    return this.#rules.length;
  }

  /** One outcome a place. A place without any rule for this certificate is `open`, not passed. */
  judge(read: ReadCertificate, keyId: string, atMs: number): RulesOutcome[] {
    const { payload, certificate, issuer = "", issuedAtMs = 0, validUntilMs = 0 } = read;
    if (certificate === undefined) return [];
    const kinds = entryKinds(certificate).map((kind) => KIND_OF[kind]);
    return this.#places.map((place) => {
      const external = {
        valueSets: this.#valueSets,
        validationClock: new Date(atMs).toISOString(),
        countryCode: place,
        issuerCountryCode: issuer,
        kid: Buffer.from(keyId, "hex").toString("base64"),
        iat: new Date(issuedAtMs).toISOString(),
        exp: new Date(validUntilMs).toISOString(),
      };
      const rules = this.#select(place, issuer, kinds, atMs);
      const outcome: RulesOutcome = { rulesOf: place, result: "passed", failed: [], open: [] };
      for (const rule of rules) {
        const result = runRule(rule, { payload, external });
        if (result === "open") outcome.open.push(rule.Identifier);
        else if (!result) outcome.failed.push(rule.Identifier);
      }
      if (outcome.failed.length > 0) outcome.result = "failed";
      else if (outcome.open.length > 0 || rules.length === 0) outcome.result = "open";
      return outcome;
    });
  }

  /** The newest version in force of each rule that concerns the place, the issuer and the kinds. */
  #select(
    place: string,
    issuer: string,
    kinds: readonly string[],
    atMs: number,
  ): readonly BusinessRule[] {
    const newest = new Map<string, BusinessRule>();
    for (const rule of this.#rules) {
      const concerns =
        rule.Type === "Acceptance" ? rule.Country === place : rule.Country === issuer;
      const applies = rule.CertificateType === "General" || kinds.includes(rule.CertificateType);
      const inForce = Date.parse(rule.ValidFrom) <= atMs && atMs < Date.parse(rule.ValidTo);
      const former = newest.get(rule.Identifier);
      if (!concerns || !applies || !inForce) continue;
      if (former === undefined || isNewer(rule.Version, former.Version)) {
        newest.set(rule.Identifier, rule);
      }
    }
    return [...newest.values()];
  }
}

function isNewer(version: string, former: string): boolean {
  return version.localeCompare(former, "en", { numeric: true }) > 0;
}
