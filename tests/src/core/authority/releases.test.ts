import { describe, expect, it } from "vitest";
import { aCredential, at, event, measured, shows } from "../../../support/core.ts";
import { CoreUnderTest } from "../../../support/doorway-core.ts";
import { answers, by, decides } from "./support.ts";

describe("the record is what happened", () => {
  it("a release that staff asked for and that was recorded too late is corrected", () => {
    const core = new CoreUnderTest();
    core.storeAnswers = false;
    core.take(decides());
    const [commit] = core.of("commit-record");
    core.take(event({ kind: "record-committed", key: commit?.record.key ?? "" }, at(501)));
    expect(core.of("release-gate")).toEqual([]);
    expect(answers(core)).toEqual([{ done: false, code: "not-recorded" }]);
    const [released] = core.records();
    const releaseRef = released?.type === "gate-released" ? released.releaseRef : "none";
    expect(core.records()).toContainEqual({
      type: "gate-not-released",
      cause: "operator",
      why: "not-recorded",
      authority: by("li"),
      releaseRef,
    });
  });

  it.each([
    ["fire", "evacuation"],
    ["lock-down", "locked-down"],
  ])("a release that a %s overtakes is corrected and answered", (what, why) => {
    const core = new CoreUnderTest();
    core.storeAnswers = false;
    core.take(decides());
    const [commit] = core.of("commit-record");
    const command = { name: "lock-down" as const, active: true };
    core.take(
      what === "fire"
        ? event({ kind: "contact-changed", contact: "fire", active: true })
        : event({ kind: "commanded", command, commandId: "c", authority: by("key") }),
    );
    core.take(event({ kind: "record-committed", key: commit?.record.key ?? "" }));
    expect(core.records()).toContainEqual(
      expect.objectContaining({ type: "gate-not-released", cause: "operator", why }),
    );
    expect(answers(core)).toEqual([{ done: false, code: why }]);
  });

  it("a visitor who was granted while a lock-down came is denied on record, and the gate stays shut", () => {
    const core = new CoreUnderTest();
    core.storeAnswers = false;
    core.take(measured(36.5));
    core.take(shows(aCredential()));
    const [commit] = core.of("commit-record");
    const command = { name: "lock-down" as const, active: true };
    core.take(event({ kind: "commanded", command, commandId: "c", authority: by("key") }));
    core.take(event({ kind: "record-committed", key: commit?.record.key ?? "" }));
    expect(core.of("release-gate")).toEqual([]);
    expect(core.outcome()).toBe("denied");
    expect(core.reasons()).toEqual(["locked-down"]);
  });

  it("a visitor whose gate does not open is referred, on record, and may show the same code again", () => {
    const core = new CoreUnderTest();
    core.gateAnswers = false;
    core.take(measured(36.5));
    core.take(shows(aCredential()));
    const [release] = core.of("release-gate");
    const releaseRef = release?.releaseRef ?? "";
    const detail = "the relay does not answer";
    core.take(event({ kind: "gate-answered", releaseRef, cause: "granted", ok: false, detail }));
    expect(core.outcome()).toBe("referred");
    expect(core.reasons()).toEqual(["gate-failed"]);
    expect(core.state.passage).toBeNull();
    expect(core.state.usedCodes).toEqual([]);
    expect(core.records().map((record) => record.type)).toEqual([
      "visit-decided",
      "gate-not-released",
      "visit-decided",
    ]);
    const visitRef = core.state.visit?.ref;
    core.gateAnswers = true;
    core.take(decides({ visitRef }));
    expect(answers(core)).toEqual([{ done: true, did: "admitted", recorded: true }]);
  });

  it("an exit whose gate does not open is corrected", () => {
    const core = new CoreUnderTest();
    core.gateAnswers = false;
    core.take(event({ kind: "contact-changed", contact: "exit-request", active: true }));
    core.elapse("gate-deadline", 1_000);
    expect(core.records()).toContainEqual(
      expect.objectContaining({
        type: "gate-not-released",
        cause: "exit-request",
        why: "gate-silent",
      }),
    );
    expect(core.of("lock-gate")).toHaveLength(1);
  });

  it("an evacuation whose gate does not open says so once, until it does", () => {
    const core = new CoreUnderTest();
    core.gateAnswers = false;
    core.take(event({ kind: "contact-changed", contact: "fire", active: true }));
    const fails = () =>
      core.take(
        event({ kind: "gate-answered", releaseRef: "r", cause: "fire", ok: false, detail: "x" }),
      );
    fails();
    fails();
    const said = () => core.records().filter(({ type }) => type === "gate-not-released").length;
    expect(said()).toBe(1);
    core.take(event({ kind: "gate-changed", state: "released" }));
    fails();
    expect(said()).toBe(2);
  });

  it("the lock that ends the release before does not end the next", () => {
    const core = new CoreUnderTest();
    core.gateAnswers = false;
    core.take(decides());
    core.take(event({ kind: "gate-changed", state: "locked" }));
    expect(core.state.passage).not.toBeNull();
  });
});
