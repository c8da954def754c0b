import { describe, expect, it } from "vitest";
import type { Event, EventOf } from "../../../src/core/event.ts";
import { aCredential, aPolicy, at, event, shows, warmth } from "../../support/core.ts";
import { CoreUnderTest } from "../../support/doorway-core.ts";

const contact = (
  name: EventOf<"contact-changed">["contact"],
  active: boolean,
  monotonicMs = 0,
): Event => event({ kind: "contact-changed", contact: name, active }, at(monotonicMs));
const authority = { by: "district-key-1", why: "drill" };
const commanded = (command: EventOf<"commanded">["command"]): Event =>
  event({ kind: "commanded", command, commandId: "c1", authority });
const alarms = (core: CoreUnderTest): string[] => core.state.alarms.map((alarm) => alarm.kind);
const admitted = (): CoreUnderTest => {
  const core = new CoreUnderTest();
  core.take(event({ kind: "temperature-measured", evidence: warmth(36.5) }));
  core.take(shows(aCredential()));
  core.take(event({ kind: "gate-changed", state: "released" }));
  return core;
};

describe("the door", () => {
  it("opened while locked is forced", () => {
    const core = new CoreUnderTest();
    core.take(contact("door-open", true));
    expect(alarms(core)).toEqual(["forced-open"]);
    core.take(contact("door-open", false));
    expect(alarms(core)).toEqual([]);
    expect(core.records().map((record) => record.type)).toEqual(["alarm-raised", "alarm-cleared"]);
  });

  it("opened by somebody who was granted, or who leaves, is not", () => {
    const core = admitted();
    core.take(contact("door-open", true));
    expect(alarms(core)).toEqual([]);

    const leaving = new CoreUnderTest();
    leaving.take(contact("exit-request", true));
    expect(leaving.of("release-gate")).toEqual([
      expect.objectContaining({ cause: "exit-request" }),
    ]);
    leaving.take(contact("door-open", true, 17_999));
    expect(alarms(leaving)).toEqual([]);
  });

  it("is forced again once the leaving is over", () => {
    const core = new CoreUnderTest();
    core.take(contact("exit-request", true));
    core.take(event({ kind: "gate-changed", state: "locked" }, at(3_000)));
    core.take(contact("door-open", true, 18_000));
    expect(alarms(core)).toEqual(["forced-open"]);
  });

  it("held open for too long raises an alarm until it closes", () => {
    const core = admitted();
    core.take(contact("door-open", true));
    core.elapse("door-open", 15_000);
    expect(alarms(core)).toEqual(["open-too-long"]);
    core.take(contact("door-open", false, 16_000));
    expect(alarms(core)).toEqual([]);
  });

  it("does not alarm twice for one thing", () => {
    const core = new CoreUnderTest();
    core.take(contact("tamper", true));
    core.take(contact("tamper", true));
    expect(core.records().filter((record) => record.type === "alarm-raised")).toHaveLength(1);
  });
});

describe("fire", () => {
  it("opens the way and keeps it open by renewing a release that ends by itself", () => {
    const core = new CoreUnderTest();
    core.take(contact("fire", true));
    expect(core.state.mode).toBe("evacuation");
    core.elapse("hold-open", 2_000);
    const releases = core.of("release-gate");
    expect(releases).toHaveLength(2);
    expect(releases.every((release) => release.cause === "fire")).toBe(true);
    const renewal = core.of("start-timer").find((timer) => timer.timer === "hold-open");
    expect(releases[0]?.releaseMs).toBeGreaterThan(renewal?.afterMs ?? Number.POSITIVE_INFINITY);
  });

  it("over: the gate locks and nothing renews", () => {
    const core = new CoreUnderTest();
    core.take(contact("fire", true));
    core.take(contact("fire", false));
    expect(core.of("lock-gate")).toHaveLength(1);
    const before = core.of("release-gate").length;
    core.take(event({ kind: "timer-elapsed", timer: "hold-open", about: "evacuation" }));
    expect(core.of("release-gate")).toHaveLength(before);
  });

  it("outranks commands", () => {
    const core = new CoreUnderTest();
    core.take(contact("fire", true));
    core.take(commanded({ name: "lock-down", active: true }));
    core.take(commanded({ name: "evacuate", active: false }));
    expect(core.state.mode).toBe("evacuation");
    expect(core.of("answer-command").map((answer) => answer.result)).toEqual([
      "refused",
      "refused",
    ]);
  });

  it("starts no visits", () => {
    const core = new CoreUnderTest();
    core.take(contact("fire", true));
    core.take(shows(aCredential()));
    expect(core.state.visit).toBeNull();
  });
});

describe("commands", () => {
  it("release after the record is durable, and answer", () => {
    const core = new CoreUnderTest();
    core.take(commanded({ name: "release" }));
    expect(core.of("release-gate")).toEqual([expect.objectContaining({ cause: "command" })]);
    expect(core.of("answer-command")).toEqual([expect.objectContaining({ result: "done" })]);
  });

  it.each([
    [
      "cannot be recorded in time",
      (core: CoreUnderTest) => core.elapse("release-deadline"),
      "the release could not be recorded",
    ],
    [
      "is overtaken by a lock-down",
      (core: CoreUnderTest) => {
        const [wanted] = core.of("commit-record");
        core.take(commanded({ name: "lock-down", active: true }));
        core.take(event({ kind: "record-committed", key: wanted?.record.key ?? "" }));
      },
      "the unit was locked down meanwhile",
    ],
    [
      "is overtaken by another release",
      (core: CoreUnderTest) => core.take(commanded({ name: "release" })),
      "replaced by a newer release",
    ],
  ])("a release that %s is answered and recorded as refused", (_name, overtake, detail) => {
    const core = new CoreUnderTest();
    core.storeAnswers = false;
    core.take(commanded({ name: "release" }));
    overtake(core);
    expect(core.of("release-gate")).toEqual([]);
    expect(core.of("answer-command")).toEqual([
      expect.objectContaining({ result: "refused", detail }),
    ]);
    expect(core.records()).toContainEqual(
      expect.objectContaining({ type: "command-handled", command: "release", result: "refused" }),
    );
  });

  it("lock down: visits are denied, releases refused, exits still work", () => {
    const core = new CoreUnderTest();
    core.take(commanded({ name: "lock-down", active: true }));
    expect(core.of("lock-gate")).toHaveLength(1);
    core.take(shows(aCredential()));
    expect(core.reasons()).toContain("locked-down");
    core.take(commanded({ name: "release" }));
    expect(core.of("release-gate")).toEqual([]);
    core.take(contact("exit-request", true));
    expect(core.of("release-gate")).toEqual([expect.objectContaining({ cause: "exit-request" })]);
  });

  it("lock down again when the fire or the evacuation above it is over", () => {
    const core = new CoreUnderTest();
    core.take(commanded({ name: "lock-down", active: true }));
    core.take(contact("fire", true));
    core.take(contact("fire", false));
    expect(core.state.mode).toBe("locked-down");
    core.take(commanded({ name: "evacuate", active: true }));
    expect(alarms(core)).toEqual(["evacuation"]);
    core.take(commanded({ name: "evacuate", active: false }));
    expect(alarms(core)).toEqual(["locked-down"]);
    core.take(commanded({ name: "lock-down", active: false }));
    expect(core.state.mode).toBe("normal");
    expect(alarms(core)).toEqual([]);
  });

  it("lift a lock-down that waits beneath an evacuation", () => {
    const core = new CoreUnderTest();
    core.take(commanded({ name: "lock-down", active: true }));
    core.take(commanded({ name: "evacuate", active: true }));
    core.take(commanded({ name: "lock-down", active: false }));
    expect(core.state.mode).toBe("evacuation");
    core.take(commanded({ name: "evacuate", active: false }));
    expect(core.state.mode).toBe("normal");
  });

  it("hold an evacuation on when a fire input within it comes to rest", () => {
    const core = new CoreUnderTest();
    core.take(commanded({ name: "evacuate", active: true }));
    core.take(contact("fire", true));
    core.take(contact("fire", false));
    expect(core.state.mode).toBe("evacuation");
    expect(core.of("lock-gate")).toEqual([]);
  });

  it.each([
    ["lock-down", { lockDown: authority }, "locked-down"],
    ["evacuation", { evacuation: authority }, "evacuation"],
    ["both", { lockDown: authority, evacuation: authority }, "evacuation"],
  ] as const)("of before a restart hold after it: %s", (_name, orders, mode) => {
    const core = new CoreUnderTest();
    core.take(event({ kind: "orders-restored", orders }));
    expect(core.state.mode).toBe(mode);
    expect(alarms(core)).toEqual([mode]);
    expect(core.records()).toContainEqual({ type: "mode-changed", mode, authority });
  });

  it("are obeyed before they are on the disk, and answered after", () => {
    const core = new CoreUnderTest();
    core.storeAnswers = false;
    core.take(commanded({ name: "lock-down", active: true }));
    expect(core.state.mode).toBe("locked-down");
    expect(core.of("keep-orders")).toEqual([
      expect.objectContaining({ orders: { lockDown: authority } }),
    ]);
    expect(core.of("answer-command")).toEqual([]);
    core.take(event({ kind: "orders-kept", ok: false, commandId: "c1", detail: "lock-down" }));
    expect(core.of("answer-command")[0]?.detail).toMatch(/a power cut would undo it/);
    expect(alarms(core)).toContain("record-not-committed");
  });

  it("of settings are recorded and answered as they were judged", () => {
    const core = new CoreUnderTest();
    core.take(commanded({ name: "settings", version: 7 }));
    core.take(commanded({ name: "settings", version: 6, problem: "not newer than 7" }));
    expect(core.of("answer-command").map(({ result, detail }) => [result, detail])).toEqual([
      ["done", "settings version 7"],
      ["refused", "not newer than 7"],
    ]);
    expect(core.records()).toHaveLength(2);
  });

  it("show a message for a while", () => {
    const core = new CoreUnderTest();
    core.take(commanded({ name: "message", text: "请稍候", forMs: 10_000 }));
    expect(core.state.message?.text).toBe("请稍候");
    core.elapse("message", 10_000);
    expect(core.state.message).toBeNull();
  });
});

describe("what the unit knows of itself", () => {
  it("raises and clears an alarm for each device and link", () => {
    const core = new CoreUnderTest();
    const device = (ok: boolean): Event =>
      event({ kind: "device-changed", device: "card-reader", ok, detail: "" });
    core.take(device(false));
    core.take(event({ kind: "link-changed", link: "broker", ok: false }));
    core.take(event({ kind: "link-changed", link: "directory", ok: false }));
    core.take(event({ kind: "outbox-changed", state: "filling" }));
    core.take(event({ kind: "outbox-changed", state: "full" }));
    core.take(event({ kind: "clock-changed", byMs: 0, trusted: false }));
    expect(alarms(core).sort()).toEqual([
      "broker-unreachable",
      "clock-untrusted",
      "device-failed",
      "directory-unreachable",
      "outbox-filling",
      "outbox-full",
    ]);
    core.take(device(true));
    core.take(event({ kind: "link-changed", link: "broker", ok: true }));
    core.take(event({ kind: "link-changed", link: "directory", ok: true }));
    core.take(event({ kind: "outbox-changed", state: "normal" }));
    core.take(event({ kind: "clock-changed", byMs: 3_600_000, trusted: true }));
    expect(alarms(core)).toEqual([]);
    expect(core.records()).toContainEqual({
      type: "clock-stepped",
      byMs: 3_600_000,
      trusted: true,
    });
  });

  it("tells which set of data could not be updated, until it is", () => {
    const core = new CoreUnderTest();
    const set = (name: "trust" | "directory", ok: boolean): Event =>
      event({ kind: "data-set-changed", set: name, ok, detail: ok ? "" : "signature-invalid" });
    core.take(set("trust", false));
    core.take(set("directory", false));
    core.take(set("directory", false));
    core.take(set("trust", true));
    expect(core.state.alarms).toMatchObject([{ kind: "data-not-updated", subject: "directory" }]);
  });

  it("tells that somebody guesses the staff's token, once, until it is quiet", () => {
    const core = new CoreUnderTest();
    for (const active of [true, true, false]) core.take(event({ kind: "token-guessing", active }));
    expect(core.records()).toEqual([
      { type: "alarm-raised", alarm: "token-guessing" },
      { type: "alarm-cleared", alarm: "token-guessing" },
    ]);
  });

  it("takes a new policy for whoever is being checked", () => {
    const core = new CoreUnderTest();
    core.take(shows(aCredential()));
    core.take(event({ kind: "policy-changed", policy: aPolicy({ version: 2, rules: [] }) }));
    expect(core.outcome()).toBe("granted");
    expect(core.decision()?.policy.version).toBe(2);
  });
});
