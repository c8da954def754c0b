/** The service files: what the service manager says of them, and that what they start works. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PublishedSets } from "../../src/district/distributor-folder.ts";
import { createMqttJsLink } from "../../src/mqtt/mqttjs.ts";
import { districtTopics } from "../../src/protocol/topics.ts";
import { startShippedBroker, type ShippedBroker } from "../support/shipped-broker.ts";
import { confinementOf } from "./confinement.ts";
import { directivesOf } from "../hal/linux/service-manager-double.ts";

const FOLDER = "deploy/systemd";
const SERVICES = readdirSync(FOLDER).filter((name) => name.endsWith(".service"));
/**
 * Of 10; a service without any hardening has 9.6. The unit may ask the clock and write GPIO files.
 * That a service works under what it forbids is shown by starting it (hardening.test.ts, and below).
 */
const mostExposed = (service: string): number =>
  ["sentinel.service", "sentinel-update.service"].includes(service) ? 2.2 : 1.6;
const NOBODY = 65_534;
const ANALYZE = "/usr/bin/systemd-analyze";

const textOf = (service: string): string => readFileSync(join(FOLDER, service), "utf8");

describe.skipIf(!existsSync(ANALYZE))("by the service manager's own judgement", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "sentinel-services-"));
    // As installed, but for the program: it wants to see one where ExecStart= points.
    for (const service of SERVICES) {
      const text = textOf(service).replaceAll("/opt/sentinel/current/bin/node", "/bin/true");
      writeFileSync(join(folder, service), text);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(SERVICES)("%s has no setting it does not understand", (service) => {
    const { status, stderr } = spawnSync(
      ANALYZE,
      ["verify", "--man=no", "--recursive-errors=no", join(folder, service)],
      { encoding: "utf8" },
    );
    expect([status, stderr.split("\n").filter((line) => line.includes(service))]).toEqual([0, []]);
  });

  it.each(SERVICES)("%s is hardly exposed", (service) => {
    const limits = ["--offline=yes", `--threshold=${mostExposed(service) * 10}`, "--no-pager"];
    const { status, stdout } = spawnSync(ANALYZE, ["security", ...limits, join(folder, service)], {
      encoding: "utf8",
    });
    expect([status, stdout.trim().split("\n").at(-1)]).toEqual([0, expect.stringContaining("OK")]);
  });
});

describe("installed under a folder", () => {
  it.each([
    [[], ["sentinel-update.service", "sentinel.service"], ["policy.yaml", "unit.yaml"]],
    [
      ["--far-end"],
      ["sentinel-collect.service", "sentinel-publish.service", "sentinel-update.service"],
      ["far-end.env"],
    ],
  ])("with %j are %j and %j, and stay as they were configured", (options, services, settings) => {
    const installer = readFileSync("deploy/install.sh", "utf8");
    const folder = mkdtempSync(join(tmpdir(), "sentinel-install-"));
    try {
      // From a checkout of which only what is installed is there, built by a hand that writes nothing.
      const from = join(folder, "from");
      const folders = ["src", "hal", "dist/unit/src", "dist/unit/hal", "dist/district/src"];
      for (const part of [...folders, "dist/pages"]) {
        mkdirSync(join(from, part), { recursive: true });
      }
      for (const part of ["unit", "district"])
        writeFileSync(join(from, "dist", part, ".built"), "");
      execFileSync("cp", ["-R", "deploy", from]);
      for (const file of ["package.json", "package-lock.json", ".npmrc", "LICENSE", "README.md"]) {
        execFileSync("cp", [file, from]);
      }
      execFileSync("cp", ["CHANGELOG.md", from]);
      writeFileSync(join(from, "deploy", "install.sh"), installer);
      const root = join(folder, "root");
      const install = (): void => {
        execFileSync("sh", [join(from, "deploy", "install.sh"), ...options, "--root", root]);
      };
      install();
      const [first = ""] = settings;
      const configured = join(root, "etc/sentinel", first);
      writeFileSync(configured, "what somebody wrote");
      install();
      expect(readFileSync(configured, "utf8")).toBe("what somebody wrote");
      expect(readdirSync(join(root, "etc/systemd/system"))).toEqual(services);
      const there = readdirSync(join(root, "etc/sentinel"));
      expect(there.filter((name) => !name.includes(".example."))).toEqual(settings);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("at the far end", { timeout: 60_000 }, () => {
  let shipped: ShippedBroker;
  let folder: string;
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    shipped = await startShippedBroker();
    folder = mkdtempSync(join(tmpdir(), "sentinel-far-end-"));
    for (const name of ["collector", "operator"]) {
      const { ca, cert, key } = shipped.identity(name);
      writeFileSync(join(folder, "ca.pem"), ca);
      writeFileSync(join(folder, `${name}.pem`), cert);
      writeFileSync(join(folder, `${name}-key.pem`), key);
    }
  });
  afterAll(async () => {
    for (const child of running) {
      const gone = once(child, "exit");
      if (child.kill()) await gone;
    }
    await shipped.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  /**
   * Starts what ExecStart= says under the filters of its file, its folders and its settings put
   * where a test may write.
   */
  function start(service: string): void {
    const line = directivesOf(new URL(`../../${FOLDER}/${service}`, import.meta.url));
    const [, ...words] = (line.get("ExecStart") ?? "")
      .replace("src/cli/main.js", "src/cli/main.ts")
      .replaceAll("%d/", `${folder}/`)
      .replaceAll("/var/lib/", `${folder}/`)
      .replace("${SENTINEL_BROKER}", shipped.url)
      .replace("${SENTINEL_DISTRICT}", "pudong")
      .split(" ");
    mkdirSync(join(folder, line.get("StateDirectory") ?? ""), { recursive: true });
    const confinement = join(folder, `${service}.json`);
    writeFileSync(confinement, JSON.stringify(confinementOf(join(FOLDER, service))));
    const confined = ["tests/deploy/confined.ts", confinement, process.execPath, ...words];
    running.push(spawn(process.execPath, confined, { stdio: ["ignore", "ignore", "inherit"] }));
  }

  /** The first message a unit hears on a topic, once what is started is connected. */
  async function heard(topic: string, begin: () => void): Promise<string> {
    const unit = await createMqttJsLink({
      url: shipped.url,
      version: "5",
      tls: shipped.identity("door-1"),
    }).connect({
      clientId: "door-1",
      cleanStart: true,
      sessionExpirySeconds: 0,
      keepAliveSeconds: 20,
      connectTimeoutMs: 5_000,
    });
    try {
      const message = new Promise<string>((resolve) => {
        unit.onMessage(({ payload }) => resolve(Buffer.from(payload).toString()));
      });
      await unit.subscribe([{ filter: topic, qos: 1 }]);
      begin();
      return await message;
    } finally {
      await unit.close();
    }
  }

  it("the collector connects under the service's own words, and makes its key", async () => {
    const said = await heard(districtTopics("pudong").rebirth, () =>
      start("sentinel-collect.service"),
    );
    expect(said).toBe("{}");
    const made = readdirSync(join(folder, "sentinel-collect"));
    expect(made).toContain("collector.key.json.units.yaml");
  });

  it("the publisher offers what root has published into its folder", async () => {
    const folderOfSets = join(folder, "sentinel-publish");
    mkdirSync(folderOfSets, { recursive: true });
    // Only root can publish for another user, as it does on a real machine.
    const ownUid = process.getuid?.() ?? 0;
    if (ownUid === 0) chownSync(folderOfSets, NOBODY, NOBODY);
    const { privateKey } = generateKeyPairSync("ed25519");
    const nowMs = Date.now();
    const [published] = new PublishedSets(folderOfSets).add({
      kind: "policy",
      files: [readFileSync("deploy/policy.example.yaml")],
      audiences: ["pudong/all"],
      asOfMs: nowMs,
      nowMs,
      expiresMs: nowMs + 60_000,
      keyId: "data-1",
      key: privateKey,
    });
    const written = readdirSync(folderOfSets, { recursive: true, encoding: "utf8" });
    const owners = written.map((path) => statSync(join(folderOfSets, path)).uid);
    expect(new Set(owners)).toEqual(new Set([statSync(folderOfSets).uid]));
    // The service has no capability to read what is another user's: here it runs as this one.
    for (const path of ["", ...written])
      chownSync(join(folderOfSets, path), ownUid, process.getgid?.() ?? 0);
    const said = await heard(districtTopics("pudong").manifest("policy"), () =>
      start("sentinel-publish.service"),
    );
    expect(said).toBe(published?.token);
  });
});
