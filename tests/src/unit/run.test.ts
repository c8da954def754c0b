import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import {
  createIssuerKey,
  issueHealthPass,
} from "../../../src/credential/formats/health-pass/health-pass.ts";
import { publicIssuerFile } from "../../../src/credential/formats/health-pass/issuer-key.ts";
import { pseudonymOf } from "../../../src/credential/pseudonym.ts";
import { DAY_MS, HOUR_MS } from "../../../src/core/time.ts";
import { until as waitFor } from "../../support/until.ts";
import { ended, NODE, UnitFolder, until, type Started } from "./unit-process.ts";

const folder = new UnitFolder();
const at = (name: string): string => folder.at(name);
const trust = { trust: { files: [at("issuers.json")] } };
const start = (): Promise<Started> => folder.start(trust);

function pass(colour: "green" | "red"): string {
  const nowMs = Date.now();
  const key = createIssuerKey({
    issuer: "trial",
    algorithm: "EdDSA",
    notBeforeMs: nowMs - DAY_MS,
    notAfterMs: nowMs + DAY_MS,
    seed: new Uint8Array(32).fill(7),
  });
  writeFileSync(at("issuers.json"), JSON.stringify(publicIssuerFile([key], nowMs)));
  return issueHealthPass(key, {
    form: "live",
    serial: randomBytes(8).toString("hex"),
    issuedAtMs: nowMs,
    holder: {
      pseudonym: pseudonymOf(folder.districtKey, "11010519491231002X"),
      maskedName: "王**",
    },
    colour,
    nucleicAcidTest: { result: "negative", sampledAtMs: nowMs - HOUR_MS },
  });
}

pass("green");

afterEach(() => folder.killAll());
afterAll(() => folder.remove());

describe("a real unit as a process of its own", () => {
  it("opens its gate's line for a green code and not for a red one, with its card reader missing", async () => {
    const unit = await start();
    const missing = await until(unit.url, ({ view }) => view.alarms.length > 0);
    expect(missing.view.alarms.map((alarm) => alarm.subject)).toContain("card-reader");
    folder.show(pass("red"));
    const denied = await until(unit.url, ({ view }) => view.phase === "denied");
    expect(denied.view.reasons.map((reason) => reason.code)).toEqual(["code-red"]);
    expect(folder.gate()).toBe("0");
    folder.show(pass("green"));
    await until(unit.url, ({ view }) => view.phase === "granted");
    expect(folder.gate()).toBe("1");
    expect((await fetch(`${unit.url}healthz`)).status).toBe(200);
    const ready = await fetch(`${unit.url}readyz`);
    expect(await ready.text()).toContain("card-reader");
    const metrics = await (await fetch(`${unit.url}metrics`)).text();
    expect(metrics).toMatch(/outcome="granted"[^\n]* 1/);
    expect(metrics).not.toContain("王");
    unit.process.kill("SIGTERM");
    await ended(unit.process);
    expect(unit.process.exitCode).toBe(0);
    expect(folder.gate()).toBe("0");
  });

  it("reads its policy again on SIGHUP, and goes on with the one it has where that cannot be used", async () => {
    const unit = await start();
    const policy = readFileSync(at("policy.yaml"), "utf8");
    writeFileSync(at("policy.yaml"), "rules: none");
    unit.process.kill("SIGHUP");
    await waitFor("the bad policy is reported", () => unit.log().includes("policy-not-loaded"));
    writeFileSync(at("policy.yaml"), policy);
    folder.show(pass("green"));
    await until(unit.url, ({ view }) => view.phase === "granted");
  });

  it("works where another program has the port of its pages, and takes it when it is free", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const unit = await folder.start(trust, { port });
    expect(unit.log()).toMatch(/"setting":"http\.host".*another program listens there/);
    folder.show(pass("green"));
    await waitFor("the gate is open", () => folder.gate() === "1", 20_000);
    // It stops listening at once; whoever has connected to it need not be waited for.
    other.close();
    await waitFor("the address is taken up", () => unit.log().includes("data-loaded"), 20_000);
    expect((await fetch(`${unit.url}healthz`)).status).toBe(200);
  });

  it("is not started twice: the second says so, and touches neither gate nor records", async () => {
    const unit = await start();
    const run = spawnSync(NODE, ["src/cli/main.ts", "run", "--config", at("unit.yaml")], {
      encoding: "utf8",
    });
    expect([run.status, run.stdout]).toEqual([2, ""]);
    expect(run.stderr).toMatch(/the unit trial runs already, at http:/);
    expect((await fetch(`${unit.url}healthz`)).status).toBe(200);
  });

  it.each([
    ["without a policy", { policy: at("none") }, "the policy is not there; deploy/policy.example"],
    ["with a policy that is a folder", { policy: folder.path }, "cannot be read (EISDIR"],
    ["without the district's key", { keys: { district: at("none") } }, "key is not there; every"],
    [
      "with a district's key that is a folder",
      { keys: { district: folder.path } },
      "the district's key cannot be read (EISDIR",
    ],
    [
      "where its own key cannot be made",
      { keys: { district: at("district.key"), unit: "/sys/none/unit.key" } },
      "its folder must be writable at the first start",
    ],
  ])("refuses to start %s, in one clear line", async (_title, settings, message) => {
    await folder.configure(settings);
    const run = spawnSync(NODE, ["src/cli/main.ts", "run", "--config", at("unit.yaml")], {
      encoding: "utf8",
    });
    expect(run.status).toBe(2);
    expect(run.stderr).toContain(message);
    expect(run.stderr.trim().split("\n")).toHaveLength(1);
  });
});

describe("doctor", () => {
  it("reports what works and what does not, with a fix, and leaves the gate locked", async () => {
    await folder.configure(trust);
    const run = spawnSync(
      NODE,
      ["src/cli/main.ts", "doctor", "--json", "--config", at("unit.yaml")],
      { encoding: "utf8" },
    );
    const { ok, findings } = JSON.parse(run.stdout) as {
      ok: boolean;
      findings: { what: string; state: string; detail: string; mend?: string }[];
    };
    const state = Object.fromEntries(findings.map((finding) => [finding.what, finding.state]));
    expect(state).toMatchObject({
      policy: "ok",
      "district key": "ok",
      "trust lists": "ok",
      disk: "ok",
      camera: "ok",
      "code reader": "ok",
      "card reader": "failed",
      thermometer: "absent",
      "gate line": "ok",
      broker: "absent",
    });
    expect(findings.filter((each) => each.state === "failed").every((each) => each.mend)).toBe(
      true,
    );
    expect(findings.find(({ what }) => what === "code reader")?.detail).toMatch(
      /^one frame of \d+×\d+ takes \d+\.\d ms \((zxing|rxing)\), .* \d+ ms; up to \d+ frames a second can be decoded$/,
    );
    expect([ok, run.status]).toEqual([false, 1]);
    expect(folder.gate()).toBe("0");
  });
});
