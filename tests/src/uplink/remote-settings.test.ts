import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { settingsReportSchema } from "../../../src/protocol/message-schemas.ts";
import { RemoteSettings, type SettingValues } from "../../../src/uplink/remote-settings.ts";
import { START_MS } from "../../support/records.ts";

const OWN: SettingValues = {
  retentionDays: 30,
  telemetrySeconds: 30,
  homeAssistant: false,
  temperatureOffsetK: 0,
};

class Memory {
  readonly values = new Map<string, string>();
  full = false;

  async get(name: string): Promise<string | undefined> {
    return this.values.get(name);
  }

  async set(name: string, value: string): Promise<void> {
    if (this.full) throw new Error("ENOSPC");
    this.values.set(name, value);
  }
}

async function desk(memory = new Memory(), configured = OWN): Promise<RemoteSettings> {
  const made = new RemoteSettings({ memory, clock: new VirtualClock(START_MS), configured });
  await made.restore();
  return made;
}

const document = (version: number, values: Record<string, unknown>) => ({
  name: "settings" as const,
  version,
  values,
});

describe("settings from afar", () => {
  it("are in force as a whole, reported with version and date, and survive a restart", async () => {
    const memory = new Memory();
    const settings = await desk(memory);
    const values = { retentionDays: 7, temperatureOffsetK: 0.3 };
    expect(await settings.apply(document(1, values))).toBeUndefined();
    const report = { version: 1, values: { ...OWN, ...values }, sinceMs: START_MS };
    expect(settings.report()).toEqual(report);
    expect((await desk(memory)).report()).toEqual(report);
  });

  it("that a later document leaves out are the unit's own again", async () => {
    const settings = await desk();
    await settings.apply(document(1, { telemetrySeconds: 5 }));
    await settings.apply(document(2, { homeAssistant: true }));
    expect(settings.values()).toEqual({ ...OWN, homeAssistant: true });
    await settings.apply(document(3, {}));
    expect(settings.values()).toEqual(OWN);
  });

  it.each([
    ["retentionDays", 1, true],
    ["retentionDays", 0, false],
    ["retentionDays", 30, true],
    ["retentionDays", 31, false],
    ["retentionDays", 2.5, false],
    ["telemetrySeconds", 1, true],
    ["telemetrySeconds", 0, false],
    ["telemetrySeconds", 3_600, true],
    ["telemetrySeconds", 3_601, false],
    ["temperatureOffsetK", -1.5, true],
    ["temperatureOffsetK", -1.51, false],
    ["temperatureOffsetK", 1.5, true],
    ["temperatureOffsetK", 1.51, false],
    ["temperatureOffsetK", "0.1", false],
    ["homeAssistant", true, true],
    ["homeAssistant", "yes", false],
    ["releaseMs", 60_000, false],
    ["__proto__x", 1, false],
  ])("%s: %s is taken: %s", async (setting, value, taken) => {
    const settings = await desk();
    const problem = await settings.apply(document(1, { [setting]: value }));
    expect(problem === undefined).toBe(taken);
    expect(problem ?? setting).toContain(setting);
  });

  it("with one fault change nothing, and the report says which fault", async () => {
    const settings = await desk();
    await settings.apply(document(1, { telemetrySeconds: 5 }));
    const problem = await settings.apply(document(2, { telemetrySeconds: 9, volume: 11 }));
    expect(problem).toMatch(/^volume is no setting; there are retentionDays, /);
    expect(settings.report()).toEqual({
      version: 1,
      values: { ...OWN, telemetrySeconds: 5 },
      sinceMs: START_MS,
      refused: {
        version: 2,
        atMs: START_MS,
        problems: [{ setting: "volume", problem: expect.stringContaining("is no setting") }],
      },
    });
    await settings.apply(document(3, {}));
    expect(settings.report().refused).toBeUndefined();
  });

  it.each([
    [4, false],
    [5, false],
    [6, true],
  ])("after version 5, version %i is taken: %s", async (version, taken) => {
    const settings = await desk();
    await settings.apply(document(5, {}));
    expect((await settings.apply(document(version, {}))) === undefined).toBe(taken);
  });

  it("are not in force when they cannot be written down", async () => {
    const memory = new Memory();
    const settings = await desk(memory);
    memory.full = true;
    expect(await settings.apply(document(1, { telemetrySeconds: 5 }))).toMatch(
      /could not be written down/,
    );
    expect(settings.values()).toEqual(OWN);
  });

  it("give way when the unit's own file became stricter", async () => {
    const memory = new Memory();
    await (await desk(memory)).apply(document(1, { retentionDays: 20, telemetrySeconds: 5 }));
    const settings = await desk(memory, { ...OWN, retentionDays: 10 });
    expect(settings.values()).toEqual({ ...OWN, retentionDays: 10 });
    expect(settings.report().refused?.problems[0]?.setting).toBe("retentionDays");
  });

  it("come one after the other: of two at once the second is judged after the first", async () => {
    const settings = await desk();
    const both = [settings.apply(document(2, {})), settings.apply(document(1, {}))];
    expect(await Promise.all(both)).toEqual([undefined, expect.stringMatching(/not above 2/)]);
  });

  it("report what the contract says", async () => {
    const settings = await desk();
    const reports: unknown[] = [];
    settings.onChange(() => reports.push(settings.report()));
    await settings.apply(document(1, { homeAssistant: true }));
    await settings.apply(document(2, { nonsense: "x".repeat(5_000) }));
    for (const report of [...reports, settings.report()]) {
      expect(settingsReportSchema.safeParse(report).error).toBeUndefined();
    }
  });
});
