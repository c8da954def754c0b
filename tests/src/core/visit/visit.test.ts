import { describe, expect, it } from "vitest";
import {
  aCredential,
  aPolicy,
  at,
  event,
  lays,
  NOON_MS,
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

describe("a visit", () => {
  it.each([
    ["code first", () => [shows(aCredential()), measured(36.5)]],
    ["temperature first", () => [arrives(), measured(36.5), shows(aCredential())]],
  ])("is granted with its evidence in any order: %s", (_name, events) => {
    const core = new CoreUnderTest();
    for (const each of events()) core.take(each);
    expect(core.outcome()).toBe("granted");
    expect(core.of("release-gate")).toEqual([
      expect.objectContaining({ cause: "granted", releaseMs: 3_000 }),
    ]);
  });

  it("asks for the temperature it lacks, and again when it was unsteady", () => {
    const core = new CoreUnderTest();
    core.take(shows(aCredential()));
    expect(core.of("measure-temperature")).toHaveLength(1);
    core.take(event({ kind: "temperature-failed", failure: "unsteady" }));
    expect(core.of("measure-temperature")).toHaveLength(2);
    core.take(event({ kind: "temperature-failed", failure: "sensor-fault" }));
    expect(core.of("measure-temperature")).toHaveLength(2);
  });

  it("that lacks something when its window is over is decided by what is missing", () => {
    const core = new CoreUnderTest();
    core.take(shows(aCredential()));
    core.elapse("visit-window", 20_000);
    expect(core.outcome()).toBe("referred");
    expect(core.reasons()).toEqual(["temperature-missing"]);
    expect(core.of("release-gate")).toEqual([]);
  });

  it("need not wait for a thermometer that has just died", () => {
    const core = new CoreUnderTest();
    core.take(shows(aCredential()));
    core.take(event({ kind: "device-changed", device: "thermometer", ok: false, detail: "gone" }));
    expect(core.outcome()).toBe("referred");
  });

  it("moves nothing before its record is durable", () => {
    const core = new CoreUnderTest();
    core.storeAnswers = false;
    core.take(measured(36.5));
    core.take(shows(aCredential()));
    expect(core.of("release-gate")).toEqual([]);
    const [commit] = core.of("commit-record");
    if (commit === undefined) throw new Error("nothing was to be recorded");
    core.take(event({ kind: "record-committed", key: "another" }));
    expect(core.of("release-gate")).toEqual([]);
    core.take(event({ kind: "record-committed", key: commit.record.key }));
    expect(core.of("release-gate")).toHaveLength(1);
    core.take(event({ kind: "record-committed", key: commit.record.key }));
    expect(core.of("release-gate")).toHaveLength(1);
  });

  it.each([
    ["in time", 500, "granted", 1],
    ["after the unit stood still, before its own timer", 501, "referred", 0],
  ])("whose record is durable %s", (_when, atMs, outcome, releases) => {
    const core = new CoreUnderTest();
    core.storeAnswers = false;
    core.take(measured(36.5));
    core.take(shows(aCredential()));
    const [commit] = core.of("commit-record");
    core.take(event({ kind: "record-committed", key: commit?.record.key ?? "" }, at(atMs)));
    expect(core.outcome()).toBe(outcome);
    expect(core.of("release-gate")).toHaveLength(releases);
  });

  it.each([
    ["refer" as const, "referred", 0],
    ["deny" as const, "denied", 0],
    ["grant" as const, "granted", 1],
  ])(
    "whose record is not durable in time does as the policy says: %s",
    (when, outcome, releases) => {
      const policy = aPolicy({ record: { commitWithinMs: 500, whenNotCommitted: when } });
      const core = new CoreUnderTest(policy);
      core.storeAnswers = false;
      core.take(measured(36.5));
      core.take(shows(aCredential()));
      core.elapse("commit-deadline", 500);
      expect(core.outcome()).toBe(outcome);
      expect(core.of("release-gate")).toHaveLength(releases);
      expect(core.state.alarms.map((alarm) => alarm.kind)).toContain("record-not-committed");
    },
  );

  it("sends nothing personal into the chain", () => {
    const core = new CoreUnderTest();
    core.take(measured(36.5));
    core.take(shows(aCredential()));
    const [commit] = core.of("commit-record");
    expect(JSON.stringify(commit?.record.body)).not.toMatch(/holder-1|王/);
    expect(commit?.record.personal).toEqual({
      holderPseudonym: "holder-1",
      maskedName: "王**",
      codeReference: "code-1",
    });
  });

  it.each([
    ["within its window", 59_999, ["code-reused"]],
    ["when its window is over", 60_000, []],
  ])("after a restart knows a live code that let somebody in %s", (_what, agoMs, reasons) => {
    const core = new CoreUnderTest();
    core.take(event({ kind: "codes-remembered", used: [{ reference: "code-1", agoMs }] }));
    core.take(measured(36.5));
    core.take(shows(aCredential()));
    expect(core.reasons()).toEqual(reasons);
  });

  it.each([
    ["back, as it is now known", -3_600_000, ["code-reused"]],
    ["back by less", -1_000, []],
    ["forward", 3_600_000, []],
  ])("dates a code of before the restart anew when the clock is set %s", (_what, byMs, reasons) => {
    const core = new CoreUnderTest();
    const used = [{ reference: "code-1", agoMs: 3_600_000 + 10_000 }];
    core.take(event({ kind: "codes-remembered", used }));
    core.take(event({ kind: "clock-changed", byMs, trusted: true }));
    core.take(measured(36.5));
    core.take(shows(aCredential()));
    expect(core.reasons()).toEqual(reasons);
  });

  it("counts a code of before the restart as used no later than the restart", () => {
    const core = new CoreUnderTest();
    core.take(event({ kind: "codes-remembered", used: [{ reference: "code-1", agoMs: 5_000 }] }));
    core.take(event({ kind: "clock-changed", byMs: -86_400_000, trusted: true }));
    const atMs = core.state.usedCodes.map((code) => code.atMs);
    expect(atMs).toEqual([0]);
  });

  it("ends taken, not taken or unobserved, by what the door contact saw", () => {
    for (const [contacts, opens, ending] of [
      [true, true, "taken"],
      [true, false, "not-taken"],
      [false, false, "unobserved"],
    ] as const) {
      const core = new CoreUnderTest();
      if (contacts) {
        const device = "door-contacts";
        core.take(event({ kind: "device-changed", device, ok: true, detail: "" }));
      }
      core.take(measured(36.5));
      core.take(shows(aCredential()));
      core.take(event({ kind: "gate-changed", state: "released" }));
      if (opens) {
        core.take(event({ kind: "contact-changed", contact: "door-open", active: true }));
      }
      core.take(event({ kind: "gate-changed", state: "locked" }));
      const ended = core.records().filter((record) => record.type === "visit-ended");
      expect(ended).toEqual([expect.objectContaining({ ending })]);
      expect(core.state.alarms).toEqual([]);
    }
  });
});

describe("a visitor whose way stays open for something else", () => {
  const openings: [string, Parameters<CoreUnderTest["take"]>[0]][] = [
    ["a fire", event({ kind: "contact-changed", contact: "fire", active: true }, at(1_000))],
    [
      "a release from afar",
      event(
        {
          kind: "commanded",
          command: { name: "release" },
          commandId: "c",
          authority: { by: "key", why: "a delivery" },
        },
        at(1_000),
      ),
    ],
  ];
  it.each(openings)("is not said to have stayed outside: %s", (_what, opening) => {
    const core = new CoreUnderTest();
    core.take(event({ kind: "device-changed", device: "door-contacts", ok: true, detail: "" }));
    core.take(measured(36.5));
    core.take(shows(aCredential()));
    core.take(event({ kind: "gate-changed", state: "released" }));
    core.take(opening);
    const ended = core.records().filter((record) => record.type === "visit-ended");
    expect(ended).toEqual([expect.objectContaining({ ending: "unobserved" })]);
  });
});

describe("the same person", () => {
  it("shows another code of theirs: what the first said still counts", () => {
    const core = new CoreUnderTest();
    core.take(shows(aCredential({ issuedAtMs: NOON_MS - 3_600_000 })));
    expect(core.reasons()).toEqual(["live-code-too-old"]);
    core.take(shows(aCredential({ reference: "code-1b" }), at(3_000)));
    core.take(measured(36.5, 3_500));
    expect(core.outcome()).toBe("granted");
  });

  it("holds the same code up while it is being checked: one visit", () => {
    const core = new CoreUnderTest();
    core.take(shows(aCredential()));
    core.take(shows(aCredential()));
    core.take(measured(36.5));
    const decided = core.records().filter((record) => record.type === "visit-decided");
    expect(decided).toHaveLength(1);
  });

  it("shows the paper and lays the card, in either order", () => {
    const paperFirst = new CoreUnderTest();
    paperFirst.take(measured(36.5));
    paperFirst.take(shows(paper()));
    expect(paperFirst.awaits()).toEqual(["id-card"]);
    paperFirst.take(lays(card()));
    expect(paperFirst.outcome()).toBe("granted");

    const cardFirst = new CoreUnderTest();
    const unknown = { isValid: false, reasons: [{ code: "holder-unknown" as const }] };
    cardFirst.take(lays({ ...card(), ...unknown }));
    expect(cardFirst.outcome()).toBe("referred");
    cardFirst.take(shows(paper(), at(2_000)));
    cardFirst.take(measured(36.5, 2_500));
    expect(cardFirst.outcome()).toBe("granted");
  });

  it("may step back for the card: the paper still counts, the temperature is taken anew", () => {
    const core = new CoreUnderTest();
    core.take(arrives());
    core.take(measured(36.5));
    core.take(shows(paper()));
    core.take(leaves());
    expect(core.state.visit).toBeNull();
    core.take(arrives(3_000));
    core.take(lays(card(), at(4_000)));
    expect(core.awaits()).toEqual(["temperature"]);
    core.take(measured(36.5, 5_000));
    expect(core.outcome()).toBe("granted");
    expect(core.state.visit?.credential.kind).toBe("health-pass-paper");
  });

  it("who left a paper behind is not taken for the next one with a card", () => {
    const core = new CoreUnderTest();
    core.take(arrives());
    core.take(measured(36.5));
    core.take(shows(paper()));
    core.take(leaves());
    core.take(arrives(3_000));
    core.take(measured(36.6, 3_500));
    core.take(lays({ ...card("holder-2"), evidence: aCredential().evidence }, at(4_000)));
    expect(core.outcome()).toBe("granted");
    expect(core.state.visit?.credential.holder?.pseudonym).toBe("holder-2");
  });

  it("may not use a card beside the paper whose holder left while it was read", () => {
    const core = new CoreUnderTest();
    core.take(arrives());
    core.take(leaves(1_000));
    core.take(laysAt(1_500, 500));
    core.take(arrives(2_000));
    core.take(measured(36.5, 2_500));
    core.take(shows(paper(), at(3_000)));
    expect(core.awaits()).toEqual(["id-card"]);
  });

  it("is not taken for who stands there when the thermometer comes back, and goes on with the card", () => {
    const core = new CoreUnderTest();
    const thermometer = (ok: boolean) =>
      core.take(event({ kind: "device-changed", device: "thermometer", ok, detail: "" }));
    thermometer(false);
    core.take(shows(paper()));
    thermometer(true);
    core.take(arrives());
    core.take(measured(39.4));
    expect(core.state.visit).toBeNull();
    core.take(leaves(4_000));
    core.take(arrives(5_000));
    core.take(measured(36.5, 5_500));
    core.take(lays(card(), at(6_000)));
    expect(core.outcome()).toBe("granted");
    expect(core.state.visit?.credential.kind).toBe("health-pass-paper");
    expect(core.temperatureC()).toBe(36.5);
  });

  it("may not use somebody else's card beside the paper", () => {
    const core = new CoreUnderTest();
    core.take(measured(36.5));
    core.take(shows(paper()));
    core.take(lays(card("holder-2")));
    expect(core.reasons()).toEqual(["holder-mismatch"]);
  });

  it.each([
    ["of the holder", "holder-1", true],
    ["of somebody else", "holder-2", false],
  ])("has in its record what is known by the card %s: %s, %s", (_name, pseudonym, recorded) => {
    const core = new CoreUnderTest();
    core.take(measured(36.5));
    core.take(shows(paper()));
    const [known] = aCredential().evidence;
    const evidence = known === undefined ? [] : [{ ...known, id: "known-by-the-card" }];
    core.take(lays({ ...card(pseudonym), evidence }));
    const [commit] = core.of("commit-record");
    expect(JSON.stringify(commit?.record.body).includes("known-by-the-card")).toBe(recorded);
  });
});

describe("a showing while the record is being written", () => {
  it("is the next visit, once the first one counts", () => {
    const core = new CoreUnderTest();
    core.storeAnswers = false;
    core.take(measured(36.5));
    core.take(shows(aCredential()));
    core.take(shows(red("code-2", "holder-2")));
    expect(core.state.visit?.credential.reference).toBe("code-1");
    const [commit] = core.of("commit-record");
    core.take(event({ kind: "record-committed", key: commit?.record.key ?? "" }));
    expect(core.of("release-gate")).toHaveLength(1);
    expect(core.state.visit?.credential.reference).toBe("code-2");
    expect(core.outcome()).toBe("denied");
  });
});

describe("staff", () => {
  const authority = { by: "li", why: "known to us" };
  const decides = (verdict: "grant" | "deny", visitRef?: string) =>
    event({
      kind: "operator-decided",
      verdict,
      authority,
      ...(visitRef === undefined ? {} : { visitRef }),
    });

  it("lets in whoever was referred, with the reason on record", () => {
    const core = new CoreUnderTest();
    core.take(shows(aCredential()));
    core.elapse("visit-window", 20_000);
    core.take(decides("grant", core.state.visit?.ref));
    expect(core.outcome()).toBe("granted");
    expect(core.of("release-gate")).toEqual([expect.objectContaining({ cause: "operator" })]);
    expect(core.records()).toContainEqual(
      expect.objectContaining({ type: "visit-decided", authority }),
    );
  });

  it("turns away", () => {
    const core = new CoreUnderTest();
    core.take(shows(aCredential()));
    core.elapse("visit-window", 20_000);
    core.take(decides("deny", core.state.visit?.ref));
    expect(core.reasons()).toEqual(["operator-refused"]);
    expect(core.of("release-gate")).toEqual([]);
  });

  it("lets in somebody with nothing at all, after it is recorded", () => {
    const core = new CoreUnderTest();
    core.storeAnswers = false;
    core.take(decides("grant"));
    expect(core.of("release-gate")).toEqual([]);
    const [commit] = core.of("commit-record");
    core.take(event({ kind: "record-committed", key: commit?.record.key ?? "" }));
    expect(core.of("release-gate")).toEqual([expect.objectContaining({ cause: "operator" })]);
  });

  it.each([
    [500, 1],
    [501, 0],
  ])("let somebody in when the record took %i ms: %i releases", (atMs, releases) => {
    const core = new CoreUnderTest();
    core.storeAnswers = false;
    core.take(decides("grant"));
    const [commit] = core.of("commit-record");
    core.take(event({ kind: "record-committed", key: commit?.record.key ?? "" }, at(atMs)));
    expect(core.of("release-gate")).toHaveLength(releases);
  });

  it("cannot let anybody in unrecorded, nor in a lock-down", () => {
    const unrecorded = new CoreUnderTest();
    unrecorded.storeAnswers = false;
    unrecorded.take(decides("grant"));
    unrecorded.elapse("release-deadline", 500);
    const [commit] = unrecorded.of("commit-record");
    unrecorded.take(event({ kind: "record-committed", key: commit?.record.key ?? "" }));
    expect(unrecorded.of("release-gate")).toEqual([]);

    const locked = new CoreUnderTest();
    const command = { name: "lock-down" as const, active: true };
    locked.take(event({ kind: "commanded", command, commandId: "c1", authority }));
    const refused = [expect.objectContaining({ answer: { done: false, code: "locked-down" } })];
    expect(locked.take(decides("grant"))).toEqual(refused);
    locked.take(shows(aCredential()));
    expect(locked.outcome()).toBe("denied");
    expect(locked.take(decides("grant", locked.state.visit?.ref))).toEqual(refused);
  });
});

describe("bad reads", () => {
  it("in a row raise an alarm at the fifth, and one good read clears it", () => {
    const core = new CoreUnderTest();
    const fails = () => event({ kind: "read-failed", device: "card-reader", detail: "x" });
    for (let count = 1; count <= 4; count++) core.take(fails());
    expect(core.state.alarms).toEqual([]);
    core.take(shows(aCredential({ isValid: false, reasons: [{ code: "malformed" }] })));
    expect(core.state.alarms.map((alarm) => alarm.kind)).toEqual(["repeated-bad-reads"]);
    core.take(shows(aCredential({ reference: "good" })));
    expect(core.state.alarms).toEqual([]);
  });
});
