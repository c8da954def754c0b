import { beforeAll, describe, expect, it } from "vitest";
import { createInlineEngine } from "../../../hal/drivers/code-reader/engine/engine.ts";
import { CREDENTIAL_SHAPES } from "../../../src/credential/shapes.ts";
import { COMMAND_FLAWS } from "../../../sim/actors/operator.ts";
import { parseScenario } from "../../../sim/scenario/load.ts";
import { runScenario, type ScenarioResult } from "../../../sim/scenario/run.ts";

const engine = createInlineEngine({ cacheFrames: 100, wanted: CREDENTIAL_SHAPES });
beforeAll(() => engine.ready());

async function play(...timeline: string[]): Promise<ScenarioResult> {
  const lines = timeline.map((happening) => `- ${happening}\n`).join("");
  const text = `name: commands\nlasts: 40s\nvisitors: []\ntimeline:\n${lines}`;
  return runScenario(await parseScenario(text, "commands.yaml"), { engine });
}

/** What the unit obeyed, and how often its gate opened. */
function effectsOf({ trace, totals }: ScenarioResult): { obeyed: string[]; opened: number } {
  expect(totals.checks.failures).toEqual([]);
  const obeyed = trace.flatMap((entry) =>
    entry.what === "turn" && entry.event.kind === "commanded" ? [entry.event.command.name] : [],
  );
  const rises = trace.filter((entry) => entry.what === "gate-line" && entry.level === 1);
  return { obeyed, opened: rises.length };
}

describe("a command through the broker", { timeout: 60_000 }, () => {
  it("is obeyed when it is signed by who may", async () => {
    const result = await play("{ at: 10, command: { name: release, sent: true } }");
    expect(effectsOf(result)).toEqual({ obeyed: ["release"], opened: 1 });
  });

  it("is obeyed once by a unit whose broker delivers everything twice", async () => {
    const result = await play(
      "{ at: 5, fault: broker-duplicating }",
      "{ at: 10, command: { name: release, sent: true } }",
    );
    expect(effectsOf(result)).toEqual({ obeyed: ["release"], opened: 1 });
  });

  it.each(COMMAND_FLAWS)("does nothing when it is %s", async (flaw) => {
    const result = await play(
      "{ at: 10, command: { name: message, text: hello, sent: true } }",
      `{ at: 12, command: { name: release, flaw: ${flaw} } }`,
      `{ at: 14, command: { name: evacuate, flaw: ${flaw} } }`,
    );
    expect(effectsOf(result)).toEqual({ obeyed: ["message"], opened: 0 });
  });

  it("does nothing when it can be recorded nowhere", async () => {
    const result = await play(
      "{ at: 5, fault: disk-full }",
      "{ at: 10, command: { name: release, sent: true } }",
    );
    expect(effectsOf(result)).toEqual({ obeyed: [], opened: 0 });
  });
});
