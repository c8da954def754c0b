import { spawn } from "node:child_process";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

interface Run {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `sentinel …`; `until` ends it with an interrupt once its output matches. */
function sentinel(args: readonly string[], until?: RegExp): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["src/cli/main.ts", ...args]);
    let stdout = "";
    let stderr = "";
    let interrupted = false;
    child.stdout.on("data", (chunk) => {
      stdout += String(chunk);
      if (until === undefined || interrupted || !until.test(stdout)) return;
      interrupted = true;
      child.kill("SIGINT");
    });
    child.stderr.on("data", (chunk) => {
      stderr += String(chunk);
    });
    child.once("error", reject);
    child.once("close", (status) => resolve({ status, stdout, stderr }));
  });
}

async function scenario(text: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "sim-")), "scenario.yaml");
  await writeFile(file, text);
  return file;
}

const GOOD = `
name: short
visitors:
- id: green
  shows: { pass: { colour: green, nucleicAcidTest: { sampled: 10h ago } } }
  expect: { outcome: granted, taken: true }
- id: red
  shows: { pass: { colour: red } }
  expect: { outcome: denied }
`;

describe("sentinel sim --scenario", { timeout: 120_000 }, () => {
  it("prints a JSON line a visit and one of totals, the same bytes for the same seed", async () => {
    const file = await scenario(GOOD);
    const args = ["sim", "--scenario", file, "--seed", "5", "--json"];
    const [first, second] = await Promise.all([sentinel(args), sentinel(args)]);
    expect(first).toMatchObject({ status: 0, stderr: "" });
    expect(second.stdout).toBe(first.stdout);
    const lines = first.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(lines).toMatchObject([
      {
        type: "visit",
        visitor: "green",
        outcome: "granted",
        reasons: [],
        gate: { opened: true },
        stagesMs: { readableToDecoded: 0 },
        evidence: [{ kind: "code-colour" }, { kind: "nucleic-acid-test" }, { kind: "temperature" }],
        expect: { held: true, failures: [] },
      },
      { type: "visit", visitor: "red", outcome: "denied" },
      { type: "totals", seed: 5, visitors: 2, granted: 1, denied: 1, ok: true },
    ]);
    const other = await sentinel(["sim", "--scenario", file, "--seed", "6", "--json"]);
    expect(other.stdout).not.toBe(first.stdout);
  });

  it("says it in sentences without --json, and writes the trace where asked", async () => {
    const file = await scenario(GOOD);
    const trace = `${file}.trace`;
    const run = await sentinel(["sim", "--scenario", file, "--trace", trace]);
    expect(run.stdout).toContain("green: granted, gate opened");
    expect(run.stdout).toContain("2 expectations held");
    const first = (await readFile(trace, "utf8")).split("\n")[0] ?? "";
    expect(JSON.parse(first)).toMatchObject({ what: "limits", releaseMs: 4_000 });
  });

  it("exits with 1 when an expectation is missed", async () => {
    const file = await scenario(GOOD.replace("outcome: denied", "outcome: granted"));
    const run = await sentinel(["sim", "--scenario", file]);
    expect(run.status).toBe(1);
    expect(run.stdout).toContain("not as expected: red: outcome: expected granted, got denied");
  });

  it.each([
    [
      "name: a\nvisitors: [{ shows: { pass: { colour: blue } } }]",
      "visitors[0].shows.pass.colour: ",
    ],
    ["{", "is not YAML"],
  ])("exits with 2 for %j, with the path to the fault", async (text, expected) => {
    const file = await scenario(text);
    const run = await sentinel(["sim", "--scenario", file]);
    expect(run.status).toBe(2);
    expect(run.stdout).toBe("");
    expect(run.stderr).toContain(`${file}: `);
    expect(run.stderr).toContain(expected);
  });

  it.each([
    [["sim", "--scenario", "/nowhere.yaml"], "cannot be read"],
    [["sim", "--seed", "many", "--scenario", "x"], "expected a whole number"],
    [["sim", "--json"], "--json needs --scenario"],
    [["sim", "--wings"], "unknown option '--wings'"],
    [["fly"], "unknown command 'fly'"],
  ])("exits with 2 for wrong usage: %j", async (args, expected) => {
    const run = await sentinel(args);
    expect(run.status).toBe(2);
    expect(run.stderr).toContain(expected);
    expect(run.stderr).not.toContain("    at ");
  });

  it("explains itself with --help", async () => {
    const run = await sentinel(["sim", "--help"]);
    expect(run.status).toBe(0);
    expect(run.stdout).toContain("docs/developers/scenarios.md");
  });
});

describe("sentinel sim", { timeout: 120_000 }, () => {
  it("prints one line with the address of its pages, and stops cleanly on Ctrl-C", async () => {
    const run = await sentinel(["sim", "--port", "0"], /http:\/\/\S+/);
    expect(run.stdout.trim().split("\n")).toHaveLength(1);
    expect(run.stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/ /);
    expect(run).toMatchObject({ status: 0, stderr: "" });
  });

  it("says what to do where its port is taken", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => {
      taken.listen(0, "127.0.0.1", resolve);
    });
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { status, stderr } = await sentinel(["sim", "--port", String(port)]);
    taken.close();
    expect(status).toBe(2);
    expect(stderr).toContain(`port ${port} of 127.0.0.1 is taken by another program`);
    expect(stderr).toContain("--port");
  });
});
