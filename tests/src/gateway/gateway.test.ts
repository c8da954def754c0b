import { beforeEach, describe, expect, it } from "vitest";
import { BrokenInvariant } from "../../../src/core/broken-invariant.ts";
import type { Credential } from "../../../src/core/evidence/evidence.ts";
import type { RecordDraft } from "../../../src/core/record.ts";
import type { Announcement } from "../../../src/core/view/announcement.ts";
import { Gateway, type GatewayOptions } from "../../../src/gateway/gateway.ts";
import { type VisitTimings } from "../../../src/gateway/visit-timings.ts";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { aCredential, aPolicy, NOON_MS } from "../../support/core.ts";
import {
  StubCodeReader,
  StubCardReader,
  StubGate,
  StubThermometer,
} from "../../support/stub-devices.ts";

interface Bench {
  clock: VirtualClock;
  codes: StubCodeReader;
  cards: StubCardReader;
  thermometer: StubThermometer;
  gate: StubGate;
  drafts: RecordDraft[];
  timings: VisitTimings[];
  gateway: Gateway;
}

function build(change: Partial<GatewayOptions> = {}): Bench {
  const clock = new VirtualClock(NOON_MS);
  const codes = new StubCodeReader();
  const cards = new StubCardReader();
  const thermometer = new StubThermometer();
  const gate = new StubGate();
  const drafts: RecordDraft[] = [];
  const timings: VisitTimings[] = [];
  let refs = 0;
  const gateway = new Gateway({
    clock,
    references: { next: () => `ref-${++refs}` },
    policy: aPolicy(),
    devices: { codeReaders: [codes], cardReaders: [cards], thermometer, gate },
    store: {
      async commit(draft) {
        drafts.push(draft);
        return { seq: drafts.length };
      },
    },
    verifier: {
      async code(_bytes, text): Promise<Credential> {
        if (text === "crash") throw new TypeError("王小明 is not a function");
        return aCredential({ reference: text });
      },
      async card(): Promise<Credential> {
        return aCredential({ kind: "resident-id", reference: "card" });
      },
      freshness: () => ({ trustListAsOfMs: NOON_MS - 1 }),
    },
    onTimings: (each) => timings.push(each),
    ...change,
  });
  return { clock, codes, cards, thermometer, gate, drafts, timings, gateway };
}

describe("the gateway", () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = build();
    await bench.gateway.start();
    await bench.clock.run(10);
  });

  it("turns a code and a temperature into a recorded decision and a release", async () => {
    bench.codes.show("A");
    bench.thermometer.measure(36.5);
    await bench.clock.run(10);
    expect(bench.gate.releases).toEqual([3_000]);
    expect(bench.gateway.view()).toMatchObject({ phase: "granted", gate: "released" });
    expect(bench.gateway.visits()).toMatchObject([{ outcome: "granted", temperatureC: 36.5 }]);
    expect(bench.timings).toMatchObject([
      { visitRef: expect.any(String), gateAtMs: expect.any(Number) },
    ]);
  });

  it("asks the thermometer when the code came first", async () => {
    bench.codes.show("A");
    await bench.clock.run(10);
    expect(bench.thermometer.asked).toBe(1);
    expect(bench.gateway.view()).toMatchObject({ phase: "checking", awaits: ["temperature"] });
  });

  it("counts a verifier that fails as a bad read, and quotes nothing of it", async () => {
    bench.codes.show("crash");
    await bench.clock.run(10);
    expect(bench.gateway.state().badReads).toBe(1);
    expect(bench.gateway.state().visit).toBeNull();
    expect(JSON.stringify(bench.drafts)).not.toContain("王");
  });

  it("marks a visit delivered when its record arrived", async () => {
    bench.codes.show("A");
    bench.thermometer.measure(36.5);
    await bench.clock.run(10);
    expect(bench.gateway.visits()[0]?.delivered).toBe(false);
    bench.gateway.delivered(1, bench.drafts.length);
    expect(bench.gateway.visits()[0]?.delivered).toBe(true);
  });

  it("says so when the gate refuses, and takes nobody for admitted", async () => {
    bench.gate.refuses = true;
    bench.codes.show("A");
    bench.thermometer.measure(36.5);
    await bench.clock.run(10);
    expect(bench.gateway.state().passage).toBeNull();
    expect(bench.gateway.state().gate).toBe("locked");
  });

  it("notices a clock that jumps, and one that stays as it is", async () => {
    await bench.clock.run(60_000);
    expect(bench.drafts).toEqual([]);
    bench.clock.stepWall(-3_600_000, false);
    await bench.clock.run(2_000);
    expect(bench.drafts.map((draft) => draft.body.type)).toContain("clock-stepped");
    expect(bench.gateway.view().clockTrusted).toBe(false);
  });

  const said = { operator: "li", why: "known" };

  it("lets staff decide, and tells them when there is nothing to decide", async () => {
    const late = await bench.gateway.operatorDecide({ verdict: "deny", visitRef: "gone", ...said });
    expect(late).toEqual({ done: false, code: "visit-over" });
    const opened = await bench.gateway.operatorDecide({ verdict: "grant", ...said });
    expect(opened).toEqual({ done: true, did: "opened", recorded: true });
    expect(bench.gate.releases).toEqual([3_000]);
  });

  it("tells staff that the gate did not open, and corrects the record", async () => {
    bench.gate.refuses = true;
    const answer = await bench.gateway.operatorDecide({ verdict: "grant", ...said });
    expect(answer).toEqual({ done: false, code: "gate-failed" });
    const [released, corrected] = bench.drafts.map((draft) => draft.body);
    const releaseRef = expect.any(String);
    const authority = { by: "li", why: "known" };
    expect(released).toMatchObject({ type: "gate-released", cause: "operator", releaseRef });
    expect(corrected).toMatchObject({
      type: "gate-not-released",
      why: "gate-failed",
      authority,
      releaseRef: released?.type === "gate-released" ? released.releaseRef : "",
    });
  });

  it("tells staff within a second when the gate says nothing at all", async () => {
    bench.gate.hangs = true;
    let answer: unknown;
    void bench.gateway.operatorDecide({ verdict: "grant", ...said }).then((each) => {
      answer = each;
    });
    await bench.clock.run(990);
    expect(answer).toBeUndefined();
    await bench.clock.run(20);
    expect(answer).toEqual({ done: false, code: "gate-failed" });
    expect(bench.drafts.at(-1)?.body).toMatchObject({ why: "gate-silent" });
  });

  it("answers staff who wait when the unit stops", async () => {
    bench.gate.hangs = true;
    const asked = bench.gateway.operatorDecide({ verdict: "grant", ...said });
    await bench.gateway.stop();
    expect(await asked).toEqual({ done: false, code: "no-answer" });
  });

  it("stops every device and lets no timer fire after that", async () => {
    bench.codes.show("A");
    await bench.clock.run(10);
    await bench.gateway.stop();
    const before = bench.drafts.length;
    await bench.clock.run(60_000);
    expect(bench.drafts).toHaveLength(before);
    expect([bench.gate.started, bench.codes.started]).toEqual([false, false]);
  });
});

describe("a store that hangs", () => {
  it("keeps the gate locked and staff told, within the bounded wait", async () => {
    const bench = build({ store: { commit: () => new Promise(() => {}) } });
    await bench.gateway.start();
    bench.codes.show("A");
    bench.thermometer.measure(36.5);
    await bench.clock.run(499);
    expect(bench.gateway.view().phase).toBe("checking");
    await bench.clock.run(2);
    expect(bench.gate.releases).toEqual([]);
    expect(bench.gateway.view()).toMatchObject({
      phase: "referred",
      reasons: [{ code: "record-not-committed" }],
    });
  });

  it("does not let staff believe that their decision was carried out", async () => {
    const failing = { commit: () => Promise.reject(new Error("disk full")) };
    const bench = build({ store: failing });
    await bench.gateway.start();
    const answer = await bench.gateway.operatorDecide({
      verdict: "grant",
      operator: "li",
      why: "known",
    });
    expect(answer).toEqual({ done: false, code: "not-recorded" });
    expect(bench.gate.releases).toEqual([]);
  });

  it.each([
    ["without a visit", undefined],
    ["about the visit on the screen", "on the screen"],
  ])("answers staff who decide %s within the bounded wait", async (_what, about) => {
    const bench = build({ store: { commit: () => new Promise(() => {}) } });
    await bench.gateway.start();
    bench.codes.show("A");
    bench.thermometer.measure(36.5);
    await bench.clock.run(600);
    const { visitRef } = bench.gateway.view();
    const request = { verdict: "grant" as const, operator: "li", why: "known" };
    let answer: unknown;
    void bench.gateway
      .operatorDecide(
        about === undefined || visitRef === undefined ? request : { ...request, visitRef },
      )
      .then((each) => {
        answer = each;
      });
    await bench.clock.run(501);
    expect(answer).toEqual({ done: false, code: "not-recorded" });
    expect(bench.gate.releases).toEqual([]);
  });

  it("answers a command that orders something when the disk never says that it is written", async () => {
    const answers: string[] = [];
    const settings = { get: async () => undefined, set: () => new Promise<void>(() => {}) };
    const bench = build({
      settings,
      onCommandAnswered: (_id, result, detail) => answers.push(`${result}: ${detail}`),
    });
    await bench.gateway.start();
    const command = { name: "lock-down" as const, active: true };
    const authority = { by: "key-1", why: "drill" };
    bench.gateway.dispatch({ kind: "commanded", command, commandId: "c", authority });
    await bench.clock.run(5_001);
    expect(answers).toEqual([expect.stringMatching(/^done: .*could not be written down/)]);
  });

  it("gives every announcer what holds at the start, and each change after it", async () => {
    const spoken: string[] = [];
    const voice = { announce: ({ phase }: Announcement) => spoken.push(phase) };
    const bench = build({ announcers: [voice] });
    await bench.gateway.start();
    bench.codes.show("A");
    await bench.clock.run(10);
    bench.thermometer.measure(36.5);
    await bench.clock.run(10);
    expect([...new Set(spoken)]).toEqual(["welcome", "checking", "granted"]);
  });

  it("reports the outbox as its gauge has it", async () => {
    const outbox = { pending: () => 7, state: () => "filling" as const, onState: () => {} };
    const bench = build({ outbox });
    expect(bench.gateway.view().outbox).toEqual({ pending: 7, state: "filling" });
  });
});

describe("a broken invariant", () => {
  /** A policy whose use fails, as a state that must not be does. */
  const broken = (): GatewayOptions["policy"] =>
    Object.defineProperty(aPolicy(), "acceptedCredentials", {
      get: () => {
        throw new BrokenInvariant("no such policy");
      },
    });

  it("locks the gate, reaches the top whoever caused it, and no event counts after it", async () => {
    const reached: unknown[] = [];
    const bench = build({ onBroken: (error) => reached.push(error) });
    await bench.gateway.start();
    bench.gateway.dispatch({ kind: "contact-changed", contact: "exit-request", active: true });
    await bench.clock.run(10);
    expect(bench.gateway.state().gate).toBe("released");
    const locks: string[] = [];
    bench.gate.change = (state) => locks.push(state);
    bench.gateway.dispatch({ kind: "policy-changed", policy: broken() });
    bench.codes.show("A");
    await bench.clock.run(10);
    expect(reached).toEqual([expect.any(BrokenInvariant)]);
    expect(locks).toContain("locked");
    const releases = [...bench.gate.releases];
    bench.gateway.dispatch({ kind: "contact-changed", contact: "exit-request", active: true });
    await bench.clock.run(10);
    expect(bench.gate.releases).toEqual(releases);
  });

  it("in the answer of the store is no failed record", async () => {
    const reached: unknown[] = [];
    let answers = 0;
    const bench = build({
      onBroken: (error) => reached.push(error),
      onStep: ({ event }) => {
        if (event.kind === "record-failed") answers += 1;
        if (event.kind === "record-committed") throw new BrokenInvariant("no such record");
      },
    });
    await bench.gateway.start();
    bench.codes.show("A");
    bench.thermometer.measure(36.5);
    await bench.clock.run(10);
    expect(reached).toEqual([expect.any(BrokenInvariant)]);
    expect(answers).toBe(0);
    expect(bench.gate.releases).toEqual([]);
  });
});
