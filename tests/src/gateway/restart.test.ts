import { describe, expect, it } from "vitest";
import { persistTrustedTime } from "../../../src/gateway/last-trusted-time.ts";
import { Gateway } from "../../../src/gateway/gateway.ts";
import type { RecordBody } from "../../../src/core/record.ts";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { aPolicy, aCredential, NOON_MS } from "../../support/core.ts";
import { StubGate } from "../../support/stub-devices.ts";

const HOUR_MS = 3_600_000;
const authority = { by: "ops-1", why: "drill" };

/** What outlives a unit: its settings, on a disk that may refuse. */
class Disk {
  readonly values = new Map<string, string>();
  full = false;
  writes = 0;

  async get(name: string): Promise<string | undefined> {
    return this.values.get(name);
  }

  async set(name: string, value: string): Promise<void> {
    this.writes += 1;
    if (this.full) throw new Error("ENOSPC: no space left on device");
    this.values.set(name, value);
  }
}

interface Unit {
  clock: VirtualClock;
  gate: StubGate;
  gateway: Gateway;
  bodies: RecordBody[];
  answers: string[];
}

/** Starts a unit on the disk; another one on the same disk is the same unit after a power cut. */
async function boot(disk: Disk, wallMs = NOON_MS, vouched = false): Promise<Unit> {
  const clock = new VirtualClock(wallMs);
  const gate = new StubGate();
  const bodies: RecordBody[] = [];
  const answers: string[] = [];
  let refs = 0;
  const gateway = new Gateway({
    clock: persistTrustedTime(clock, vouched),
    references: { next: () => `ref-${++refs}` },
    policy: aPolicy(),
    devices: { gate },
    settings: disk,
    store: {
      async commit({ body }) {
        return { seq: bodies.push(body) };
      },
    },
    verifier: {
      code: async () => aCredential(),
      card: async () => aCredential(),
      freshness: () => ({}),
    },
    onCommandAnswered: (_id, _result, detail) => answers.push(detail),
  });
  await gateway.start();
  await clock.run(10);
  return { clock, gate, gateway, bodies, answers };
}

async function order(unit: Unit, name: "lock-down" | "evacuate", active: boolean): Promise<void> {
  unit.gateway.dispatch({
    kind: "commanded",
    command: { name, active },
    commandId: "c",
    authority,
  });
  await unit.clock.run(10);
}

const alarms = ({ gateway }: Unit): string[] => gateway.view().alarms.map(({ kind }) => kind);

describe("what was ordered", () => {
  it("holds after a power cut, with its alarm, until it is lifted", async () => {
    const disk = new Disk();
    await order(await boot(disk), "lock-down", true);
    const after = await boot(disk);
    expect(after.gateway.view().mode).toBe("locked-down");
    expect(alarms(after)).toEqual(["locked-down"]);
    expect(after.bodies).toContainEqual({ type: "mode-changed", mode: "locked-down", authority });
    await order(after, "lock-down", false);
    expect((await boot(disk)).gateway.view().mode).toBe("normal");
  });

  it("keeps the way open after a power cut in an evacuation", async () => {
    const disk = new Disk();
    await order(await boot(disk), "evacuate", true);
    const { gate, gateway } = await boot(disk);
    expect(gateway.view().mode).toBe("evacuation");
    expect(gate.releases).toHaveLength(1);
  });

  it("is obeyed though the disk refuses, says so, and is written when the disk is well", async () => {
    const disk = new Disk();
    disk.full = true;
    const unit = await boot(disk);
    await order(unit, "lock-down", true);
    expect(unit.gateway.view().mode).toBe("locked-down");
    expect(unit.answers).toEqual([expect.stringMatching(/a power cut would undo it/)]);
    expect((await boot(disk)).gateway.view().mode).toBe("normal");
    disk.full = false;
    await unit.clock.run(5_000);
    expect((await boot(disk)).gateway.view().mode).toBe("locked-down");
  });

  it("is written in the order it was given, the newest alone again and again", async () => {
    const disk = new Disk();
    const unit = await boot(disk);
    disk.full = true;
    await order(unit, "lock-down", true);
    await order(unit, "lock-down", false);
    disk.full = false;
    await unit.clock.run(30_000);
    expect(disk.values.get("orders")).toBe("{}");
  });

  it.each(["not json", "[]", '{"lockDown":true}', '{"unheardOf":{"by":"x","why":"y"}}'])(
    "that cannot be understood (%s) lets nobody in",
    async (kept) => {
      const disk = new Disk();
      disk.values.set("orders", kept);
      expect((await boot(disk)).gateway.view().mode).toBe("locked-down");
    },
  );
});

describe("a unit that starts before a time that was there already", () => {
  const ran = async (disk: Disk, forMs: number): Promise<void> => {
    const { clock } = await boot(disk);
    await clock.run(forMs);
  };

  it.each([
    ["a minute before", -60_000, true],
    ["a minute and a millisecond before", -60_001, false],
    ["later", HOUR_MS, true],
  ])("%s the last good one: believed is %s ms → %s", async (_name, byMs, trusted) => {
    const disk = new Disk();
    await ran(disk, 300_000);
    const lastGoodMs = Number(disk.values.get("clock.last-good-ms"));
    expect(lastGoodMs).toBe(NOON_MS + 300_000);
    const { gateway } = await boot(disk, lastGoodMs + byMs);
    expect(gateway.view().clockTrusted).toBe(trusted);
  });

  it("says so by how much, raises the alarm, and believes the clock again once it has caught up", async () => {
    const disk = new Disk();
    await ran(disk, 300_000);
    const unit = await boot(disk, NOON_MS - HOUR_MS);
    expect(alarms(unit)).toEqual(["clock-untrusted"]);
    expect(unit.bodies).toContainEqual({
      type: "clock-stepped",
      byMs: -(HOUR_MS + 300_000),
      trusted: false,
    });
    unit.clock.stepWall(2 * HOUR_MS, true);
    await unit.clock.run(1_000);
    expect(alarms(unit)).toEqual([]);
    expect(unit.gateway.view().clockTrusted).toBe(true);
  });

  it("never writes down a time it does not believe", async () => {
    const disk = new Disk();
    await ran(disk, 300_000);
    const { clock } = await boot(disk, NOON_MS - HOUR_MS);
    await clock.run(600_000);
    expect(disk.values.get("clock.last-good-ms")).toBe(String(NOON_MS + 300_000));
  });

  it("believes the kernel over its memory, and records that time went back", async () => {
    const disk = new Disk();
    await ran(disk, 300_000);
    const { gateway, bodies } = await boot(disk, NOON_MS - HOUR_MS, true);
    expect(gateway.view().clockTrusted).toBe(true);
    expect(bodies).toContainEqual(expect.objectContaining({ type: "clock-stepped" }));
    expect(Number(disk.values.get("clock.last-good-ms"))).toBeLessThan(NOON_MS);
  });

  it("writes seldom: at the start, once in five minutes, at a step, and at the end", async () => {
    const disk = new Disk();
    const { clock, gateway } = await boot(disk);
    await clock.run(3 * 300_000);
    expect(disk.writes).toBe(4);
    clock.stepWall(5_000, true);
    await clock.run(1_000);
    expect(disk.writes).toBe(5);
    await gateway.stop();
    expect(disk.writes).toBe(6);
  });
});

describe("a unit that stops within a second of a step of its clock", () => {
  it("records the step: its next start reckons with it", async () => {
    const unit = await boot(new Disk());
    await unit.clock.run(1_000);
    unit.clock.stepWall(86_400_000, true);
    await unit.gateway.stop();
    const stepped = { type: "clock-stepped", byMs: 86_400_000, trusted: true };
    expect(unit.bodies).toContainEqual(stepped);
  });
});
