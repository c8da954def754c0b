/** What the services start works under what their files forbid: real programs, real filters. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createClockSyncReader } from "../../hal/linux/clock-sync.ts";
import { DAY_MS } from "../../src/core/time.ts";
import {
  createIssuerKey,
  issueHealthPass,
} from "../../src/credential/formats/health-pass/health-pass.ts";
import { pseudonymOf } from "../../src/credential/pseudonym.ts";
import { publicIssuerFile } from "../../src/credential/formats/health-pass/issuer-key.ts";
import { ended, NODE, UnitFolder, until } from "../src/unit/unit-process.ts";
import { confinementOf, settingsOf } from "./confinement.ts";

const LAUNCHER = "tests/deploy/confined.ts";
const UNIT = "deploy/systemd/sentinel.service";

let folder: string;
let confined: readonly string[];
const units: UnitFolder[] = [];

/** Node arguments that start a program as the service file does. */
function under(text: string, name: string): readonly string[] {
  const service = join(folder, `${name}.service`);
  writeFileSync(service, text);
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(confinementOf(service)));
  return [LAUNCHER, file];
}

/** What a program says under the filters, and how it ended. */
function run(by: readonly string[], words: readonly string[]): { said: string; code: unknown } {
  const { stdout, stderr, status, signal } = spawnSync(NODE, [...by, NODE, ...words], {
    encoding: "utf8",
  });
  return { said: `${stdout}${stderr}`.trim(), code: signal ?? status };
}

const text = readFileSync(UNIT, "utf8");

/** A unit under the service's filters. */
function confinedUnit(): UnitFolder {
  const unit = new UnitFolder(confined);
  units.push(unit);
  return unit;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sentinel-hardening-"));
  confined = under(text, "sentinel");
});
afterEach(async () => {
  for (const unit of units.splice(0)) {
    await unit.killAll();
    unit.remove();
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const READ_CLOCK = [
  "--input-type=module",
  "-e",
  `import { createClockSyncReader } from "${process.cwd()}/hal/linux/clock-sync.ts";
   console.log(JSON.stringify(createClockSyncReader()()));`,
];

/** ffmpeg asks this at its start, by libnuma. */
const SET_MEMORY_POLICY = [
  "-e",
  `const koffi = require("koffi");
   const call = koffi.load("libc.so.6").func("long syscall(long number, int mode, void *mask, size_t bits)");
   const result = Number(call(process.arch === "x64" ? 238 : 237, 0, null, 0));
   console.log(result, koffi.errno());`,
];
const EPERM = 1;

describe("under the filters of the unit's service file", () => {
  it("the clock can be asked, and says what it says outside", () => {
    const { said, code } = run(confined, READ_CLOCK);
    const outside = createClockSyncReader()();
    expect(outside.state).not.toBe("unknown");
    expect([JSON.parse(said), code]).toEqual([outside, 0]);
  });

  it("the clock cannot be set, nor another namespace made", () => {
    const attempts = `
      const koffi = require("koffi");
      const libc = koffi.load("libc.so.6");
      const set = libc.func("int clock_settime(int clock, void *time)");
      const unshare = libc.func("int unshare(int flags)");
      const socket = libc.func("int socket(int domain, int type, int protocol)");
      console.log(set(0, Buffer.alloc(16)), unshare(0x10000000), socket(17, 3, 0));`;
    expect(run(confined, ["-e", attempts])).toEqual({ said: "-1 -1 -1", code: 0 });
  });

  it("a call that is refused is an error, not the end of the program", () => {
    expect(run(confined, SET_MEMORY_POLICY)).toEqual({ said: `-1 ${EPERM}`, code: 0 });
  });

  it("a unit comes up, its decoders read a code from its camera's pictures, and its gate opens", async () => {
    const unit = confinedUnit();
    const nowMs = Date.now();
    const key = createIssuerKey({
      issuer: "trial",
      algorithm: "EdDSA",
      notBeforeMs: nowMs - DAY_MS,
      notAfterMs: nowMs + DAY_MS,
      seed: new Uint8Array(32).fill(7),
    });
    writeFileSync(unit.at("issuers.json"), JSON.stringify(publicIssuerFile([key], nowMs)));
    const started = await unit.start({ trust: { files: [unit.at("issuers.json")] } });
    const pass = issueHealthPass(key, {
      form: "live",
      serial: "0011223344556677",
      issuedAtMs: Date.now(),
      holder: {
        pseudonym: pseudonymOf(unit.districtKey, "11010519491231002X"),
        maskedName: "王**",
      },
      colour: "green",
      nucleicAcidTest: { result: "negative", sampledAtMs: nowMs - 3_600_000 },
    });
    unit.show(pass);
    await until(started.url, ({ view }) => view.phase === "granted");
    expect(unit.gate()).toBe("1");
    started.process.kill("SIGTERM");
    await ended(started.process);
    expect([started.process.exitCode, unit.gate()]).toEqual([0, "0"]);
  });

  it("doctor finds what it finds outside", async () => {
    const unit = confinedUnit();
    await unit.configure();
    const doctor = ["src/cli/main.ts", "doctor", "--json", "--config", unit.at("unit.yaml")];
    const states = (by: readonly string[]): string[] => {
      const { findings } = JSON.parse(run(by, doctor).said) as {
        findings: { what: string; state: string }[];
      };
      return findings.map(({ what, state }) => `${what}: ${state}`);
    };
    const inside = states(confined);
    expect(inside).toContain("camera: ok");
    expect(inside).toEqual(states([LAUNCHER, nothingForbidden()]));
  });

  /** ffmpeg itself, where it is installed: the journey (npm run journey) installs it. */
  it.runIf(existsSync("/usr/bin/ffmpeg"))("ffmpeg gives frames", () => {
    const words = "-loglevel error -f lavfi -i testsrc=size=64x48:rate=5 -frames:v 2";
    const { stdout, status } = spawnSync(NODE, [
      ...confined,
      "/usr/bin/ffmpeg",
      ...`${words} -pix_fmt gray -f rawvideo -`.split(" "),
    ]);
    expect([stdout.length, status]).toEqual([64 * 48 * 2, 0]);
  });
});

function nothingForbidden(): string {
  return under("[Service]\n", "open").at(-1) ?? "";
}

describe("the filters bite", () => {
  it("with ProtectClock=yes the clock cannot be asked, and that is not mistaken for its state", () => {
    const by = under(`${text}\n[Service]\nProtectClock=yes\n`, "protect-clock");
    const { said, code } = run(by, READ_CLOCK);
    expect([JSON.parse(said), code]).toEqual([
      { state: "unknown", why: expect.stringContaining("adjtimex is refused") },
      0,
    ]);
  });

  it("without the clock's calls and with death for a refused one, the program dies", () => {
    const without = text
      .replace("SystemCallFilter=adjtimex clock_adjtime\n", "")
      .replace("SystemCallErrorNumber=EPERM\n", "");
    expect(run(under(without, "deadly"), READ_CLOCK).code).toBe("SIGSYS");
  });
});

describe("what a system may lack does not keep the unit from starting", () => {
  it("every path that is not systemd's own is marked as optional, and no group is demanded", () => {
    const settings = settingsOf(text);
    const valueOf = (name: string): string[] =>
      settings.filter((each) => each.name === name).flatMap(({ value }) => value.split(" "));
    const paths = ["ReadWritePaths", "ReadOnlyPaths", "BindPaths", "InaccessiblePaths"];
    expect(paths.flatMap(valueOf).filter((path) => !path.startsWith("-"))).toEqual([]);
    expect(valueOf("SupplementaryGroups")).toEqual([]);
  });
});
