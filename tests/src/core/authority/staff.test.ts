import { describe, expect, it } from "vitest";
import { aCredential, at, card, event, lays, measured, red, shows } from "../../../support/core.ts";
import { CoreUnderTest } from "../../../support/doorway-core.ts";
import { answers, decides, referred } from "./support.ts";

describe("a decision of staff is about a visit, not about the screen", () => {
  it("and never about whoever came next", () => {
    const core = referred();
    const visitRef = core.state.visit?.ref;
    core.take(measured(36.5));
    core.take(shows(red("code-2", "holder-2")));
    expect(core.outcome()).toBe("denied");
    core.take(decides({ visitRef }));
    const there = { visitRef: core.state.visit?.ref, credentialKind: "health-pass-live" };
    expect(answers(core)).toEqual([{ done: false, code: "visit-over", there }]);
    expect(core.of("release-gate")).toEqual([]);
    expect(core.outcome()).toBe("denied");
  });

  it("says that the visit is over when nobody stands there", () => {
    const core = referred();
    const visitRef = core.state.visit?.ref;
    core.elapse("result", 60_000);
    core.take(decides({ visitRef, verdict: "deny" }));
    expect(answers(core)).toEqual([{ done: false, code: "visit-over" }]);
  });

  it("nor lets somebody in who was seen to leave: the gate would open for the next", () => {
    const core = referred();
    core.take(event({ kind: "device-changed", device: "thermometer", ok: true, detail: "" }));
    core.take(event({ kind: "presence-changed", present: true }, at(50)));
    const visitRef = core.state.visit?.ref;
    core.take(event({ kind: "presence-changed", present: false }, at(100)));
    expect(core.state.visit?.ref).toBe(visitRef);
    core.take(decides({ visitRef, atMs: 200 }));
    expect(answers(core)).toEqual([{ done: false, code: "visit-over" }]);
    expect(core.of("release-gate")).toEqual([]);
    core.take(decides({ visitRef, verdict: "deny", atMs: 300 }));
    expect(answers(core).at(-1)).toEqual({ done: true, did: "turned-away", recorded: true });
  });

  it("says that the visit was decided when the rules let its visitor in meanwhile", () => {
    const core = new CoreUnderTest();
    core.take(measured(36.5));
    core.take(shows(aCredential()));
    core.take(decides({ visitRef: core.state.visit?.ref }));
    expect(answers(core)).toEqual([{ done: false, code: "already-decided", outcome: "granted" }]);
    expect(core.of("release-gate")).toHaveLength(1);
  });

  it("waits for the rules that are being written down", () => {
    const core = new CoreUnderTest();
    core.storeAnswers = false;
    core.take(lays(card("stranger")));
    core.take(measured(39));
    core.take(decides({ visitRef: core.state.visit?.ref }));
    expect(answers(core)).toEqual([{ done: false, code: "being-decided" }]);
  });

  it("in an evacuation has nothing to decide", () => {
    const core = referred();
    core.take(event({ kind: "contact-changed", contact: "fire", active: true }));
    core.take(decides({ visitRef: core.state.visit?.ref }));
    core.take(decides());
    expect(answers(core).map((each) => !each.done && each.code)).toEqual([
      "evacuation",
      "evacuation",
    ]);
  });
});

describe("two staff, one visitor", () => {
  it.each([
    ["while the record is written", false],
    ["after it", true],
  ])("the second is told who decided, and nothing opens twice: %s", (_when, storeAnswers) => {
    const core = referred();
    core.storeAnswers = storeAnswers;
    const visitRef = core.state.visit?.ref;
    core.take(decides({ visitRef, who: "Wang" }));
    core.take(decides({ visitRef, who: "Li" }));
    const outcome = "granted";
    expect(answers(core)).toContainEqual({
      done: false,
      code: "already-decided",
      by: "Wang",
      outcome,
    });
    expect(core.of("release-gate").length).toBe(storeAnswers ? 1 : 0);
  });

  it("is told so also when the visit has left the screen", () => {
    const core = referred();
    const visitRef = core.state.visit?.ref;
    core.take(decides({ visitRef, verdict: "deny", who: "Wang" }));
    core.elapse("result", 4_000);
    core.take(decides({ visitRef }));
    expect(answers(core).at(-1)).toEqual({
      done: false,
      code: "already-decided",
      by: "Wang",
      outcome: "denied",
    });
  });

  it("opens once when both open without a visit", () => {
    const core = new CoreUnderTest();
    core.storeAnswers = false;
    core.take(decides({ who: "Wang" }));
    core.take(decides({ who: "Li" }));
    expect(answers(core)).toEqual([{ done: false, code: "already-open", by: "Wang" }]);
    const [commit] = core.of("commit-record");
    core.take(event({ kind: "record-committed", key: commit?.record.key ?? "" }));
    core.take(decides({ who: "Li" }));
    expect(answers(core).at(-1)).toEqual({ done: false, code: "already-open", by: "Wang" });
    expect(core.of("release-gate")).toHaveLength(1);
  });
});
