/** docs/operators/keys.md as it stands: its commands are run, and what they make is what broker and units need. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createMqttJsLink } from "../../src/mqtt/mqttjs.ts";
import { commandsOf } from "../journey/page.ts";
import { startMosquitto, type Mosquitto } from "../support/mosquitto.ts";

const PAGE = readFileSync("docs/operators/keys.md", "utf8");

let folder: string;
let broker: Mosquitto | undefined;
const etc = (name: string): string => readFileSync(join(folder, "etc", name), "utf8");

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "sentinel-keys-"));
  mkdirSync(join(folder, "etc"));
  mkdirSync(join(folder, "bin"));
  // Whose files they are needs a user that this machine may not have.
  const double = (name: string, text: string): void =>
    writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  double("sudo", 'exec "$@"');
  double("chgrp", "");
  double("install", 'shift 6; exec cp "$@"');
  // A certificate that is good for this machine's address as well: there is no broker.example here.
  const script = commandsOf(PAGE)
    .replaceAll("/etc/sentinel", join(folder, "etc"))
    .replace("DNS:broker.example", "DNS:broker.example,IP:127.0.0.1");
  const { status, stderr } = spawnSync("sh", ["-eu", "-c", script], {
    cwd: folder,
    env: { ...process.env, PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? ""}` },
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  const shipped = readFileSync("deploy/mosquitto/mosquitto.conf", "utf8")
    .replace("/etc/mosquitto/sentinel/acl.conf", join(process.cwd(), "deploy/mosquitto/acl.conf"))
    .replaceAll("/etc/mosquitto/sentinel/", `${join(folder, "sentinel-ca")}/`)
    .replace("/var/lib/mosquitto/", "{folder}/")
    .replace("listener 8883", "listener {port} 127.0.0.1");
  broker = await startMosquitto(shipped.split("\n"), false);
});
afterAll(async () => {
  await broker?.dispose();
  rmSync(folder, { recursive: true, force: true });
});

describe("the keys of a site of its own", () => {
  it("the district's key is one that a unit takes", () => {
    expect(etc("district.key")).toMatch(/^[0-9a-f]{64}\n$/);
  });

  it("the unit's certificate opens the shipped broker, which shows one of the same authority", async () => {
    const link = createMqttJsLink({
      url: `mqtts://127.0.0.1:${broker?.port ?? 0}`,
      version: "5",
      tls: { ca: etc("broker-ca.pem"), cert: etc("unit.pem"), key: etc("unit-key.pem") },
    });
    const connection = await link.connect({
      clientId: "clinic-east-1-trial",
      cleanStart: true,
      sessionExpirySeconds: 0,
      keepAliveSeconds: 20,
      connectTimeoutMs: 5_000,
    });
    const own = "sentinel/1/fengxian/clinic-east-1/evt";
    expect(await connection.publish({ topic: own, payload: "{}", qos: 1 })).toBeLessThan(0x80);
    await connection.close();
  });
});
