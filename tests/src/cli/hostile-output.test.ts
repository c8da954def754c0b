/** Every verb with hostile input: what a terminal gets obeys nobody, and no line is forged. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeCard } from "../../../sim/chips/sam-v-card.ts";
import { createLogger } from "../../../src/cli/support/log.ts";
import { SqliteRecordArchive } from "../../../src/district/sqlite-record-archive.ts";
import { openDatabase } from "../../../src/store/schema.ts";
import { citizenCard } from "../../hal/drivers/card-reader/sdt/cards.ts";

/** Clears a screen in C0 and in C1, hides, turns the direction, ends lines in four ways. */
const EVIL =
  "x\u001b[2J\u009b31m\u007f\u202e\u2066\u200f\u061c\u2028\u2029\u0085\rforged\nforged: all is well";
const FORBIDDEN =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sentinel-hostile-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  status: number | null;
  out: string;
}

function run(args: readonly string[], input = ""): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["src/cli/main.ts", ...args]);
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    }
    child.once("error", reject);
    child.once("close", (status) => {
      resolve({ status, out: Buffer.concat(chunks).toString("utf8") });
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}

/** What came out; the test fails where a terminal would obey it. */
async function shown(args: readonly string[], input = ""): Promise<string> {
  return (await harmless(args, input)).out;
}

/** The same with the exit status. */
async function harmless(args: readonly string[], input = ""): Promise<Run> {
  const ended = await run(args, input);
  const { out } = ended;
  expect(JSON.stringify(FORBIDDEN.exec(out))).toBe("null");
  expect(out.split("\n").filter((line) => line.startsWith("forged"))).toEqual([]);
  return ended;
}

const file = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

/** A SMART Health Card that nobody signed: what it says of itself is printed all the same. */
function healthCard(): string {
  const part = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString("base64url");
  const header = part(JSON.stringify({ alg: "ES256", zip: "DEF", kid: `k${EVIL}` }));
  const credential = {
    iss: `https://${EVIL}.example`,
    nbf: 1_620_000_000,
    vc: {
      type: ["https://smarthealth.cards#health-card"],
      credentialSubject: {
        fhirVersion: "4.0.1",
        fhirBundle: {
          resourceType: "Bundle",
          type: "collection",
          entry: [
            {
              fullUrl: "resource:0",
              resource: {
                resourceType: "Patient",
                name: [{ family: EVIL, given: [EVIL] }],
                birthDate: "1990-01-01",
              },
            },
          ],
        },
      },
    },
  };
  return `${header}.${part(deflateRawSync(JSON.stringify(credential)))}.${part(new Uint8Array(64))}`;
}

/** A card with marks that no control filter of its own takes out. */
function evilCard(): string {
  const card = {
    ...citizenCard,
    name: `王\u202e\u2066五`,
    address: "\u2028\u200fforged",
    issuer: "",
  };
  return Buffer.from(encodeCard(card)).toString("hex");
}

describe.each([[[]], [["--json"]]])("with %j", (form: string[]) => {
  it("verify shows what a card says of itself", async () => {
    expect(await shown(["verify", "-", ...form], healthCard())).toContain("u001b[2J");
  });

  it("card shows what the card says", async () => {
    expect(await shown(["card", "-", ...form], evilCard())).toContain("\\u202e");
  });

  it("decode names a file", async () => {
    expect(await shown(["decode", join(folder, EVIL), ...form])).toContain("u001b[2J");
  });

  it("audit of a collector's database and of a unit's", async () => {
    const collected = join(folder, `collector${form.length}.db`);
    const archive = new SqliteRecordArchive(collected);
    await archive.store({
      records: [
        {
          unit: EVIL,
          epoch: EVIL,
          seq: 1,
          hash: EVIL,
          prev: EVIL,
          type: EVIL,
          atMs: 1,
          canonical: "{}",
        },
      ],
      receivedMs: Date.now(),
    });
    await archive.close();
    await shown(["audit", "verify", collected, ...form]);
    const unit = join(folder, `unit${form.length}.db`);
    openDatabase(unit).close();
    await shown(["audit", "verify", unit, ...form]);
    await shown(["audit", "verify", join(folder, EVIL), ...form]);
  });

  it("doctor shows what a configuration says", async () => {
    const config = { unitId: "u", district: "d", policy: EVIL, keys: { district: EVIL } };
    const settings = { ...config, store: { path: join(folder, "doctor", "unit.db") } };
    const path = file(`doctor${form.length}.yaml`, JSON.stringify(settings));
    expect(await shown(["doctor", "--config", path, ...form])).toMatch(/control characters/);
    // What no configuration refuses: a file that is not there.
    const missing = {
      ...settings,
      policy: `${folder}/policy`,
      keys: { district: `${folder}/key` },
    };
    await shown([
      "doctor",
      "--config",
      file(`d${form.length}.yaml`, JSON.stringify(missing)),
      ...form,
    ]);
  });
});

describe("without a form", () => {
  it("command, publish, pass, revocation and salvage echo what they are given", async () => {
    const key = file("no.key", EVIL);
    const sending = ["--unit", EVIL, "--district", EVIL, "--key", key, "--why", EVIL];
    const path = join(folder, EVIL);
    await Promise.all([
      shown(["command", "release", ...sending]),
      shown(["publish", "trust", path, "--district", EVIL, "--folder", folder]),
      shown(["pass", "issue", "--key", path, "--at", EVIL, "--number", EVIL]),
      shown(["revocation", "build", path, "--as-of", EVIL]),
      shown(["salvage", path]),
      shown(["forget", "--database", path, "--holder", EVIL]),
    ]);
  });

  it.each([
    ["a time", ["verify", "x", "--at", EVIL]],
    ["a file", ["verify", "x", "--trust", join("/nowhere", EVIL)]],
    ["an option", ["verify", "x", `--${EVIL}`]],
    ["an option's value", ["verify", "x", `--json=${EVIL}`]],
    ["a number", ["sim", "--port", EVIL]],
    ["a scenario", ["sim", "--scenario", join("/nowhere", EVIL)]],
    ["a configuration", ["run", "--config", join("/nowhere", EVIL)]],
    ["a verb", [EVIL]],
  ])("a wrong usage is told in its own words: %s", async (_what, args) => {
    expect((await harmless(args)).status).toBe(2);
  });

  it.each([
    ["a key of it", `${JSON.stringify(EVIL)}: 1\n`],
    ["a value of it", `unitId: ${JSON.stringify(EVIL)}\n`],
    ["no YAML", "unitId: [\u001b[2J\u009b\u202e\n"],
    ["a tag", "unitId: !\u202ex a\n"],
    ["an alias", "unitId: *\u202ea\n"],
  ])("the faults of a file are told line by line: %s", async (name, text) => {
    const path = file(`${name}.yaml`, text);
    const told = [shown(["run", "--config", path]), shown(["sim", "--scenario", path])];
    for (const out of await Promise.all(told)) expect(out).toMatch(/^sentinel: /);
  });

  it("the log of a unit says what was, and nothing to a terminal", () => {
    const path = join(folder, "log");
    createLogger("unit", path).info({ detail: EVIL, [EVIL]: 1 }, EVIL);
    const text = readFileSync(path, "utf8");
    expect(JSON.stringify(FORBIDDEN.exec(text))).toBe("null");
    expect(text.trim().split("\n")).toHaveLength(1);
    expect(JSON.parse(text)).toMatchObject({ detail: EVIL, [EVIL]: 1, msg: EVIL });
  });

  it("a scenario's names are shown in its report", async () => {
    const scenario = { name: EVIL, visitors: [{ id: "a", shows: { code: EVIL } }] };
    await shown(["sim", "--scenario", file("names.yaml", JSON.stringify(scenario)), "--seed", "1"]);
  });
});
