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
  const exceptions = outcomes
    .filter(({ deviations, exception }) => deviations.length > 0 && exception !== undefined)
    .map(({ kind, id, deviations, exception }) => {
      return `- **${TITLES[kind]}, \`${id}\`**: ${deviations.join("; ")}. Reason: ${exception}.`;
    });
  return `# Conformance

Made by \`npm run conformance\` from the public test data that \`SENTINEL_CORPORA\` points to. Every
vector goes through the verifier that stands at the door, with the trust, the revocation list and the
clock its publisher gives. Of the EU's flags, those from \`EXPECTEDUNPREFIX\` onward are compared one
by one; pictures and the encoding of the publisher's JSON are left aside. \`holds\` is compared with the
vector's verdict as a whole.

${table([["", "vectors", "as expected", "excepted", "wrong"], ...rows])}

## Exceptions

${exceptions.join("\n")}

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
