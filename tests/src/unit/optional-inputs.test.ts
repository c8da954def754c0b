/** Files and addresses that the door does not need: a unit comes up without them, says so, and takes them up. */
import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, expect, it } from "vitest";
import { until as waitFor } from "../../support/until.ts";
import { ended, UnitFolder, until } from "./unit-process.ts";

const folder = new UnitFolder();
const at = (name: string): string => folder.at(name);

afterEach(() => folder.killAll());
afterAll(() => folder.remove());

const keyFile = (may: string): string => {
  const { x } = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" });
  return `keys:\n  - {id: k-1, owner: Duty desk, key: "${x}", may: [${may}]}\n`;
};

const missing = {
  "trust.files[0]": at("issuers.json"),
  "trust.revoked[0]": at("revoked.json"),
  "trust.directory": at("directory.jsonl"),
  "trust.rules": at("value-sets.json"),
  "resolver.secret": at("resolver-secret"),
  "commands.keys": at("command-keys.yaml"),
  "data.keys": at("data-keys.yaml"),
  "mqtt.collector.key": at("collector-keys.yaml"),
  "mqtt.tls.ca": at("ca.pem"),
  "mqtt.tls.cert": at("unit.pem"),
  "mqtt.tls.key": at("unit-key.pem"),
  "mqtt.passwordFile": at("password"),
} as const;

const settings = {
  trust: {
    files: [missing["trust.files[0]"]],
    revoked: [missing["trust.revoked[0]"]],
    directory: missing["trust.directory"],
    rules: { folder: folder.path, valueSets: missing["trust.rules"], of: ["GR"] },
  },
  resolver: { url: "https://resolver.invalid/", secret: missing["resolver.secret"] },
  commands: { keys: missing["commands.keys"] },
  data: { keys: missing["data.keys"], folder: at("sets") },
  mqtt: {
    url: "mqtts://no-such-broker.invalid:8883",
    username: "trial",
    passwordFile: missing["mqtt.passwordFile"],
    collector: { key: missing["mqtt.collector.key"] },
    tls: {
      ca: missing["mqtt.tls.ca"],
      cert: missing["mqtt.tls.cert"],
      key: missing["mqtt.tls.key"],
    },
  },
};

it("names each in log, readiness and alarm, works without, and takes up what comes", async () => {
  // A folder in the place of a file is no file either, nor is a pipe that nobody writes to.
  mkdirSync(missing["mqtt.tls.ca"]);
  for (const setting of ["trust.files[0]", "data.keys", "mqtt.passwordFile"] as const) {
    spawnSync("mkfifo", [missing[setting]]);
  }
  const unit = await folder.start(settings);
  const wanted = Object.keys(missing);
  const shown = await until(unit.url, ({ view }) =>
    wanted.every((setting) => view.alarms.some(({ subject }) => subject === setting)),
  );
  const kinds = shown.view.alarms.filter(({ subject }) => wanted.includes(subject ?? ""));
  expect(new Set(kinds.map(({ kind }) => kind))).toEqual(new Set(["input-unavailable"]));
  const ready = await (await fetch(`${unit.url}readyz`)).text();
  for (const [setting, file] of Object.entries(missing)) {
    expect(ready).toContain(`input/${setting}`);
    expect(unit.log()).toContain(file);
  }

  for (const file of Object.values(missing)) rmSync(file, { recursive: true, force: true });
  for (const file of Object.values(missing)) writeFileSync(file, "not that, but it can be read");
  writeFileSync(missing["commands.keys"], keyFile("release"));
  writeFileSync(missing["data.keys"], keyFile("directory"));
  writeFileSync(missing["mqtt.collector.key"], keyFile("acknowledge"));
  const takenUp = ["commands.keys", "data.keys", "mqtt.collector.key", "resolver.secret"];
  await until(unit.url, ({ view }) =>
    takenUp.every((setting) => view.alarms.every(({ subject }) => subject !== setting)),
  );
  await waitFor("the connection's files are read", () =>
    unit.log().includes('"setting":"mqtt.passwordFile","msg":"data-loaded"'),
  );
  // Which of them is no certificate stands there too: what TLS says of it names no file.
  for (const setting of ["mqtt.tls.ca", "mqtt.tls.cert", "mqtt.tls.key"] as const) {
    await waitFor(`${setting} is named`, () =>
      unit.log().includes(`${missing[setting]}: holds no `),
    );
  }
  // A trust file of nonsense is as good as none.
  expect(unit.log()).not.toContain('"setting":"trust.files[0]","msg":"data-loaded"');
  unit.process.kill("SIGTERM");
  await ended(unit.process);
  // By itself: what hangs longer is killed, and a service manager calls that a failure.
  expect(unit.process).toMatchObject({ exitCode: 0, signalCode: null });
  expect(unit.log().match(/"unitId"/g)?.length).toBe(unit.log().trim().split("\n").length);
});

it("listens on loopback while the machine does not have the configured address", async () => {
  // RFC 5737: an address that no machine has.
  const unit = await folder.start({}, { host: "192.0.2.7" });
  expect(unit.url).toMatch(/^http:\/\/127\.0\.0\.1:/);
  await until(unit.url, ({ view }) => view.alarms.some(({ subject }) => subject === "http.host"));
});
