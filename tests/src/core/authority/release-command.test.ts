import { describe, expect, it } from "vitest";
import type { ReasonCode } from "../../../../src/core/reason.ts";
import { event, measured, red, shows } from "../../../support/core.ts";
import { CoreUnderTest } from "../../../support/doorway-core.ts";
import { by, decides, referred } from "./support.ts";

describe("a signed command about a visit", () => {
  const commands = (visitRef?: string, confirm?: readonly ReasonCode[]) =>
    event({
      kind: "commanded",
      command: {
        name: "release",
        ...(visitRef === undefined ? {} : { visitRef }),
        ...(confirm === undefined ? {} : { confirm }),
      },
      commandId: "c",
      authority: by("ops-1"),
    });
  const told = (core: CoreUnderTest): string[] =>
    core.of("answer-command").map(({ result, detail }) => `${result}: ${detail}`);

  it("lets its visitor in, on record, and answers when the gate has opened", () => {
    const core = referred();
    core.gateAnswers = false;
    core.take(commands(core.state.visit?.ref));
    expect(told(core)).toEqual([]);
    const [release] = core.of("release-gate");
    expect(release?.cause).toBe("command");
    const releaseRef = release?.releaseRef ?? "";
    core.take(event({ kind: "gate-answered", releaseRef, cause: "command", ok: true, detail: "" }));
    expect(told(core)).toEqual(["done: release"]);
    expect(core.records()).toContainEqual(
      expect.objectContaining({ type: "visit-decided", authority: by("ops-1") }),
    );
  });

  it("is refused when that visit is over, or was decided, and says by whom", () => {
    const core = referred();
    const visitRef = core.state.visit?.ref ?? "";
    core.take(decides({ visitRef, verdict: "deny", who: "Wang" }));
    core.take(commands(visitRef));
    core.take(commands("another"));
    expect(told(core)).toEqual([
      "refused: the visit is decided already, by Wang",
      "refused: the visit is over",
    ]);
    expect(core.of("release-gate")).toEqual([]);
  });

  it("names a red code that it overrules, with a visit and without one", () => {
    const core = new CoreUnderTest();
    core.take(measured(36.5));
    core.take(shows(red("code-2", "holder-2")));
    const visitRef = core.state.visit?.ref ?? "";
    core.take(commands(visitRef));
    core.take(commands());
    const refusal = `refused: this visit needs an explicit confirmation of code-red (visit ${visitRef})`;
    expect(told(core)).toEqual([refusal, refusal]);
    core.take(commands(visitRef, ["code-red"]));
    expect(told(core).at(-1)).toBe("done: release");
  });
});
