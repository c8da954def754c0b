/** The reference of the configuration files, made from their schemas: one Markdown page, two JSON Schemas. */
import { z } from "zod";
import type { JsonSchema } from "../../../src/config/keys.ts";
import { policySchema } from "../../../src/config/policy.ts";
import { unitSchema } from "../../../src/config/unit.ts";

/** Documents by their path in the tree. */
export function referenceDocuments(): ReadonlyMap<string, string> {
  const unit = jsonSchemaOf(unitSchema);
  const policy = jsonSchemaOf(policySchema);
  return new Map([
    ["docs/operators/configuration.md", page(unit, policy)],
    ["docs/schema/unit.schema.json", `${JSON.stringify(unit, null, 2)}\n`],
    ["docs/schema/policy.schema.json", `${JSON.stringify(policy, null, 2)}\n`],
  ]);
}

function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: "input" }) as JsonSchema;
}

function page(unit: JsonSchema, policy: JsonSchema): string {
  return [
    "# Configuration",
    "Made by `npm run docs:config` from the schemas in `src/config`, as are " +
      "[unit.schema.json](../schema/unit.schema.json) and [policy.schema.json](../schema/policy.schema.json), " +
      "which editors understand. A unit has two files, both YAML: one says which devices it has, the other " +
      "what a visitor has to bring.",
    "Whatever is not listed here is refused, with the path and the line of the fault, and with what was " +
      "probably meant. Durations, ages and temperatures have their unit in the last word of their name. " +
      "Relative paths count from the working directory.",
    "## The unit",
    "`sentinel run --config FILE`; an example is [unit.example.yaml](../../deploy/unit.example.yaml), and " +
      "`sentinel doctor` says whether what it names is there.",
    ...list(unit, unit),
    "## The policy",
    "The file that `policy` names. An example is [policy.example.yaml](../../deploy/policy.example.yaml); " +
      "policies to begin with, by kind of venue, are in [src/config/policies](../../src/config/policies).",
    "A **verdict** is one of `grant`, `refer` (to staff), `deny`. The strictest verdict of all rules " +
      "counts, and a credential that does not hold never grants.",
    ...list(policy, policy),
    "### Rules",
    "A list; the order does not matter. Every rule has these:",
    ...list(commonRule(policy), policy),
    "and by its `kind`:",
    ...ruleSections(policy),
  ]
    .join("\n\n")
    .concat("\n");
}

const COMMON = ["id", "appliesTo", "whenUnmet", "whenMissing", "whenUnclear", "whenUnreachable"];

function ruleForms(policy: JsonSchema): JsonSchema[] {
  const rule = resolved(policy.properties?.["rules"]?.items ?? {}, policy);
  return rule.oneOf ?? rule.anyOf ?? [];
}

function commonRule(policy: JsonSchema): JsonSchema {
  const [form = {}] = ruleForms(policy);
  return only(form, (key) => COMMON.includes(key));
}

function ruleSections(policy: JsonSchema): string[] {
  return ruleForms(policy).flatMap((form) => [
    `#### ${plain(form.properties?.["kind"]?.const)}`,
    ...list(
      only(form, (key) => key !== "kind" && !COMMON.includes(key)),
      policy,
    ),
  ]);
}

function only(form: JsonSchema, wanted: (key: string) => boolean): JsonSchema {
  const kept = Object.entries(form.properties ?? {}).filter(([key]) => wanted(key));
  return { ...form, properties: Object.fromEntries(kept) };
}

/** The fields of an object, one line each, with those inside it indented. */
function list(schema: JsonSchema, root: JsonSchema): string[] {
  const lines = fieldLines(schema, root, "");
  return lines.length === 0 ? [] : [lines.join("\n")];
}

function fieldLines(schema: JsonSchema, root: JsonSchema, indent: string): string[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) =>
    entry(key, field, { root, indent, required: required.has(key) }),
  );
}

function entry(
  key: string,
  field: JsonSchema,
  { root, indent, required }: { root: JsonSchema; indent: string; required: boolean },
): string[] {
  const place = resolved(field, root);
  const forms = place.oneOf ?? place.anyOf ?? [];
  const inside = place.type === "array" ? resolved(place.items ?? {}, root) : place;
  const chosen = formsIn(inside).filter((form) => constants(form).length > 0);
  const notes = [
    typeWords(field, root),
    required ? "required" : defaultWords(field),
    field.description ?? place.description ?? "",
  ].filter((note) => note !== "");
  const head = [`${indent}- \`${key}\``, notes.join("; ")].filter((part) => part !== "").join(": ");
  const deeper = `${indent}  `;
  if (chosen.length > 0 && key !== "rules") {
    return [
      head,
      ...chosen.flatMap((form) => [
        `${deeper}- ${constants(form).join(", ")}`,
        ...fieldLines(
          only(form, (name) => form.properties?.[name]?.const === undefined),
          root,
          `${deeper}  `,
        ),
      ]),
    ];
  }
  const detailed = forms.find((form) => form.properties !== undefined);
  return [head, ...fieldLines(key === "rules" ? {} : (detailed ?? inside), root, deeper)];
}

/** The alternatives of a place, and those within them. */
function formsIn(place: JsonSchema): JsonSchema[] {
  return (place.oneOf ?? place.anyOf ?? []).flatMap((form) => {
    const within = formsIn(form);
    return within.length > 0 ? within : [form];
  });
}

/** `source: rpicam` and what it means, for a form that is told by a constant. */
function constants(form: JsonSchema): string[] {
  return Object.entries(form.properties ?? {}).flatMap(([name, { const: value, description }]) => {
    if (value === undefined) return [];
    return [`\`${name}: ${plain(value)}\`${description === undefined ? "" : `: ${description}`}`];
  });
}

function resolved(place: JsonSchema, root: JsonSchema): JsonSchema {
  if (place.$ref === undefined) return place;
  const named = root.$defs?.[place.$ref.replace("#/$defs/", "")] ?? {};
  return {
    ...resolved(named, root),
    ...(place.description === undefined ? {} : { description: place.description }),
  };
}

function typeWords(field: JsonSchema, root: JsonSchema): string {
  const place = resolved(field, root);
  if (place.const !== undefined) return `\`${plain(place.const)}\``;
  if (place.enum !== undefined) return verdictOr(place.enum.map(String));
  const forms = place.oneOf ?? place.anyOf;
  if (forms !== undefined) {
    const words = forms.map((form) => typeWords(form, root)).filter((word) => word !== "");
    return [...new Set(words)].join(" or ");
  }
  if (place.type === "array") return listWords(typeWords(place.items ?? {}, root));
  if (place.type === "integer" || place.type === "number") return numberWords(place);
  const byName = place.additionalProperties !== undefined && place.additionalProperties !== false;
  return SIMPLE_TYPES[place.type ?? ""] ?? (byName ? "fields by name" : "");
}

const SIMPLE_TYPES: Readonly<Record<string, string>> = { boolean: "true or false", string: "text" };

const plain = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);

const listWords = (items: string): string => (items === "" ? "list" : `list of ${items}`);

function verdictOr(values: readonly string[]): string {
  if (values.join(" ") === "grant refer deny") return "verdict";
  return values.map((value) => `\`${value}\``).join(", ");
}

const LARGEST = Number.MAX_SAFE_INTEGER;

function numberWords({ type, minimum, maximum, exclusiveMinimum }: JsonSchema): string {
  const kind = type === "integer" ? "whole number" : "number";
  const least = minimum === undefined || minimum <= -LARGEST ? undefined : minimum;
  const most = maximum === undefined || maximum >= LARGEST ? undefined : maximum;
  if (exclusiveMinimum !== undefined) {
    return `${kind} above ${exclusiveMinimum}${most === undefined ? "" : `, at most ${most}`}`;
  }
  if (least !== undefined && most !== undefined) return `${kind} from ${least} to ${most}`;
  if (least !== undefined) return `${kind} from ${least}`;
  return most === undefined ? kind : `${kind} up to ${most}`;
}

function defaultWords({ default: value }: JsonSchema): string {
  if (value === undefined || (typeof value === "object" && value !== null && isEmpty(value)))
    return "";
  return `default \`${plain(value)}\``;
}

const isEmpty = (value: object): boolean => Object.keys(value).length === 0;
