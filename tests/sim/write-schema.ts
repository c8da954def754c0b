/** Writes the published schema of scenarios anew: `node tests/sim/write-schema.ts`. */
import { writeFileSync } from "node:fs";
import { SCHEMA_FILE, scenarioSchemaText } from "./schema-files.ts";

writeFileSync(SCHEMA_FILE, scenarioSchemaText());
