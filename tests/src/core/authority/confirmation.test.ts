import { describe, expect, it } from "vitest";
import type { Credential } from "../../../../src/core/evidence/evidence.ts";
import type { ReasonCode } from "../../../../src/core/reason.ts";
import {
  aCredential,
  aPolicy,
  arrives,
  event,
  measured,
  piece,
  red,
  shows,
} from "../../../support/core.ts";
import { CoreUnderTest } from "../../../support/doorway-core.ts";
import { answers, by, decides, referred } from "./support.ts";

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
    aCredential({ isValid: false, reasons: [{ code }] as Credential["reasons"] });

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
