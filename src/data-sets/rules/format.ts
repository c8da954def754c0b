/** Certificate business rules and their value sets as a data set: one file that an operator can keep. */
import { canonicalJson } from "../../base/canonical-json.ts";
import type { RuleSet, ValueSets } from "../../credential/formats/eu-dcc/business-rules.ts";
import {
  parseRuleDocuments,
  parseRuleJson,
  RULES_KIND,
  ruleSetOf,
  type RuleFile,
} from "../../credential/formats/eu-dcc/rule-files.ts";
import { MIB, oldestOf, readSource, type InMemoryFormat } from "../format.ts";

export const rulesFormat: InMemoryFormat<RuleSet> = {
  kind: "rules",
  limits: { bytes: 2 * MIB, files: 1 },
  takesFolders: true,
  isReadInPieces: false,
  read: (bytes, asOfMs) => [readRulesSet(bytes, asOfMs)],
  compose(sources, { nowMs, of }) {
    // In a folder there may be JSON that is neither rule nor value set: a test of a rule.
    const parts = sources.map(({ name, bytes, isFromFolder }) =>
      readSource(name, () =>
        parseRuleDocuments([parseRuleJson(bytes)], isFromFolder ? "pass-over" : "refuse"),
      ),
    );
    const rules = parts.flatMap((part) => part.rules);
    const countries = of.length > 0 ? of : parts.flatMap((part) => part.of);
    const dates = sources.map(({ modifiedMs }, index) => parts[index]?.asOfMs ?? modifiedMs);
    const asOfMs = oldestOf(dates, nowMs);
    const valueSets: ValueSets = Object.fromEntries(
      parts.flatMap((part) => Object.entries(part.valueSets)),
    );
    const file: RuleFile = {
      kind: RULES_KIND,
      asOf: new Date(asOfMs).toISOString(),
      ...(countries.length === 0 ? {} : { of: [...new Set(countries)] }),
      rules,
      valueSets,
    };
    const set = Buffer.from(canonicalJson(file));
    readSource("rules", () => readRulesSet(set, asOfMs));
    return { files: [set], asOfMs, what: `${rules.length} rules` };
  },
};

function readRulesSet(bytes: Uint8Array, asOfMs: number): RuleSet {
  const parts = parseRuleDocuments([parseRuleJson(bytes)], "refuse");
  return ruleSetOf(parts, [], asOfMs);
}
