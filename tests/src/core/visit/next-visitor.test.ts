import { describe, expect, it } from "vitest";
import type { Event } from "../../../../src/core/event.ts";
import {
  aCredential,
  at,
  event,
  lays,
  shows,
  measured,
  arrives,
  leaves,
  red,
  paper,
  card,
  laysAt,
} from "../../../support/core.ts";
import { CoreUnderTest } from "../../../support/doorway-core.ts";

describe("one person's evidence never counts for the next", () => {
  it("when somebody else shows a code before the first was measured", () => {
    const core = new CoreUnderTest();
    core.take(shows(aCredential()));
    core.take(shows(aCredential({ reference: "code-2", holder: { pseudonym: "holder-2" } })));
    expect(core.records()).toContainEqual(
      expect.objectContaining({ type: "visit-ended", ending: "abandoned" }),
    );
    core.take(measured(36.5));
    const decided = core.records().filter((record) => record.type === "visit-decided");
    expect(decided).toHaveLength(1);
    expect(core.state.visit?.credential.reference).toBe("code-2");
  });

  it("when the first walks away before being measured", () => {
    const core = new CoreUnderTest();
    core.take(arrives());
    core.take(shows(aCredential()));
    core.take(leaves());
    expect(core.state.visit).toBeNull();
    core.take(arrives());
    core.take(measured(36.5));
    expect(core.of("release-gate")).toEqual([]);
  });

  it.each([
    ["before anybody came", [leaves(1_000)]],
    ["when somebody else stood there already", [leaves(1_000), arrives(1_300)]],
  ])("when the first left while their card was being read, and the reading came %s", (_w, gone) => {
    const core = new CoreUnderTest();
    core.take(arrives());
    core.take(measured(38.4));
    for (const each of gone) core.take(each);
    core.take(laysAt(1_400, 900));
    expect(core.state.visit).toBeNull();
    expect(core.records()).toContainEqual(
      expect.objectContaining({ type: "visit-ended", ending: "abandoned" }),
    );
    core.take(arrives(1_500));
    core.take(measured(36.5, 2_000));
    expect(core.of("release-gate")).toEqual([]);
    // Back at the door they lay it again, and are measured themselves.
    core.take(laysAt(3_000, 2_900));
    expect(core.state.visit?.credential.reference).toBe("card-holder-1");
  });

  it.each<[string, Event[], string | undefined]>([
    ["stays and shows their paper", [], "granted"],
    ["left before somebody shows their paper", [leaves(1_500), arrives(1_600)], undefined],
    ["left unseen before somebody comes and shows their paper", [arrives(1_600)], undefined],
  ])("when whoever laid their card, and was turned away, %s", (_what, between, outcome) => {
    const core = new CoreUnderTest();
    core.take(measured(36.5));
    core.take(lays({ ...card(), evidence: [] }, at(1_000)));
    expect(core.outcome()).not.toBe("granted");
    for (const each of between) core.take(each);
    core.take(measured(36.5, 1_700));
    core.take(shows(paper(), at(2_000)));
    expect(core.outcome()).toBe(outcome);
    expect(core.awaits()).toEqual(outcome === undefined ? ["id-card"] : []);
  });

  it("when whoever laid their card left while its record was written", () => {
    const core = new CoreUnderTest();
    core.storeAnswers = false;
    core.take(measured(36.5));
    core.take(lays({ ...card(), evidence: [] }, at(1_000)));
    core.take(leaves(1_100));
    const commit = core.of("commit-record").at(-1);
    core.take(event({ kind: "record-committed", key: commit?.record.key ?? "" }, at(1_200)));
    core.take(shows(paper(), at(2_000)));
    expect(core.state.visit?.supportingCard).toBeUndefined();
    expect(core.temperatureC()).toBeUndefined();
  });

  it("when a friend was measured, was turned away and left, and the holder shows a fresh code", () => {
    const core = new CoreUnderTest();
    core.take(arrives());
    core.take(measured(36));
    core.take(shows(red("code-1", "holder-1"), at(1_000)));
    expect(core.outcome()).toBe("denied");
    core.take(leaves(1_500));
    core.take(arrives(1_600));
    core.take(shows(aCredential({ reference: "code-2" }), at(2_000)));
    expect(core.outcome()).toBeUndefined();
    core.take(measured(38.5, 2_100));
    expect(core.outcome()).not.toBe("granted");
  });

  it("when staff turn somebody away who has left, and the same holder's code is shown again", () => {
    const core = new CoreUnderTest();
    core.take(arrives());
    core.take(measured(38.5));
    core.take(shows(aCredential(), at(1_000)));
    const visitRef = core.state.visit?.ref ?? "";
    core.take(leaves(1_500));
    core.take(arrives(1_600));
    const authority = { by: "nurse", why: "asked" };
    core.take(event({ kind: "operator-decided", visitRef, verdict: "deny", authority }, at(2_000)));
    core.take(shows(aCredential({ reference: "code-2" }), at(2_500)));
    expect(core.temperatureC()).toBeUndefined();
    core.take(measured(36.5, 3_000));
    expect(core.outcome()).toBe("granted");
  });

  it("when the second showed their code while the first's record was written, and left", () => {
    const core = new CoreUnderTest();
    core.storeAnswers = false;
    core.take(arrives());
    core.take(measured(36.5));
    core.take(shows(aCredential()));
    core.take(shows(aCredential({ reference: "code-2", holder: { pseudonym: "holder-2" } })));
    core.take(leaves(500));
    expect(core.state.visit).not.toHaveProperty("next");
    const [commit] = core.of("commit-record");
    core.take(event({ kind: "record-committed", key: commit?.record.key ?? "" }));
    expect(core.state.visit?.credential.reference).not.toBe("code-2");
  });

  it("when the first was measured and left without showing anything", () => {
    const core = new CoreUnderTest();
    core.take(arrives());
    core.take(measured(36.5));
    core.take(leaves());
    core.take(shows(aCredential()));
    expect(core.outcome()).toBeUndefined();
    expect(core.awaits()).toEqual(["temperature"]);
  });

  it("when a measurement comes back after its visit is over", () => {
    const core = new CoreUnderTest();
    core.take(shows(aCredential()));
    core.elapse("visit-window", 20_000);
    core.take(measured(36.5, 20_001));
    core.take(shows(aCredential({ reference: "code-2", holder: { pseudonym: "holder-2" } })));
    expect(core.outcome()).toBeUndefined();
  });

  it("when the one who was admitted is followed without a gap", () => {
    const core = new CoreUnderTest();
    core.take(arrives());
    core.take(measured(36.5));
    core.take(shows(aCredential()));
    core.take(shows(aCredential({ reference: "code-2", holder: { pseudonym: "holder-2" } })));
    expect(core.awaits()).toEqual(["temperature"]);
    expect(core.of("release-gate")).toHaveLength(1);
  });
});
