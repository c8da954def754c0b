/** A unit that runs already: a second one would open the same devices and write the same database. */
import type { UnitConfig } from "../config/unit.ts";
import { SetupError } from "../unit/evidence-base.ts";

const ANSWER_MS = 1_000;

/** @throws SetupError when the unit of this configuration answers on its own port */
export async function refuseSecond({ unitId, http }: UnitConfig): Promise<void> {
  if ((await unitAt(http.port)) !== unitId) return;
  throw new SetupError(
    `the unit ${unitId} runs already, at http://127.0.0.1:${http.port}: stop it first ` +
      "(systemctl stop sentinel)",
  );
}

async function unitAt(port: number): Promise<unknown> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(`http://127.0.0.1:${port}/api/unit`, { signal });
    const answer: unknown = await response.json();
    return typeof answer === "object" && answer !== null && "unitId" in answer
      ? answer.unitId
      : undefined;
  } catch {
    // The port is free, or another program has it: then the pages wait for the port, and the door does not.
    return undefined;
  }
}
