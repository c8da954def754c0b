/** From a YAML or JSON text to a document, or to what keeps it from being one, with the line. */
import {
  isPair,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
} from "yaml";
import type { Problem } from "./problems.ts";
import { errorText } from "../base/errors.ts";

export interface YamlText {
  document: Document;
  lines: LineCounter;
  /** Empty when the document can be used. */
  problems: Problem[];
}

/** Parses a text; throws only where its nesting exhausts the stack. */
export function parseYamlText(text: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: "error" });
  const [broken] = document.errors;
  if (broken === undefined) return { document, lines, problems: unsupported(document, lines) };
  return { document, lines, problems: [notYaml(broken, broken.linePos?.[0].line)] };
}

/** That a text is not YAML, in one line. The place that a message ends with is told apart from it. */
export function notYaml(error: unknown, line?: number): Problem {
  const whole = errorText(error);
  const [first = ""] = whole.split("\n");
  const why = first.replace(/:$/, "").replace(/ at line \d+, column \d+$/, "");
  return { path: [], message: `is not YAML: ${why}`, ...(line === undefined ? {} : { line }) };
}

/** What parses and is not meant: merge keys, and aliases of nothing. */
function unsupported(document: Document, lines: LineCounter): Problem[] {
  const problems: Problem[] = [];
  const anchors = new Set<string>();
  const found = (path: readonly PropertyKey[], message: string, node: Node): void => {
    const [offset] = node.range ?? [];
    const line = offset === undefined ? {} : { line: lines.linePos(offset).line };
    problems.push({ path, message, ...line });
  };
  visit(document, {
    // YAML 1.2 has no merge keys, and here each setting stands where it counts.
    Pair(_key, { key }, ancestors) {
      if (!isScalar(key) || key.value !== "<<" || key.type !== "PLAIN") return;
      const path = [...ancestors.filter(isPair).map((pair) => String(pair.key)), "<<"];
      found(path, "merge keys are not supported: write out what it would bring", key);
    },
    Value(_key, node) {
      if (node.anchor !== undefined) anchors.add(node.anchor);
    },
    Alias(_key, alias) {
      if (anchors.has(alias.source)) return;
      found([], `is not YAML: the alias *${alias.source} has no anchor before it`, alias);
    },
  });
  return problems;
}
