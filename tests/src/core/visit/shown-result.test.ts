import { describe, expect, it } from "vitest";
import type { Event } from "../../../../src/core/event.ts";
import { viewOf } from "../../../../src/core/view/view-of.ts";
import {
  aCredential,
  aPolicy,
  arrives,
  at,
  card,
  event,
  lays,
  leaves,
  measured,
  red,
  shows,
} from "../../../support/core.ts";
import { CoreUnderTest } from "../../../support/doorway-core.ts";

const thermometer = (ok: boolean, monotonicMs = 0): Event =>
  event({ kind: "device-changed", device: "thermometer", ok, detail: "" }, at(monotonicMs));
const stranger = () =>
  lays({ ...card("stranger"), isValid: false, reasons: [{ code: "holder-unknown" }] }, at(1_000));
const phase = (core: CoreUnderTest): string =>
  viewOf(core.state, { outbox: { pending: 0, state: "normal" } }, at()).phase;

/** Somebody who stands before a thermometer that works, and what came of them at 1 s. */
function standing(shown: Event, policy = aPolicy()): CoreUnderTest {
  const core = new CoreUnderTest(policy);
  core.take(thermometer(true));
  core.take(arrives());
  core.take(measured(36.5, 500));
  core.take(shown);
  return core;
}

/** When the result would go by itself, ms from when its timer was last started. */
const goesAfter = (core: CoreUnderTest): number | undefined =>
  core.of("start-timer").findLast((effect) => effect.timer === "result")?.afterMs;

describe("a result", () => {
  it.each<[string, Event, string]>([
    ["denied", shows(red("code-1", "holder-1"), at(1_000)), "denied"],
    ["referred", stranger(), "referred"],
  ])(
    "that is %s stays while its visitor stands there, and goes 2 s after they left",
    (_n, shown, outcome) => {
      const core = standing(shown);
      expect(phase(core)).toBe(outcome);
      expect(goesAfter(core)).toBeGreaterThanOrEqual(60_000);
      core.take(leaves(20_000));
      expect(phase(core)).toBe(outcome);
      expect(goesAfter(core)).toBe(2_000);
      core.elapse("result", 22_000);
      expect(phase(core)).toBe("welcome");
    },
  );

  it("is never shown to the next", () => {
    const core = standing(stranger());
    core.take(leaves(3_000));
    core.take(arrives(3_500));
    expect(phase(core)).toBe("welcome");
    expect(core.state.visit).toBeNull();
  });

  it("is not shown at all when somebody else stands there before it is written down", () => {
    const core = new CoreUnderTest();
    core.storeAnswers = false;
    core.take(thermometer(true));
    core.take(arrives());
    core.take(measured(38.4, 500));
    core.take(shows(aCredential(), at(1_000)));
    core.take(leaves(1_100));
    core.take(arrives(1_200));
    const [commit] = core.of("commit-record");
    core.take(event({ kind: "record-committed", key: commit?.record.key ?? "" }, at(1_300)));
    expect(core.state.visit).toBeNull();
    expect(phase(core)).toBe("welcome");
  });

  it("that is granted is shown for 8 s, and for as long as the gate is open", () => {
    const core = standing(shows(aCredential(), at(1_000)));
    expect(goesAfter(core)).toBe(8_000);
    core.take(event({ kind: "gate-changed", state: "released" }, at(1_010)));
    core.elapse("result", 9_000);
    expect(phase(core)).toBe("granted");
    core.take(event({ kind: "gate-changed", state: "locked" }, at(9_100)));
    core.elapse("result", 10_000);
    expect(phase(core)).toBe("welcome");
  });

  it("that is granted goes 2 s after its visitor walked off", () => {
    const core = standing(shows(aCredential(), at(1_000)));
    core.take(leaves(2_000));
    expect(goesAfter(core)).toBe(2_000);
    core.elapse("result", 4_000);
    expect(phase(core)).toBe("welcome");
  });

  it.each<[string, Event, number]>([
    ["denied", shows(red("code-1", "holder-1")), 8_000],
    ["referred", stranger(), 30_000],
  ])("that is %s has a bound where nobody sees who stands there", (_outcome, shown, boundMs) => {
    const core = new CoreUnderTest(aPolicy({ rules: aPolicy().rules.slice(0, 1) }));
    core.take(shown);
    expect(goesAfter(core)).toBe(boundMs);
  });

  it("takes a failing thermometer for a failing thermometer, not for a visitor who leaves", () => {
    const core = standing(stranger());
    core.take(thermometer(false, 5_000));
    core.take(leaves(5_000));
    expect(goesAfter(core)).toBe(30_000);
    expect(phase(core)).toBe("referred");
  });

  it("that the policy wants to show for longer is", () => {
    const { visit } = aPolicy();
    const policy = aPolicy({ visit: { ...visit, resultMs: 12_000 } });
    expect(goesAfter(standing(shows(aCredential(), at(1_000)), policy))).toBe(12_000);
  });

  it("leaves the panel as the mode has it", () => {
    const core = new CoreUnderTest();
    const command = { name: "lock-down" as const, active: true };
    const authority = { by: "key", why: "drill" };
    core.take(event({ kind: "commanded", command, commandId: "c", authority }));
    core.take(shows(aCredential()));
    core.elapse("result", 8_000);
    expect(core.of("signal").at(-1)?.signal).toBe("denied");
  });
});
