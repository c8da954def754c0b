/** Which keys may stand at a place of a file, read from the schema, and which one was meant. */

/** As much of JSON Schema as the schemas of this room use. */
export interface JsonSchema {
  $ref?: string | undefined;
  $defs?: Record<string, JsonSchema> | undefined;
  type?: string | undefined;
  description?: string | undefined;
  default?: unknown;
  const?: unknown;
  enum?: unknown[] | undefined;
  properties?: Record<string, JsonSchema> | undefined;
  additionalProperties?: boolean | JsonSchema | undefined;
  required?: string[] | undefined;
  items?: JsonSchema | undefined;
  minimum?: number | undefined;
  maximum?: number | undefined;
  exclusiveMinimum?: number | undefined;
  oneOf?: JsonSchema[] | undefined;
  anyOf?: JsonSchema[] | undefined;
}

/** Names that may stand in the object at `path` of `value`; none where any may. */
export function allowedKeys(
  schema: JsonSchema,
  path: readonly PropertyKey[],
  value: unknown,
): string[] {
  let places = forms(schema, schema, value);
  let current = value;
  for (const key of path) {
    current = memberOf(current, key);
    places = places.flatMap((place) => {
      const next = typeof key === "number" ? place.items : place.properties?.[String(key)];
      return next === undefined ? [] : forms(next, schema, current);
    });
  }
  return [...new Set(places.flatMap((place) => Object.keys(place.properties ?? {})))];
}

// A reference becomes what it refers to; of several forms only those the value's constants allow.
function forms(place: JsonSchema, root: JsonSchema, value: unknown): JsonSchema[] {
  if (place.$ref !== undefined) {
    const named = root.$defs?.[place.$ref.replace("#/$defs/", "")];
    return named === undefined ? [] : forms(named, root, value);
  }
  const several = place.oneOf ?? place.anyOf;
  // Beside fields of its own, the forms only say which of them go together.
  if (several === undefined || place.properties !== undefined) return [place];
  const all = several.flatMap((form) => forms(form, root, value));
  const fitting = all.filter((form) => fits(form, value));
  return fitting.length > 0 ? fitting : all;
}

// A list where fields stand, or another constant: that form was not meant.
function fits(form: JsonSchema, value: unknown): boolean {
  if ((form.type === "array") !== Array.isArray(value)) return false;
  return Object.entries(form.properties ?? {}).every(([key, { const: wanted }]) => {
    const given = memberOf(value, key);
    if (wanted === undefined || given === wanted) return true;
    return given === undefined && !(form.required ?? []).includes(key);
  });
}

function memberOf(value: unknown, key: PropertyKey): unknown {
  if (value === null || typeof value !== "object") return undefined;
  return (value as Readonly<Record<PropertyKey, unknown>>)[key];
}

// Longer words are nobody's typing error, and comparing them costs time.
const LONGEST_WORD = 40;

/** The name that was most likely meant, if one is close enough to be a slip. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > LONGEST_WORD) return undefined;
  const small = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const name of known) {
    const other = name.toLowerCase();
    // A name without its unit, or with another beginning, is a slip as well.
    const related = small.length >= 4 && (other.startsWith(small) || other.endsWith(small));
    const distance = related ? 1 : editDistance(small, other);
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_none, index) => index);
  for (let line = 1; line <= from.length; line++) {
    const next = [line];
    for (let column = 1; column <= to.length; column++) {
      const same = from[line - 1] === to[column - 1] ? 0 : 1;
      next.push(
        Math.min(
          (row[column] ?? 0) + 1,
          (next[column - 1] ?? 0) + 1,
          (row[column - 1] ?? 0) + same,
        ),
      );
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
