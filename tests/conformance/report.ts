/** The conformance table as a document. */
import type { Outcome } from "./check.ts";

const TITLES: Readonly<Record<string, string>> = {
  "eu-dcc": "EU Digital COVID Certificate",
  shc: "SMART Health Card",
  nzcp: "New Zealand COVID Pass",
  "vds-nc": "ICAO VDS-NC",
  rules: "business rules in CertLogic (tests)",
};

/** Deviations that nobody has explained, and explanations without a deviation. */
export function unexplained(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap(({ kind, id, deviations, exception }) => {
    if (exception === undefined) return deviations.map((each) => `${kind} ${id}: ${each}`);
    return deviations.length === 0 ? [`${kind} ${id}: comes out as expected, yet is excepted`] : [];
  });
}

/** The lines of excepted vectors, by the reason they share. */
function byReason(outcomes: readonly Outcome[]): Map<string, string[]> {
  const reasons = new Map<string, string[]>();
  for (const { kind, id, deviations, exception } of outcomes) {
    if (deviations.length === 0 || exception === undefined) continue;
    const line = `- **${TITLES[kind]}, \`${id}\`**: ${deviations.join("; ")}`;
    reasons.set(exception, [...(reasons.get(exception) ?? []), line]);
  }
  return reasons;
}

/** Where the rules for the content of EU certificates are published. */
const SOURCES = `## What an EU certificate is held to

Schema: \`ehn-dcc-development/eu-dcc-schema\`, all versions from 1.0.0 to 1.3.3. Special cases:
\`SpecialCaseHandling.md\` of \`eu-digital-green-certificates/dcc-quality-assurance\`.

${table([
  ["rule", "source"],
  ["`ver` is 1.x.y", "the claim is that of version 1 (eHealth Network, volume 3, §2.6.4)"],
  ["one entry of one kind from 1.3.0 on", "schema 1.3.0: `oneOf`, `minItems` and `maxItems` 1"],
  ["several entries up to 1.2.1", "schemas 1.0.0 to 1.2.1: arrays without an upper bound"],
  ["null or empty kinds are not there", "special cases, null values"],
  ["all texts are trimmed first", "special cases, whitespace"],
  ["`dn`, `sd` from 1, without an upper bound", "schema, `dose_posint`"],
  ["`co` is a country, a longer code, or empty", "schema, `country_vt`; Value Sets §2.6"],
  ["`dob` of 1900 to 2099, or a part of it", "schema 1.1.0 and later, `dob`"],
  ["`fnt` or `gnt` is there", "schema 1.3.2; Implementing Decision (EU) 2022/483"],
  ["dates and times exist", "schema, `format`; RFC 3339 §5.6 and §5.7"],
  ["offsets of one digit", "CertLogic, `dateFromString`; dcc-quality-assurance#274"],
  ["5 minutes for a clock that is behind", "RFC 7519 §4.1.5, RFC 8392 §3.1"],
])}

Not asked: the pattern of \`fnt\` and \`gnt\` (special cases: "accept any string"), lengths (50 or 80 by
version; nothing is decided by them), and whether a code stands in a value set, which is for business
rules to ask.`;

/** The document. */
export function report(outcomes: readonly Outcome[]): string {
  const kinds = Object.keys(TITLES);
  const rows = kinds.map((kind) => {
    const of = outcomes.filter((outcome) => outcome.kind === kind);
    const good = of.filter(({ deviations }) => deviations.length === 0).length;
    const excepted = of.filter(({ deviations, exception }) => deviations.length > 0 && exception);
    const wrong = of.length - good - excepted.length;
    return [TITLES[kind] ?? kind, of.length, good, excepted.length, wrong].map(String);
  });
  const exceptions = [...byReason(outcomes)].map(([reason, of]) => {
    return `${of.length === 1 ? "One vector" : `${of.length} vectors`}: ${reason}.\n\n${of.join("\n")}`;
  });
  return `# Conformance

Made by \`npm run conformance\` from the public test data that \`SENTINEL_CORPORA\` points to. Every
vector goes through the verifier that stands at the door, with the trust, the revocation list and the
clock its publisher gives. Of the EU's flags, those from \`EXPECTEDUNPREFIX\` onward are compared one
by one; pictures and the encoding of the publisher's JSON are left aside. \`holds\` is compared with the
vector's verdict as a whole.

${table([["", "vectors", "as expected", "excepted", "wrong"], ...rows])}

## Exceptions

Each is a vector whose expectation contradicts the published specification, or says less than it.

${exceptions.join("\n\n")}

${SOURCES}

Two seals carry no publisher's verdict. The one of "UTO" is refused because its authority, of
"Friesland", is not published; the second of Australia holds.
`;
}

/** A table whose columns stand straight, as the formatter wants them. */
function table(rows: readonly (readonly string[])[]): string {
  const [head = []] = rows;
  const widths = head.map((_cell, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const lines = rows.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`,
  );
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [lines[0], rule, ...lines.slice(1)].join("\n");
}
