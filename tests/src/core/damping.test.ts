import { describe, expect, it } from "vitest";
import type { Event, EventOf } from "../../../src/core/event.ts";
import { at, event } from "../../support/core.ts";
import { CoreUnderTest } from "../../support/doorway-core.ts";

const contact = (
  name: EventOf<"contact-changed">["contact"],
  active: boolean,
  monotonicMs = 0,
): Event => event({ kind: "contact-changed", contact: name, active }, at(monotonicMs));
const reader = (ok: boolean, monotonicMs: number): Event =>
  event({ kind: "device-changed", device: "card-reader", ok, detail: "" }, at(monotonicMs));
const alarms = (core: CoreUnderTest): string[] => core.state.alarms.map((alarm) => alarm.kind);

describe("a contact or a plug that comes and goes", () => {
  it("is a few records and a count, and its alarm ends when it has been quiet", () => {
    const core = new CoreUnderTest();
    for (let index = 0; index < 20; index++) {
      core.take(contact("door-open", true, index * 1_000));
      core.take(contact("door-open", false, index * 1_000 + 500));
    }
    expect(core.records().map((record) => record.type)).toEqual([
      "alarm-raised",
      "alarm-cleared",
      "alarm-raised",
    ]);
    expect(alarms(core)).toEqual(["forced-open"]);
    core.elapse("alarms-quiet", 79_499);
    expect(alarms(core)).toEqual(["forced-open"]);
    core.elapse("alarms-quiet", 79_500);
    expect(core.records().at(-1)).toEqual({
      type: "alarm-cleared",
      alarm: "forced-open",
      times: 19,
    });
  });

  it("is what it is at once: only the records wait", () => {
    const core = new CoreUnderTest();
    for (const atMs of [0, 10_000, 20_000]) {
      core.take(reader(false, atMs));
      core.take(reader(true, atMs + 5_000));
    }
    expect(core.state.devices["card-reader"]).toBe(true);
    expect(core.records()).toHaveLength(3);
  });

  it("is another event once it was quiet for a minute", () => {
    const core = new CoreUnderTest();
    core.take(reader(false, 0));
    core.take(reader(true, 1_000));
    core.take(reader(false, 61_000));
    core.take(reader(true, 62_000));
    expect(core.records()).toHaveLength(4);
    expect(alarms(core)).toEqual([]);
  });

  it("holds no order longer than it is given", () => {
    const core = new CoreUnderTest();
    const fire = (active: boolean, atMs: number) => core.take(contact("fire", active, atMs));
    fire(true, 0);
    fire(false, 1_000);
    fire(true, 2_000);
    fire(false, 3_000);
    expect(alarms(core)).toEqual([]);
  });
});

describe("a fire input that chatters", () => {
  it("opens at once, keeps the way open until it has rested, and is a few records", () => {
    const core = new CoreUnderTest();
    core.take(event({ kind: "device-changed", device: "gate", ok: true, detail: "" }));
    for (let atMs = 0; atMs < 600_000; atMs += 200) {
      core.take(contact("fire", true, atMs));
      expect(core.state.mode).toBe("evacuation");
      core.take(contact("fire", false, atMs + 100));
    }
    expect(core.of("lock-gate")).toHaveLength(2);
    expect(core.records().filter(({ type }) => type === "mode-changed")).toHaveLength(5);
    expect(alarms(core)).toEqual(["fire", "evacuation"]);
    core.elapse("fire-quiet", 660_000);
    expect(core.state.mode).toBe("normal");
    expect(alarms(core)).toEqual([]);
    core.take(contact("fire", true, 700_000));
    core.take(contact("fire", false, 710_000));
    expect(core.state.mode).toBe("normal");
  });
});

describe("an exit button that chatters", () => {
  it("opens at once, keeps the way open, and is one record and a count", () => {
    const core = new CoreUnderTest();
    for (let index = 0; index < 20; index++) {
      core.take(contact("exit-request", true, index * 100));
      if (index === 0) core.take(event({ kind: "gate-changed", state: "released" }));
      core.take(contact("exit-request", false, index * 100 + 50));
    }
    const releases = core.of("release-gate");
    expect(releases.length).toBeGreaterThan(2);
    expect(releases.length).toBeLessThan(6);
    core.elapse("exit-quiet", 10_000);
    const releaseRef = releases[0]?.releaseRef;
    expect(core.records()).toEqual([
      { type: "gate-released", cause: "exit-request", releaseRef },
      { type: "exit-repeated", releaseRef, times: 20 },
    ]);
  });

  it("opens again at once when the gate has locked meanwhile", () => {
    const core = new CoreUnderTest();
    core.take(contact("exit-request", true, 0));
    core.take(event({ kind: "gate-changed", state: "released" }));
    core.take(event({ kind: "gate-changed", state: "locked" }, at(200)));
    core.take(contact("exit-request", true, 300));
    expect(core.of("release-gate")).toHaveLength(2);
  });

  it("is two records for two exits", () => {
    const core = new CoreUnderTest();
    core.take(contact("exit-request", true, 0));
    core.elapse("exit-quiet", 4_000);
    core.take(contact("exit-request", true, 10_000));
    expect(core.records().map((record) => record.type)).toEqual(["gate-released", "gate-released"]);
  });
});

describe("a door", () => {
  const found = event({ kind: "contact-changed", contact: "door-open", active: true, found: true });

  it("that is found open at the start is no break-in, and stands open all the same", () => {
    const core = new CoreUnderTest();
    core.take(found);
    expect(core.records()).toEqual([]);
    core.elapse("door-open", 15_000);
    expect(alarms(core)).toEqual(["open-too-long"]);
    core.take(contact("door-open", false, 20_000));
    core.take(contact("door-open", true, 30_000));
    expect(alarms(core)).toEqual(["forced-open"]);
  });

  it("that is found open with a fire is an evacuation and nothing else", () => {
    const core = new CoreUnderTest();
    core.take(found);
    core.take(event({ kind: "contact-changed", contact: "fire", active: true, found: true }));
    expect(alarms(core)).toEqual(["fire", "evacuation"]);
  });

  it("that rattles for longer than doors do is forced, for so a break-in would look", () => {
    const core = new CoreUnderTest();
    core.take(contact("exit-request", true, 0));
    core.take(contact("door-open", true, 1_000));
    core.take(contact("door-open", false, 60_000));
    core.take(event({ kind: "gate-changed", state: "locked" }, at(60_000)));
    const rattle = (atMs: number): void => {
      core.take(contact("door-open", true, atMs));
      core.take(contact("door-open", false, atMs + 100));
    };
    for (let atMs = 60_100; atMs < 62_000; atMs += 200) rattle(atMs);
    expect(alarms(core)).toEqual([]);
    core.take(contact("door-open", true, 62_100));
    expect(alarms(core)).toEqual(["forced-open"]);
  });

  it.each([
    [299, []],
    [300, ["forced-open"]],
  ])("that rattles after somebody walked through is not forced: %i ms", (afterMs, expected) => {
    const core = new CoreUnderTest();
    core.take(contact("exit-request", true, 0));
    core.take(contact("door-open", true, 1_000));
    core.take(contact("door-open", false, 60_000));
    core.take(event({ kind: "gate-changed", state: "locked" }, at(60_000)));
    core.take(contact("door-open", true, 60_000 + afterMs));
    expect(alarms(core)).toEqual(expected);
  });
});
