/** The published schema of scenarios, made from the format itself. */
import { z } from "zod";
import { scenario } from "../../../sim/scenario/schema.ts";

export const SCHEMA_FILE = "docs/schema/scenario.schema.json";

/** The text of the file as it must stand in the tree. */
export function scenarioSchemaText(): string {
  const schema = z.toJSONSchema(scenario, { io: "input", reused: "ref" });
  return `${JSON.stringify({ $id: "scenario.schema.json", ...schema }, null, 2)}\n`;
}
