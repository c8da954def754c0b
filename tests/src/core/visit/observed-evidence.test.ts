import { afterEach, describe, expect, it } from "vitest";
import type { EvidenceOf } from "../../../../src/core/evidence/evidence.ts";
import { OBSERVED_SOURCES, type ObservedKind } from "../../../../src/core/evidence/observed.ts";
import type { Rule } from "../../../../src/core/policy/policy.ts";
import { aCredential, aPolicy, at, event, measured, paper, shows } from "../../../support/core.ts";
import { CoreUnderTest } from "../../../support/doorway-core.ts";

const SOURCES = { ...OBSERVED_SOURCES };

/** Adds a badge reader at the door: from now on membership is observed there. One entry, nothing else. */
function addBadgeReader(): void {
  Object.assign(OBSERVED_SOURCES, {
    membership: { device: "card-reader", request: { kind: "read-badge" } },
  });
}

const roster: Rule = {
  id: "roster",
  kind: "roster",
  roles: ["nurse"],
  whenUnmet: "deny",
  whenMissing: "refer",
  whenUnreachable: "refer",
};

/** What the badge reader reports. The type knows temperature only, so the kind is put in its place. */
const badge = (roles: readonly string[]) =>
  event({ kind: "evidence-observed", evidence: Object.assign(temperature(), membership(roles)) });

const membership = (roles: readonly string[]) => ({ kind: "membership", id: "badge-1", roles });

function temperature(): EvidenceOf<"temperature"> {
  const taken = measured(36.5);
  if (taken.kind !== "temperature-measured") throw new Error("no measurement");
  return taken.evidence;
}

afterEach(() => {
  for (const kind of Object.keys(OBSERVED_SOURCES)) Reflect.deleteProperty(OBSERVED_SOURCES, kind);
  Object.assign(OBSERVED_SOURCES, SOURCES);
});

describe("a new kind of observed evidence, added as one entry", () => {
  it("is awaited by the visit whose policy has a rule for it, and asked of its device", () => {
    addBadgeReader();
    const core = new CoreUnderTest(aPolicy({ rules: [roster] }));
    core.take(shows(aCredential()));
    expect(core.awaits()).toEqual(["membership"]);
    expect(core.effects).toContainEqual({ kind: "read-badge" });
    expect(core.take(badge(["nurse"])).map(({ kind }) => kind)).toContain("release-gate");
    expect(core.outcome()).toBe("granted");
  });

  it("is awaited together with a temperature, in any order", () => {
    addBadgeReader();
    const [, warm] = aPolicy().rules;
    if (warm === undefined) throw new Error("no rule");
    const core = new CoreUnderTest(aPolicy({ rules: [roster, warm] }));
    core.take(shows(aCredential()));
    expect(core.awaits()).toEqual(["membership", "temperature"]);
    core.take(measured(36.5));
    expect(core.awaits()).toEqual(["membership"]);
    core.take(badge(["courier"]));
    expect([core.outcome(), ...core.reasons()]).toEqual(["denied", "not-on-roster"]);
  });

  it("stays missing when the window is over, and is out of reach while its device is down", () => {
    addBadgeReader();
    const core = new CoreUnderTest(aPolicy({ rules: [roster] }));
    core.take(shows(aCredential()));
    core.elapse("visit-window", 20_000);
    expect([core.outcome(), ...core.reasons()]).toEqual(["referred", "not-on-roster"]);
    const down = new CoreUnderTest(aPolicy({ rules: [roster] }));
    down.take(shows(aCredential()));
    down.take(event({ kind: "device-changed", device: "card-reader", ok: false, detail: "x" }));
    expect(down.decision()?.rules.map(({ outcome }) => outcome)).toContain("unreachable");
  });

  it("is kept for the visit to come when it is observed before anything is shown", () => {
    addBadgeReader();
    const core = new CoreUnderTest(aPolicy({ rules: [roster] }));
    core.take(badge(["nurse"]));
    core.take(shows(aCredential({ reference: "after" })));
    expect(core.outcome()).toBe("granted");
  });

  it("without an entry, missing evidence of a rule is not waited for", () => {
    const core = new CoreUnderTest(aPolicy({ rules: [roster] }));
    core.take(shows(aCredential()));
    expect([core.outcome(), ...core.reasons()]).toEqual(["referred", "not-on-roster"]);
  });
});

describe("every kind of observed evidence", () => {
  const kinds = Object.keys(OBSERVED_SOURCES);

  it.each(kinds)("is repeated while the visit awaits it, unless its device failed: %s", (name) => {
    const kind: ObservedKind | undefined = name === "temperature" ? name : undefined;
    if (kind === undefined) throw new Error(`no test for ${name}`);
    const core = new CoreUnderTest();
    core.take(shows(aCredential()));
    const fails = (deviceAtFault: boolean, ms: number) =>
      core.take(event({ kind: "observation-failed", evidence: kind, deviceAtFault }, at(ms)));
    const { request } = OBSERVED_SOURCES[kind];
    expect(fails(false, 1_000)).toContainEqual(request);
    expect(core.announcement()?.nextStep).toBe("hold-still");
    expect(fails(true, 2_000)).not.toContainEqual(request);
  });

  it("is no longer repeated once its device failed, while a card is still awaited", () => {
    const core = new CoreUnderTest();
    core.take(shows(paper()));
    core.take(event({ kind: "temperature-failed", failure: "unsteady" }));
    expect(core.announcement()?.nextStep).toBe("hold-still");
    core.take(event({ kind: "device-changed", device: "thermometer", ok: false, detail: "x" }));
    expect(core.awaits()).toEqual(["id-card"]);
    expect(core.announcement()?.nextStep).toBe("give-evidence");
  });

  it("is no longer repeated once a new policy does not ask for it", () => {
    const core = new CoreUnderTest();
    core.take(shows(paper()));
    core.take(event({ kind: "temperature-failed", failure: "unsteady" }));
    core.take(event({ kind: "policy-changed", policy: aPolicy({ version: 2, rules: [] }) }));
    expect(core.awaits()).toEqual(["id-card"]);
    expect(core.announcement()?.nextStep).toBe("give-evidence");
  });
});
