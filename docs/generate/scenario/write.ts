/** Writes the published schema of scenarios: `node docs/generate/scenario/write.ts`. */
import { writeFileSync } from "node:fs";
import { SCHEMA_FILE, scenarioSchemaText } from "./schema-file.ts";

writeFileSync(SCHEMA_FILE, scenarioSchemaText());
