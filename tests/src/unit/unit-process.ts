/** A real unit as a process of its own, with files for its gate and camera, for tests. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { renderScene } from "../../../sim/camera/render.ts";
import { GOOD_CONDITIONS } from "../../../sim/camera/picture.ts";
import { createRandom } from "../../../sim/kernel/random.ts";

export const NODE = process.execPath;
const SIZE = { width: 640, height: 480 };

/** A camera program: writes the picture in the file it is given, again and again, in odd pieces. */
const CAMERA = `
import { readFileSync } from "node:fs";
const show = () => {
  const frame = readFileSync(process.argv[1]);
  for (let at = 0; at < frame.length; at += 50001) process.stdout.write(frame.subarray(at, at + 50001));
};
setInterval(show, 100);
show();
`;

export interface Started {
  process: ChildProcess;
  url: string;
  /** All that it has logged. */
  log: () => string;
}

/** What staff of these units sign in with. */
export const STAFF_TOKEN = "the staff of this test";

/** What the unit's live stream tells its staff. */
export interface Snapshot {
  view: {
    phase: string;
    mode: string;
    message?: string;
    reasons: { code: string }[];
    alarms: { kind: string; subject?: string }[];
  };
  visits: { outcome: string }[];
}

/** The folder of one unit: its files, and whoever of its processes still runs. */
export class UnitFolder {
  readonly districtKey = randomBytes(32);
  readonly path = mkdtempSync(join(tmpdir(), "unit-"));
  readonly #running: ChildProcess[] = [];
  readonly #under: readonly string[];
  readonly #installed: string | undefined;

  /**
   * @param under what the unit is started by: Node arguments that take a program and its arguments
   * @param installed folder of an installed release that is started in place of the sources
   */
  constructor(under: readonly string[] = [], installed?: string) {
    this.#under = under;
    this.#installed = installed;
    writeFileSync(this.at("district.key"), this.districtKey.toString("hex"));
    writeFileSync(this.at("gate"), "0");
    writeFileSync(
      this.at("policy.yaml"),
      "id: trial\nversion: 1\nclock: {whenUntrusted: grant}\nvisit: {releaseMs: 10000}\nrules:\n  - {id: colour, kind: code-colour}\n",
    );
    this.show(null);
  }

  at(name: string): string {
    return join(this.path, name);
  }

  /** What stands before the camera: a code on a phone, or nothing. */
  show(text: string | null): void {
    const scene = text === null ? null : { text, medium: "phone" as const };
    const { luminance } = renderScene(scene, GOOD_CONDITIONS, createRandom(1), SIZE);
    writeFileSync(this.at("next.gray"), luminance);
    // Replaced in one step: the camera program never reads half a picture.
    spawnSync("mv", [this.at("next.gray"), this.at("frame.gray")]);
  }

  /** Level of the gate's line. */
  gate(): string {
    return readFileSync(this.at("gate"), "utf8").trim();
  }

  /** Writes the unit's configuration. @param settings beside the usual ones */
  async configure(
    settings: Readonly<Record<string, unknown>> = {},
    http: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    const port = await freePort();
    writeFileSync(
      this.at("unit.yaml"),
      JSON.stringify({
        unitId: "trial",
        district: "d",
        policy: this.at("policy.yaml"),
        store: { path: this.at("unit.db") },
        keys: { district: this.at("district.key"), unit: this.at("unit.key") },
        http: { port, operatorToken: STAFF_TOKEN, ...http },
        devices: {
          gate: { file: this.at("gate") },
          camera: {
            source: "command",
            command: NODE,
            args: ["--input-type=module", "-e", CAMERA, this.at("frame.gray")],
            ...SIZE,
          },
          cardReader: { path: this.at("no-such-reader") },
        },
        ...settings,
      }),
    );
  }

  /**
   * Starts the unit; resolves when its pages can be opened.
   *
   * @param settings beside the usual ones
   * @param http beside the port
   */
  async start(
    settings: Readonly<Record<string, unknown>> = {},
    http: Readonly<Record<string, unknown>> = {},
  ): Promise<Started> {
    await this.configure(settings, http);
    const installed = this.#installed;
    const main = installed === undefined ? "src/cli/main.ts" : "src/cli/main.js";
    const run = [main, "run", "--config", this.at("unit.yaml")];
    const words = this.#under.length === 0 ? run : [...this.#under, NODE, ...run];
    const child = spawn(installed === undefined ? NODE : join(installed, "bin/node"), words, {
      stdio: ["ignore", "pipe", "inherit"],
      ...(installed === undefined ? {} : { cwd: installed }),
    });
    this.#running.push(child);
    return await new Promise((resolve, reject) => {
      let said = "";
      child.stdout.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        const url = /"url":"([^"]+)"/.exec(said)?.[1];
        if (url !== undefined) resolve({ process: child, url, log: () => said });
      });
      child.once("exit", (code) => reject(new Error(`the unit ended with ${code}: ${said}`)));
    });
  }

  /** Kills whatever still runs. */
  async killAll(): Promise<void> {
    for (const child of this.#running.splice(0)) {
      child.kill("SIGKILL");
      await ended(child);
    }
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Resolves when the process is gone. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => {
    child.once("exit", resolve);
  });
}

/** Waits on the unit's live stream, as its staff, until it shows what is asked for. */
export async function until(
  url: string,
  wanted: (snapshot: Snapshot) => boolean,
): Promise<Snapshot> {
  const headers = { authorization: `Bearer ${STAFF_TOKEN}` };
  const response = await fetch(`${url}api/live`, { headers });
  const reader = response.body?.getReader();
  if (reader === undefined) throw new Error("the live stream has no body");
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the live stream ended");
    text += new TextDecoder().decode(value);
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const data = event.split("\n").find((row) => row.startsWith("data: "));
      if (data === undefined) continue;
      const snapshot = JSON.parse(data.slice(6)) as Snapshot;
      if (snapshot.view === undefined || !wanted(snapshot)) continue;
      await reader.cancel();
      return snapshot;
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
