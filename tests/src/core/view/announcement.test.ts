import { describe, expect, it } from "vitest";
import type { Announcement } from "../../../../src/core/view/announcement.ts";
import { aCredential, arrives, at, event, lays, leaves } from "../../../support/core.ts";
import { card, measured, paper, red, shows } from "../../../support/core.ts";
import { CoreUnderTest } from "../../../support/doorway-core.ts";

/** Phase and next step of everything that was announced, in order. */
const announced = (core: CoreUnderTest): string[] =>
  core.of("announce").map(({ announcement: { phase, nextStep } }) => `${phase}: ${nextStep}`);

const works = (device: "gate" | "code-reader" | "card-reader" | "thermometer") =>
  event({ kind: "device-changed", device, ok: true, detail: "" });

describe("an announcement", () => {
  it("leads a visitor through a visit, one step after the other", () => {
    const core = new CoreUnderTest();
    core.take(works("gate"));
    core.take(works("code-reader"));
    core.take(shows(aCredential()));
    core.take(event({ kind: "temperature-failed", failure: "unsteady" }));
    core.take(measured(36.5));
    core.take(event({ kind: "gate-changed", state: "released" }));
    core.take(event({ kind: "gate-changed", state: "locked" }, at(3_000)));
    expect(announced(core)).toEqual([
      "welcome: show-credential",
      "checking: give-evidence",
      "checking: hold-still",
      "checking: wait",
      "granted: enter",
      "granted: show-again",
    ]);
  });

  it("names what is awaited, and why a visitor is not admitted", () => {
    const core = new CoreUnderTest();
    core.take(measured(36.5));
    core.take(shows(paper()));
    expect(core.announcement()).toMatchObject({ awaits: ["id-card"], nextStep: "give-evidence" });
    core.take(lays(card("holder-2")));
    expect(core.announcement()).toMatchObject({
      phase: "denied",
      reasons: [{ code: "holder-mismatch" }],
      awaits: [],
      nextStep: "follow-reasons",
    });
  });

  it("says a hint and takes it back", () => {
    const core = new CoreUnderTest();
    core.take(shows(aCredential({ kind: "unknown", isValid: false, reasons: [] })));
    expect(core.announcement()).toMatchObject({ phase: "welcome", hint: "not-a-health-code" });
    core.elapse("hint", 5_000);
    expect(core.announcement()).not.toHaveProperty("hint");
  });

  it("follows an opening by staff, an exit, a lock-down and an evacuation", () => {
    const authority = { by: "li", why: "test" };
    const commanded = (name: "lock-down" | "evacuate", active: boolean) =>
      event({ kind: "commanded", command: { name, active }, commandId: "c", authority });
    const core = new CoreUnderTest();
    core.take(event({ kind: "operator-decided", verdict: "grant", authority }));
    core.take(event({ kind: "gate-changed", state: "locked" }, at(3_000)));
    core.take(event({ kind: "contact-changed", contact: "exit-request", active: true }, at(9_000)));
    core.take(event({ kind: "gate-changed", state: "locked" }, at(12_000)));
    core.take(commanded("lock-down", true));
    core.take(commanded("evacuate", true));
    expect(announced(core)).toEqual([
      "opened: enter",
      "welcome: ask-staff",
      "exit: wait",
      "welcome: ask-staff",
      "locked-down: ask-staff",
      "evacuation: leave",
    ]);
  });

  it("is made once for each change, whatever else happens", () => {
    const core = new CoreUnderTest();
    core.take(works("thermometer"));
    core.take(arrives());
    core.take(shows(red("code-1", "holder-1")));
    const before = core.of("announce").length;
    core.take(measured(36.5, 100));
    core.take(event({ kind: "link-changed", link: "broker", ok: false }, at(200)));
    expect(core.of("announce")).toHaveLength(before);
    core.take(leaves(1_000));
    core.elapse("result", 3_000);
    const last: Announcement | undefined = core.announcement();
    expect(last).toMatchObject({ phase: "welcome", reasons: [] });
    expect(last).not.toHaveProperty("visitRef");
  });
});
