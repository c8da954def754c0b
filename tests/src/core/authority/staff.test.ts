import { describe, expect, it } from "vitest";
import type { OperatorAnswer } from "../../../../src/core/authority/answer.ts";
import type { Credential } from "../../../../src/core/evidence/evidence.ts";
import type { ReasonCode } from "../../../../src/core/reason.ts";
import {
  aCredential,
  aPolicy,
  arrives,
  at,
  card,
  event,
  lays,
  measured,
  piece,
  red,
  shows,
} from "../../../support/core.ts";
import { CoreUnderTest } from "../../../support/doorway-core.ts";

const by = (name: string) => ({ by: name, why: "known customer, checked passport" });

interface Decision {
  verdict?: "grant" | "deny";
  visitRef?: string | undefined;
  confirm?: readonly ReasonCode[];
  confirmFor?: string | undefined;
  who?: string;
  atMs?: number;
}

const decides = ({
  verdict = "grant",
  visitRef,
  confirm,
  confirmFor,
  who = "li",
  atMs = 0,
}: Decision = {}) =>
  event(
    {
      kind: "operator-decided",
      verdict,
      authority: by(who),
      ...(visitRef === undefined ? {} : { visitRef }),
      ...(confirm === undefined ? {} : { confirm }),
      ...(confirmFor === undefined ? {} : { confirmFor }),
    },
    at(atMs),
  );

const answers = (core: CoreUnderTest): OperatorAnswer[] =>
  core.of("answer-operator").map((effect) => effect.answer);

/** A stranger whose card nobody knows: referred. */
function referred(): CoreUnderTest {
  const core = new CoreUnderTest();
  core.take(measured(36.5));
  const reasons = [{ code: "holder-unknown" as const }];
  core.take(lays({ ...card("stranger"), holds: false, reasons }));
  expect(core.outcome()).toBe("referred");
  return core;
}

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

describe("a second, explicit step", () => {
  const green = aCredential().evidence;
  const nobodyAsks = aPolicy({ rules: [] });
  const positive = piece({
    kind: "nucleic-acid-test",
    disease: "covid-19",
    result: "positive",
    sampledAtMs: 0,
  });
  const failing = (code: ReasonCode): Credential =>
    aCredential({ holds: false, reasons: [{ code }] as Credential["reasons"] });

  it.each<[string, Credential, ReasonCode]>([
    ["a red code", red("code-2", "holder-2"), "code-red"],
    [
      "a positive test that no rule asks about",
      aCredential({ evidence: [...green, positive] }),
      "test-positive",
    ],
    ["a forged code", failing("signature-invalid"), "signature-invalid"],
    ["a code that was called back", failing("revoked"), "revoked"],
  ])("is asked for by %s, and names it", (_what, credential, code) => {
    const policy = code === "test-positive" ? aPolicy({ acceptedCredentials: [] }) : aPolicy();
    const core = new CoreUnderTest(policy);
    core.take(measured(36.5));
    core.take(shows(credential));
    expect(core.outcome()).toBe("denied");
    const visitRef = core.state.visit?.ref ?? "";
    core.take(decides({ visitRef }));
    core.take(decides({ visitRef, confirm: ["temperature-high"] }));
    for (const answer of answers(core)) {
      expect(answer).toMatchObject({
        code: "confirm-needed",
        confirm: [code],
        there: { visitRef },
      });
    }
    expect(core.of("release-gate")).toEqual([]);
    core.take(decides({ visitRef, confirm: [code] }));
    expect(answers(core).at(-1)).toEqual({ done: true, did: "admitted", recorded: true });
    expect(core.of("release-gate")).toHaveLength(1);
  });

  it("is not asked for again about whoever was let in with it", () => {
    const core = new CoreUnderTest();
    core.take(measured(36.5));
    core.take(shows(red("code-2", "holder-2")));
    const visitRef = core.state.visit?.ref ?? "";
    core.take(decides({ visitRef, confirm: ["code-red"] }));
    expect(core.of("release-gate")).toHaveLength(1);
    core.take(decides());
    expect(answers(core).at(-1)).toMatchObject({ code: "already-open" });
  });

  it("is asked for, too, to open without a visit while such a visitor stands there", () => {
    const core = new CoreUnderTest();
    core.take(measured(36.5));
    core.take(shows(red("code-2", "holder-2")));
    core.take(decides());
    expect(answers(core).at(-1)).toMatchObject({ code: "confirm-needed", confirm: ["code-red"] });
    core.take(decides({ confirm: ["code-red"] }));
    expect(answers(core).at(-1)).toMatchObject({ code: "confirm-needed" });
    core.take(decides({ confirm: ["code-red"], confirmFor: core.state.visit?.ref }));
    expect(answers(core).at(-1)).toEqual({ done: true, did: "opened", recorded: true });
  });

  it("taken for one visitor is not taken for the next, whose code is as red", () => {
    const core = new CoreUnderTest();
    core.take(measured(36.5));
    core.take(shows(red("code-2", "holder-2")));
    core.take(decides());
    const confirmFor = core.state.visit?.ref;
    core.take(shows(red("code-3", "holder-3")));
    expect(core.state.visit?.ref).not.toBe(confirmFor);
    core.take(decides({ confirm: ["code-red"], confirmFor }));
    const there = { visitRef: core.state.visit?.ref };
    expect(answers(core).at(-1)).toMatchObject({ code: "confirm-needed", there });
    expect(core.of("release-gate")).toEqual([]);
  });

  it("from afar names the visit: whoever stands there may be another by then", () => {
    const core = new CoreUnderTest();
    core.take(measured(36.5));
    core.take(shows(red("code-2", "holder-2")));
    const visitRef = core.state.visit?.ref ?? "";
    const confirm: ReasonCode[] = ["code-red"];
    const release = (about: { visitRef?: string }) =>
      core.take(
        event({
          kind: "commanded",
          command: { name: "release", confirm, ...about },
          commandId: "c",
          authority: by("key"),
        }),
      );
    release({});
    expect(core.of("answer-command").at(-1)).toMatchObject({ result: "refused" });
    expect(core.of("answer-command").at(-1)?.detail).toContain(visitRef);
    expect(core.of("release-gate")).toEqual([]);
    release({ visitRef });
    expect(core.of("release-gate")).toHaveLength(1);
  });

  it("is not needed to refuse, nor for a stranger", () => {
    const core = new CoreUnderTest();
    core.take(measured(36.5));
    core.take(shows(red("code-2", "holder-2")));
    core.take(decides({ visitRef: core.state.visit?.ref, verdict: "deny" }));
    expect(answers(core)).toEqual([{ done: true, did: "turned-away", recorded: true }]);
    const stranger = referred();
    stranger.take(decides({ visitRef: stranger.state.visit?.ref }));
    expect(answers(stranger)).toEqual([{ done: true, did: "admitted", recorded: true }]);
  });

  it("is for findings, not for every rule: nothing is grave where nothing was found", () => {
    const core = new CoreUnderTest(nobodyAsks);
    core.take(arrives());
    core.take(decides());
    expect(answers(core)).toEqual([{ done: true, did: "opened", recorded: true }]);
  });
});

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
