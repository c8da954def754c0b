/** `sentinel pass` from the outside: a trial from nothing, rotation, voiding, and wrong usage. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { textsIn } from "./pictures.ts";
import { sentinel, temporaryFolder } from "./credentials.ts";

const HOLDER = ["--number", "11010519491231002X", "--name", "王小明"];
const ISSUE = ["issue", "--key", "issuer.secret.json", "--district-key", "district.key", ...HOLDER];
const AT = "2026-05-02T16:00+08:00";

async function trial() {
  const folder = temporaryFolder();
  const pass = (...args: string[]) => sentinel("pass", args, folder);
  const verify = (...args: string[]) =>
    sentinel("verify", [...args, "--trust", "issuers.json", "--json"], folder);
  await pass("district-key", "--out", "district.key");
  await pass("key", "--issuer", "Fengxian district", "--from", "2026-01-01");
  return { folder, pass, verify };
}

describe("a trial", async () => {
  const { folder, pass, verify } = await trial();

  it("makes keys only their owner can read", () => {
    for (const name of ["district.key", "issuer.secret.json"]) {
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    }
    expect(readFileSync(join(folder, "issuers.json"), "utf8")).not.toContain('"d"');
  });

  it("issues a pass that holds and says all it was told", async () => {
    const test = ["--test", "negative", "--sampled", "2026-05-01T08:00+08:00"];
    const shots = ["--doses", "3", "--doses-needed", "3", "--last-dose", "2025-12-01"];
    const rapid = ["--antigen", "negative", "--antigen-sampled", "2026-05-02T07:00Z"];
    const issued = await pass(
      ...ISSUE,
      "--colour",
      "green",
      ...test,
      ...shots,
      ...rapid,
      "--at",
      AT,
    );
    expect(issued.status).toBe(0);
    const { status, stdout } = await verify(issued.stdout.trim(), "--at", AT);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: "health-pass-live",
      holder: { maskedName: "王**" },
      evidence: [
        { kind: "code-colour", colour: "green" },
        { kind: "nucleic-acid-test", sampledAtMs: Date.parse("2026-05-01T00:00Z") },
        { kind: "antigen-test" },
        { kind: "vaccination", doses: 3, dosesNeeded: 3 },
      ],
    });
  });

  it("draws a code the door reads", async () => {
    const args = [...ISSUE, "--colour", "red", "--at", AT];
    const { stdout } = await pass(...args, "--qr", "pass.png");
    expect(await textsIn(readFileSync(join(folder, "pass.png")))).toEqual([stdout.trim()]);
    expect((await pass(...args, "--qr", "pass.svg")).status).toBe(0);
    expect(readFileSync(join(folder, "pass.svg"), "utf8")).toContain("<svg");
  });

  it("voids a paper pass when it is issued anew", async () => {
    const paper = ["--form", "paper", "--colour", "green", "--at", AT, "--json"];
    const first = JSON.parse((await pass(...ISSUE, ...paper)).stdout) as {
      text: string;
      serial: string;
    };
    expect((await pass("void", first.serial, "--list", "list.json", "--superseded")).status).toBe(
      0,
    );
    expect((await pass("void", "00000000000000ff", "--list", "list.json")).status).toBe(0);
    const day = "2026-06-01";
    expect((await verify(first.text, "--at", day)).status).toBe(0);
    const { status, stdout } = await verify(first.text, "--at", day, "--revoked", "list.json");
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: "health-pass-paper",
      needsAlongside: "id-card",
      reasons: [{ code: "superseded" }],
    });
  });
});

describe("rotation", () => {
  it("signs with the newest key in force and keeps trusting the old one", async () => {
    const { pass, verify } = await trial();
    const old = JSON.parse((await pass(...ISSUE, "--at", AT, "--json")).stdout) as Issued;
    await pass(
      "key",
      "--issuer",
      "Fengxian district",
      "--from",
      "2026-05-01",
      "--algorithm",
      "ES256",
    );
    const fresh = JSON.parse((await pass(...ISSUE, "--at", AT, "--json")).stdout) as Issued;
    expect(fresh.keyId).not.toBe(old.keyId);
    for (const { text } of [old, fresh]) expect((await verify(text, "--at", AT)).status).toBe(0);
  });

  it("a seed makes the same key again, and the same pass", async () => {
    const seed = ["--seed", "07".repeat(32), "--from", "2026-01-01"];
    const content = ["--at", AT, "--serial", "00".repeat(8)];
    const texts: string[] = [];
    for (const { folder, pass } of [await trial(), await trial()]) {
      writeFileSync(join(folder, "district.key"), "11".repeat(32));
      await pass("key", "--issuer", "x", ...seed, "--out", "seeded.json");
      texts.push((await pass(...ISSUE, ...content, "--key", "seeded.json")).stdout);
    }
    expect(texts[0]).toMatch(/^DS1:/);
    expect(texts[0]).toBe(texts[1]);
  });
});

interface Issued {
  text: string;
  keyId: string;
}

describe("wrong usage ends with 2 and says what to do", async () => {
  const { pass } = await trial();

  it.each([
    [["issue"], "required option"],
    [[...ISSUE, "--number", "110105194912310021"], "--number: not a resident number"],
    [[...ISSUE, "--number", "PAK310080010104"], "--number: not a resident number"],
    [[...ISSUE, "--number", "110105190002290025"], "--number: not a resident number"],
    [[...ISSUE, "--colour", "blue"], "Allowed choices are green, yellow, red"],
    [[...ISSUE, "--test", "negative"], "--test needs --sampled"],
    [[...ISSUE, "--at", "noon"], '--at: "noon" is not an ISO 8601 time'],
    [[...ISSUE, "--at", "2026-02-30"], '--at: "2026-02-30" is not an ISO 8601 time that exists'],
    [[...ISSUE, "--test", "negative", "--sampled", "2026-04-31T08:00Z"], "--sampled: "],
    [[...ISSUE, "--doses", "1", "--last-dose", "0026-04-01"], "--last-dose: "],
    [[...ISSUE, "--at", "2020-01-01"], "no key may sign at 2020-01-01"],
    [[...ISSUE, "--at", "2026-12-31T23:50Z"], "the pass goes beyond"],
    [[...ISSUE, "--serial", "xyz"], "a serial is 8 bytes in hex"],
    [[...ISSUE, "--qr", "pass.pdf", "--at", AT], "ends neither in .png nor in .svg"],
    [[...ISSUE, "--key", "issuers.json"], "issuers.json: keys.0.d"],
    [["key", "--issuer", "x", "--days", "0"], "--days: a whole number"],
    [["key", "--issuer", "x", "--seed", "00"], "--seed: 64 hexadecimal digits"],
    [["void", "12", "--list", "l.json"], "serial: 16 hexadecimal digits"],
  ])("%j", async (args, message) => {
    const { status, stderr } = await pass(...args);
    expect(stderr).toContain(message);
    expect(status).toBe(2);
  });

  it("explains a whole trial in its help", async () => {
    const { status, stdout } = await pass("--help");
    expect(status).toBe(0);
    expect(stdout).toContain("A trial from nothing:");
  });
});
