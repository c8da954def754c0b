/**
 * Business rules in CertLogic, run as their makers published them: acceptance rules of the place,
 * invalidation rules of the issuer (eHealth Network, EU DCC Validation Rules 1.0).
 */
import { evaluate, type CertLogicExpression } from "certlogic-js";
import { z } from "zod";
import { entryKinds, issuingCountries, type ParsedCertificate } from "./eu-dcc-schema.ts";
import { timeOf } from "../../../base/dates.ts";

/** The engine this unit has; a rule for another is open, never passed over. */
const ENGINE = "CERTLOGIC";

const date = z.string().refine((text) => !Number.isNaN(timeOf(text)), "not a date");

const Rule = z.looseObject({
  Identifier: z.string().min(1).max(100),
  Type: z.enum(["Acceptance", "Invalidation"]),
  Country: z.string().min(2).max(20),
  /** Where the rule holds for a part of the country only. */
  Region: z.string().nullish(),
  Version: z.string().max(40),
  Engine: z.string(),
  CertificateType: z.enum(["General", "Vaccination", "Test", "Recovery"]),
  ValidFrom: date,
  ValidTo: date,
  Logic: z.unknown(),
});

/** A rule as published. */
export type BusinessRule = z.infer<typeof Rule>;

/** Sets of codes by name, e.g. `vaccines-covid-19-names`. */
export type ValueSets = Readonly<Record<string, readonly string[]>>;

/** How one place's rules came out: the core's `business-rules` evidence without its frame. */
export interface RuleSetResult {
  rulesOf: string;
  result: "passed" | "failed" | "open";
  failed: string[];
  open: string[];
}

/** What rules see: the certificate and the circumstances. */
export interface RuleInput {
  payload: unknown;
  external: Readonly<Record<string, unknown>>;
}

/**
 * Reads a published rule; undefined where the document is none, or one that neither admits nor refuses.
 * @throws RuleFileError where it is a rule that cannot be understood: without it the others would admit
 */
export function parseRule(json: unknown): BusinessRule | undefined {
  if (typeof json !== "object" || json === null) return undefined;
  if (!("Identifier" in json) || !("Logic" in json)) return undefined;
  // Booster notifications only remind their holder: no decision rests on them.
  if ("Type" in json && json.Type === "BoosterNotification") return undefined;
  const read = Rule.safeParse(json);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const name = typeof json.Identifier === "string" ? json.Identifier.slice(0, 100) : "a rule";
  throw new RuleFileError(
    `${name}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`,
  );
}

/** Rules or value sets that cannot be used; nothing of them becomes active. */
export class RuleFileError extends Error {
  override name = "RuleFileError";
}

/** Runs one rule. `open` where it cannot be run on this input: neither a yes nor a no. */
export function runRule(rule: BusinessRule, input: RuleInput): boolean | "open" {
  if (rule.Engine !== ENGINE) return "open";
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the library checks the expression itself, and throws
    const result: unknown = evaluate(rule.Logic as CertLogicExpression, input);
    return typeof result === "boolean" ? result : "open";
  } catch {
    return "open";
  }
}

const KIND_OF = { v: "Vaccination", t: "Test", r: "Recovery" } as const;

/** The active rules: replaced whole, or left as they were. */
export class RuleStore {
  #current: RuleSet | undefined;

  constructor(current?: RuleSet) {
    this.#current = current;
  }

  current(): RuleSet | undefined {
    return this.#current;
  }

  replace(next: RuleSet): void {
    this.#current = next;
  }
}

/** The rules a unit applies: of which places, on which codes, how old. */
export class RuleSet {
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

  /** One outcome a place. A place without any rule for this certificate is `open`, not passed. */
  evaluate(read: ParsedCertificate, keyId: string, atMs: number): RuleSetResult[] {
    const { payload, certificate, issuedAtMs = 0, validUntilMs = 0 } = read;
    if (certificate === undefined) return [];
    const issuers = issuingCountries(read);
    const kinds = entryKinds(certificate).map((kind) => KIND_OF[kind]);
    return this.#places.map((place) => {
      const external = {
        valueSets: this.#valueSets,
        validationClock: new Date(atMs).toISOString(),
        countryCode: countryOf(place),
        issuerCountryCode: issuers[0] ?? "",
        kid: Buffer.from(keyId, "hex").toString("base64"),
        iat: new Date(issuedAtMs).toISOString(),
        exp: new Date(validUntilMs).toISOString(),
      };
      const rules = this.#select(place, issuers, kinds, atMs);
      const outcome: RuleSetResult = { rulesOf: place, result: "passed", failed: [], open: [] };
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

  /** The newest active version of each rule that concerns the place, the issuer and the kinds. */
  #select(
    place: string,
    issuers: readonly string[],
    kinds: readonly string[],
    atMs: number,
  ): readonly BusinessRule[] {
    const newest = new Map<string, BusinessRule>();
    for (const rule of this.#rules) {
      const concerns =
        rule.Type === "Acceptance" ? appliesIn(rule, place) : issuers.includes(rule.Country);
      const applies = rule.CertificateType === "General" || kinds.includes(rule.CertificateType);
      const isActive = timeOf(rule.ValidFrom) <= atMs && atMs < timeOf(rule.ValidTo);
      const former = newest.get(rule.Identifier);
      if (!concerns || !applies || !isActive) continue;
      if (former === undefined || isNewer(rule.Version, former.Version)) {
        newest.set(rule.Identifier, rule);
      }
    }
    return [...newest.values()];
  }
}

/** A place is a country, or a country and a region: `ES`, `ES-CT`. */
function countryOf(place: string): string {
  return place.split("-", 1)[0] ?? place;
}

/** Rules of the whole country apply in its regions too. */
function appliesIn({ Country, Region }: BusinessRule, place: string): boolean {
  if (Region == null || Region === "") return Country === countryOf(place);
  return `${Country}-${Region}` === place;
}

function isNewer(version: string, former: string): boolean {
  return version.localeCompare(former, "en", { numeric: true }) > 0;
}
