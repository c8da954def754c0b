/** `sentinel verify` from the outside: files told by content, times, output, exit status. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { issueHealthPass } from "../../../src/credential/formats/health-pass/health-pass.ts";
import { publicIssuerFile } from "../../../src/credential/formats/health-pass/issuer-key.ts";
import { AUTHORITY } from "../credential/certificates.ts";
import { KEY } from "../credential/makers.ts";
import { SEAL_DATA, sealText } from "../credential/formats/vds-nc/samples.ts";
import {
  cardDigits,
  cardJws,
  cardPayload,
} from "../credential/formats/smart-health-card/samples.ts";
import { NOW } from "../credential/passes.ts";
import { passContent, passKey } from "../credential/formats/health-pass/samples.ts";
import { sentinel, temporaryFolder } from "./credentials.ts";

const folder = temporaryFolder();
const at = new Date(NOW).toISOString();
const pass = issueHealthPass(passKey("EdDSA"), passContent());

const run = (args: readonly string[]) => sentinel("verify", args, folder);

function file(name: string, content: unknown): string {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  writeFileSync(join(folder, name), text);
  return name;
}

beforeAll(() => {
  file("issuers.json", publicIssuerFile([passKey("EdDSA")], NOW));
  file("authority.pem", AUTHORITY);
  file("jwks.json", { keys: [KEY.publicKey.export({ format: "jwk" })] });
  file("district.key", "11".repeat(32));
});

describe("exit status and output", () => {
  it("0 and one line of JSON where it holds", async () => {
    const { status, stdout } = await run([pass, "--trust", "issuers.json", "--at", at, "--json"]);
    expect(status).toBe(0);
    expect(stdout.trim().split("\n")).toHaveLength(1);
    const json = JSON.parse(stdout) as Record<string, unknown>;
    expect(Object.keys(json).slice(0, 4)).toEqual(["kind", "holds", "reasons", "evidence"]);
    expect(json).toMatchObject({ kind: "health-pass-live", holds: true, reasons: [] });
    expect(json["holder"]).toEqual({ maskedName: "王**" });
  });

  it("1 and the reasons where it does not", async () => {
    const { status, stdout } = await run([pass, "--at", at, "--json"]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      holds: false,
      reasons: [{ code: "issuer-unknown", params: { keyId: passKey("EdDSA").keyId } }],
    });
  });

  it("warns of a key that is left out, and goes on with the others", async () => {
    const good = publicIssuerFile([passKey("EdDSA")], NOW);
    file("one-unknown.json", { ...good, keys: [{ kty: "AKP" }, ...good.keys] });
    const warning = "one-unknown.json: left out: keys.0: not a public key (kty AKP)";
    const args = [pass, "--trust", "one-unknown.json", "--at", at];
    const text = await run(args);
    expect(text).toMatchObject({ status: 0, stderr: `warning: ${warning}\n` });
    const { stdout } = await run([...args, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ holds: true, warnings: [warning] });
  });

  it("1 for a text that is no health code", async () => {
    const { status, stdout } = await run(["hello", "--json"]);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: "unknown",
      reasons: [{ code: "not-a-health-code" }],
    });
  });

  it.each([
    ["no text", []],
    ["an unknown option", [pass, "--nope"]],
    ["an impossible time", [pass, "--at", "yesterday"]],
    ["a trust file that is not there", [pass, "--trust", "missing.json"]],
    ["a trust file that is none", [pass, "--trust", "district.key"]],
    ["a revocation list that is none", [pass, "--revoked", "issuers.json"]],
    ["a folder without rules", [pass, "--rules", "."]],
    ["a key that is none", [pass, "--district-key", "authority.pem"]],
  ])("2 and one clear line for %s", async (_name, args) => {
    const { status, stdout, stderr } = await run(args);
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(2);
  });

  it("speaks to people without --json", async () => {
    const { stdout } = await run([pass, "--trust", "issuers.json", "--at", at]);
    expect(stdout).toContain("health-pass-live: valid");
    expect(stdout).toContain("code-colour (colour green");
  });

  it("gives an age as how long, and a moment as a date", async () => {
    const later = new Date(NOW + 49 * 3_600_000).toISOString();
    const { stdout } = await run([pass, "--trust", "issuers.json", "--at", later]);
    expect(stdout).toMatch(/live-code-too-old \(.*age [\d.]+ d/);
    expect(stdout).not.toContain("1970");
    expect(stdout).toMatch(/issued 20\d\d-/);
  });

  it("explains itself", async () => {
    const { status, stdout } = await run(["--help"]);
    expect(status).toBe(0);
    expect(stdout).toContain("Exit status: 0 valid, 1 not valid, 2 wrong usage.");
  });
});

describe("what goes in", () => {
  it.each([
    ["a line", `${pass}\n`, 0],
    ["a line of Windows", `${pass}\r\n`, 0],
    ["a line with a blank at its end", `${pass} \n`, 0],
    ["a line in two", `${pass.slice(0, 50)}\n${pass.slice(50)}\n`, 1],
  ])("from standard input: %s", (_name, input, status) => {
    const file = resolve("src/cli/verify.ts");
    const script = `
      import { verifyCommand } from ${JSON.stringify(file)};
      await verifyCommand().parseAsync(process.argv.slice(1), { from: "user" });`;
    const args = ["-", "--trust", "issuers.json", "--at", at];
    const flags = ["--input-type=module", "-e", script, "--"];
    const ran = spawnSync(process.execPath, [...flags, ...args], { cwd: folder, input });
    expect(ran.status).toBe(status);
  });

  it("several trust files of several kinds", async () => {
    const trust = ["issuers.json", "authority.pem", "jwks.json"].flatMap((each) => [
      "--trust",
      each,
    ]);
    expect((await run([pass, ...trust, "--at", at])).status).toBe(0);
    expect((await run([sealText(SEAL_DATA), ...trust, "--at", "2027-02-01"])).status).toBe(0);
  });

  it("a card in parts", async () => {
    const jws = await cardJws(cardPayload());
    const half = Math.ceil(jws.length / 2);
    const parts = [jws.slice(0, half), jws.slice(half)].map(
      (part, index) => `shc:/${index + 1}/2/${cardDigits(part)}`,
    );
    const args = ["--trust", "jwks.json", "--at", at];
    expect((await run([...parts, ...args])).status).toBe(0);
    expect((await run([parts[0] ?? "", ...args])).stdout).toContain("parts-missing (have 1, of 2)");
  });

  it.each([
    "2026-05-02T08:00:00Z",
    "2026-05-02T16:00:00+08:00",
    "2026-05-02T16:00:00.000+0800",
    "2026-05-02T08:00",
  ])("the time %s", async (time) => {
    expect((await run([pass, "--trust", "issuers.json", "--at", time])).status).toBe(0);
  });

  it("a revocation list", async () => {
    const list = file("revoked.json", {
      kind: "digital-sentinel-revocations",
      namespace: "health-pass",
      asOf: at,
      revoked: [passContent().serial],
    });
    const { status, stdout } = await run([
      pass,
      "--trust",
      "issuers.json",
      "--at",
      at,
      "--revoked",
      list,
    ]);
    expect(status).toBe(1);
    expect(stdout).toContain("because revoked");
  });

  it("the district's key shows the pseudonym", async () => {
    const args = [pass, "--trust", "issuers.json", "--at", at, "--json"];
    const { stdout } = await run([...args, "--district-key", "district.key"]);
    expect(JSON.parse(stdout)).toMatchObject({ holder: passContent().holder });
  });
});
