import { describe, expect, it } from "vitest";
import type { DeviceName } from "../../../../src/core/alarm.ts";
import type { Credential } from "../../../../src/core/evidence/evidence.ts";
import type { Event } from "../../../../src/core/event.ts";
import type { ScreenView } from "../../../../src/core/view/view.ts";
import { viewOf } from "../../../../src/core/view/view-of.ts";
import {
  aCredential,
  aPolicy,
  at,
  event,
  leaves,
  measured,
  paper,
  red,
  shows,
} from "../../../support/core.ts";
import { CoreUnderTest } from "../../../support/doorway-core.ts";

const device = (name: DeviceName, ok = true): Event =>
  event({ kind: "device-changed", device: name, ok, detail: "" });
const see = (core: CoreUnderTest): ScreenView =>
  viewOf(core.state, { outbox: { pending: 0, state: "normal" } }, at());

/** Everything works. */
function well(policy = aPolicy()): CoreUnderTest {
  const core = new CoreUnderTest(policy);
  for (const name of ["gate", "code-reader", "card-reader", "thermometer"] as const) {
    core.take(device(name));
  }
  return core;
}

describe("the screen invites only to what works", () => {
  it.each<[string, DeviceName[], string[]]>([
    ["nothing is out of order", [], ["code", "card"]],
    ["the camera is", ["code-reader"], ["card"]],
    ["the card reader is", ["card-reader"], ["code"]],
    ["both readers are", ["code-reader", "card-reader"], []],
    ["the gate is", ["gate"], []],
  ])("when %s", (_what, down, inviting) => {
    const core = well();
    for (const name of down) core.take(device(name, false));
    expect(see(core).inviting).toEqual(inviting);
  });

  it("while one of several readers works", () => {
    const core = well();
    core.take(device("code-reader-2"));
    core.take(device("code-reader", false));
    expect(see(core).inviting).toEqual(["code", "card"]);
    core.take(device("code-reader-2", false));
    expect(see(core).inviting).toEqual(["card"]);
  });

  it("at the start to nothing, until a device has said that it works", () => {
    expect(see(new CoreUnderTest()).inviting).toEqual([]);
  });

  it("to nothing the policy does not take", () => {
    expect(see(well(aPolicy({ acceptedCredentials: ["resident-id"] }))).inviting).toEqual(["card"]);
    expect(see(well(aPolicy({ acceptedCredentials: ["eu-dcc"] }))).inviting).toEqual(["code"]);
  });

  it("and says that no temperature is taken, where the policy asks for one", () => {
    const core = well();
    expect(see(core).temperatureDown).toBe(false);
    core.take(device("thermometer", false));
    expect(see(core).temperatureDown).toBe(true);
    const [colour] = aPolicy().rules;
    const without = well(aPolicy({ rules: colour === undefined ? [] : [colour] }));
    without.take(device("thermometer", false));
    expect(see(without).temperatureDown).toBe(false);
  });
});

describe("an opening without a visit is on the screen", () => {
  const authority = { by: "li", why: "delivery" };

  it.each<[string, Event, string]>([
    ["by staff", event({ kind: "operator-decided", verdict: "grant", authority }), "opened"],
    [
      "from afar",
      event({ kind: "commanded", command: { name: "release" }, commandId: "c", authority }),
      "opened",
    ],
    [
      "by the exit button",
      event({ kind: "contact-changed", contact: "exit-request", active: true }),
      "exit",
    ],
  ])("%s, for as long as the gate is open", (_how, taken, phase) => {
    const core = well();
    core.take(taken);
    expect(see(core).phase).toBe(phase);
    core.take(event({ kind: "gate-changed", state: "released" }));
    core.take(event({ kind: "gate-changed", state: "locked" }));
    expect(see(core).phase).toBe("welcome");
  });

  it("and not before the gate has opened", () => {
    const core = well();
    core.gateAnswers = false;
    core.take(event({ kind: "operator-decided", verdict: "grant", authority }));
    expect(see(core).phase).toBe("welcome");
  });

  it("an exit takes no visitor's result away", () => {
    const core = well();
    core.take(measured(36.5));
    core.take(shows(red("code-1", "holder-1")));
    core.take(event({ kind: "contact-changed", contact: "exit-request", active: true }));
    expect(see(core).phase).toBe("denied");
  });
});

describe("a code that is no credential", () => {
  const advert = (change: Partial<Credential> = {}): Event =>
    shows(
      aCredential({
        kind: "unknown",
        isValid: false,
        reasons: [{ code: "not-a-health-code" }],
        evidence: [],
        reference: "advert",
        ...change,
      }),
    );

  it.each<[string, Event, string]>([
    ["an advert", advert(), "not-a-health-code"],
    ["nothing that is known", advert({ reasons: [] }), "not-a-health-code"],
    [
      "one part of several",
      advert({ kind: "smart-health-card", reasons: [{ code: "parts-missing" }] }),
      "parts-missing",
    ],
  ])("%s is a hint, and nobody is refused anything", (_what, shown, hint) => {
    const core = well();
    core.take(shown);
    expect(see(core)).toMatchObject({ phase: "welcome", hint });
    expect(core.records()).toEqual([]);
    expect(core.state.badReads).toBe(0);
    expect(core.of("signal").map((effect) => effect.signal)).toEqual(["busy"]);
    core.elapse("hint", 5_000);
    expect(see(core).hint).toBeUndefined();
    expect(core.of("signal").at(-1)?.signal).toBe("idle");
  });

  it("leaves a visit that waits for something alone", () => {
    const core = well();
    core.take(measured(36.5));
    core.take(shows(paper()));
    const visitRef = core.state.visit?.ref;
    core.take(advert());
    expect(see(core)).toMatchObject({ phase: "checking", visitRef, hint: "not-a-health-code" });
  });

  it("is forgotten when its reader leaves, or shows a credential", () => {
    const core = well();
    core.take(advert());
    core.take(leaves());
    expect(see(core).hint).toBeUndefined();
    core.take(advert());
    core.take(shows(aCredential()));
    expect(see(core).hint).toBeUndefined();
  });

  it.each(["deny", "refer"] as const)("is judged where the policy says so: %s", (verdict) => {
    const core = well(aPolicy({ whenCredentialFails: { "not-a-health-code": verdict } }));
    core.take(advert());
    expect(core.outcome()).toBe(verdict === "deny" ? "denied" : "referred");
  });
});

describe("a grant whose gate has locked again", () => {
  it("says so instead of inviting in", () => {
    const core = well();
    core.take(measured(36.5));
    core.take(shows(aCredential()));
    core.take(event({ kind: "gate-changed", state: "released" }));
    expect(see(core).entryOver).toBeUndefined();
    core.take(event({ kind: "gate-changed", state: "locked" }));
    expect(see(core)).toMatchObject({ phase: "granted", entryOver: true });
  });
});
