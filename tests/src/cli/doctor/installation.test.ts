/** What doctor says of the box: each fault by its one cause, with the way out. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cameraFix } from "../../../../hal/drivers/code-reader/camera/register.ts";
import { twoWireFix } from "../../../../hal/drivers/thermometer/chip.ts";
import { loadNativeModule } from "../../../../hal/linux/native-module.ts";
import { parseUnitConfig } from "../../../../src/config/unit.ts";
import { findingOf, type Finding } from "../../../../src/cli/doctor/check.ts";
import {
  freeBytes,
  installationChecks,
  type Machine,
} from "../../../../src/cli/doctor/installation.ts";

const CONFIG = parseUnitConfig(
  "unitId: a\ndistrict: d\ndevices:\n  camera: {source: v4l2}\n  thermometer: {bus: 1}\n  cardReader: {path: /dev/ttyUSB0}\n",
  "unit.yaml",
);

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "doctor-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const LOADED = (): Promise<void> => Promise.resolve();

async function findings(
  user = "sentinel",
  load: Machine["load"] = LOADED,
): Promise<Map<string, Finding>> {
  const checks = await installationChecks(CONFIG, {
    serviceFile: at("sentinel.service"),
    groupFile: at("group"),
    gpio: at("gpio"),
    user,
    load,
  });
  const found = await Promise.all(checks.map(findingOf));
  return new Map(found.map((finding) => [finding.what, finding]));
}

const GROUPS = "sentinel:x:999:\ngpio:x:1:sentinel\ni2c:x:2:pi,sentinel\ndialout:x:3:sentinel\n";

describe("the service", () => {
  const service = (more: string): void =>
    writeFileSync(
      at("sentinel.service"),
      `WorkingDirectory=${folder}\nExecStart=${process.execPath} run\n${more}`,
    );

  it("is not there in a checkout", async () => {
    expect((await findings()).get("service")).toMatchObject({ state: "absent" });
  });

  it("is well where its program can be started", async () => {
    service("");
    expect((await findings()).get("service")).toMatchObject({ state: "ok" });
  });

  it.each([
    ["ProtectClock=yes\n", /forbids the unit to ask/],
    ["ExecStart=/nowhere/node run\n", /\/nowhere\/node/],
  ])("with %j is wrong, and says why", async (more, why) => {
    service(more);
    const finding = (await findings()).get("service");
    expect([finding?.state, finding?.detail]).toEqual(["failed", expect.stringMatching(why)]);
    expect(finding?.mend).toContain("install.sh");
  });
});

describe("the service's user", () => {
  it("has to be in the group of each device, and the mend names those that are missing", async () => {
    writeFileSync(at("group"), GROUPS);
    const finding = (await findings()).get("service user");
    expect(finding).toMatchObject({ state: "failed", detail: "sentinel is not in: video" });
    expect(finding?.mend).toContain("usermod -aG video sentinel");
  });

  it("is not whoever calls doctor, who is told", async () => {
    writeFileSync(at("group"), `${GROUPS}video:x:4:sentinel\n`);
    expect((await findings("root")).get("service user")?.detail).toContain(
      "you are root, and may use what it may not: sudo -u sentinel sentinel doctor",
    );
    expect((await findings()).get("service user")?.detail).not.toContain("sudo");
  });
});

describe("modules that are compiled where they run", () => {
  it("are named where one cannot be loaded, with how to build it, also where there is no board", async () => {
    const asked: string[] = [];
    const finding = (
      await findings("sentinel", async (names) => {
        asked.push(...names);
        const context = { bus: "this machine", during: "loading modules" };
        await loadNativeModule("onoff", () => Promise.reject(new Error("no binary")), context);
      })
    ).get("built modules");
    expect(asked).toEqual(["onoff", "i2c-bus"]);
    expect(finding).toMatchObject({
      state: "failed",
      detail: expect.stringContaining("the module onoff cannot be loaded: no binary"),
      mend: expect.stringMatching(/apt-get install g\+\+.* deploy\/install.sh again/),
    });
  });

  it("are well where they load", async () => {
    expect((await findings()).get("built modules")).toMatchObject({
      state: "ok",
      detail: "onoff, i2c-bus: built for this Node",
    });
  });
});

describe("GPIO lines", () => {
  it("that are missing are one finding, with what brings them", async () => {
    const finding = (await findings()).get("GPIO lines");
    expect(finding).toMatchObject({ state: "failed", mend: expect.stringContaining("GPIO_SYSFS") });
  });

  it("are named by their chip", async () => {
    mkdirSync(at("gpio/gpiochip512"), { recursive: true });
    for (const [name, value] of Object.entries({ label: "pinctrl-rp1", base: 512, ngpio: 54 })) {
      writeFileSync(at(`gpio/gpiochip512/${name}`), `${value}\n`);
    }
    expect((await findings()).get("GPIO lines")).toMatchObject({
      state: "ok",
      detail: "pinctrl-rp1, 54 lines from 512",
    });
  });
});

describe("the way out depends on what is wrong", () => {
  it.each([
    ["absent on /dev/video0 (spawn ffmpeg ENOENT)", /apt-get install ffmpeg/],
    ["the picture is blank", /lens cover/],
    ["no frame within 5 s", /USB plug/],
  ])("of a camera with %j", (detail, mend) => {
    expect(cameraFix("v4l2", detail)).toMatch(mend);
  });

  it.each([
    ["ENOENT: no such file or directory, access '/dev/i2c-1'", /modprobe i2c-dev/],
    ["EREMOTEIO", /SDA, SCL.*i2c_arm_baudrate/],
  ])("of a thermometer with %j", (detail, mend) => {
    expect(twoWireFix(1, detail)).toMatch(mend);
  });
});

it("a folder that is not there yet has the free space of where it will be", async () => {
  expect(await freeBytes(at("not/there/yet"))).toBeGreaterThan(0);
});
