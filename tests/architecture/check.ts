/** Prints every import that breaks the table of rooms; exits 1 if there is one. */
import { violations } from "./rules.ts";

const found = violations(process.cwd());
for (const problem of found) console.error(problem);
if (found.length > 0) process.exitCode = 1;
else console.log("architecture: every import keeps to its room");
