/** A small checkout with the real setup and stand-ins for what lies around it. */
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";

const VERSION = "24.21.0";
export const NODE_PACKAGE = `node-${process.platform}-${process.arch}`;

export class Checkout {
  readonly folder = mkdtempSync(join(tmpdir(), "checkout-"));
  readonly tree = join(this.folder, "a checkout");
  /** Programs that stand before the machine's. */
  readonly programs = join(this.folder, "programs");

  constructor() {
    cpSync(join("deploy", "setup"), join(this.tree, "deploy", "setup"), { recursive: true });
    mkdirSync(this.programs);
    const wanted = {
      dependencies: { a: "1.0.0" },
      optionalDependencies: { [NODE_PACKAGE]: VERSION },
    };
    this.write("package.json", JSON.stringify({ type: "module", ...wanted }));
    const packages = {
      "": wanted,
      "node_modules/a": { version: "1.0.0" },
      [`node_modules/${NODE_PACKAGE}`]: {
        version: VERSION,
        optional: true,
        os: process.platform,
        cpu: process.arch,
      },
      // Another machine's, and one without a binary: neither has to be there.
      "node_modules/node-plan9-mips": {
        version: VERSION,
        optional: true,
        os: "plan9",
        cpu: "mips",
      },
      "node_modules/epoll": { version: "4.0.2", optional: true },
    };
    this.write("package-lock.json", JSON.stringify({ lockfileVersion: 3, packages }));
    for (const part of [
      "src/ui/pages/index.html",
      "src/ui/screens.ts",
      "src/base/a.ts",
      "src/core/a.ts",
      "sim/demo/pages/index.html",
      "sim/demo/screens.ts",
    ]) {
      this.write(part, "");
    }
    this.write("bin/a.cjs", "");
  }

  /** As npm leaves it, under whatever hand. */
  installed(): this {
    const { packages } = JSON.parse(this.read("package-lock.json")) as {
      packages: Record<string, unknown>;
    };
    const there = Object.entries(packages).filter(([path]) =>
      ["node_modules/a", `node_modules/${NODE_PACKAGE}`].includes(path),
    );
    this.write(
      "node_modules/.package-lock.json",
      JSON.stringify({ packages: Object.fromEntries(there) }),
    );
    for (const [path] of there) this.write(`${path}/package.json`, "{}");
    mkdirSync(join(this.tree, "node_modules", NODE_PACKAGE, "bin"), { recursive: true });
    symlinkSync(process.execPath, join(this.tree, "node_modules", NODE_PACKAGE, "bin", "node"));
    // Stands for vite: makes a page.
    this.write(
      "node_modules/vite/bin/vite.js",
      `const folder = process.argv.join().includes("demo") ? "dist/demo-pages" : "dist/pages";
      require("node:fs").mkdirSync(folder, { recursive: true }); console.log(folder + " built");`,
    );
    return this;
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.tree, path)), { recursive: true });
    writeFileSync(join(this.tree, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.tree, path), "utf8");
  }

  /** A shell script in the place of a program. */
  program(name: string, text: string): void {
    writeFileSync(join(this.programs, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(this.programs, name), 0o755);
  }

  get #environment(): NodeJS.ProcessEnv {
    // No npm around the test decides which npm is called.
    return { PATH: `${this.programs}:/usr/bin:/bin`, HOME: this.folder };
  }

  /** Runs `node [FLAGS] deploy/setup/run.cjs ARGS` to its end. */
  run(
    args: readonly string[],
    { env = {}, flags = [] as string[], uid = undefined as number | undefined } = {},
  ) {
    const ended = spawnSync(process.execPath, [...flags, "deploy/setup/run.cjs", ...args], {
      cwd: this.tree,
      encoding: "utf8",
      env: { ...this.#environment, ...env },
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    return { status: ended.status, signal: ended.signal, out: ended.stdout, said: ended.stderr };
  }

  start(args: readonly string[]) {
    return spawn(process.execPath, ["deploy/setup/run.cjs", ...args], {
      cwd: this.tree,
      env: this.#environment,
      stdio: ["ignore", "pipe", "inherit"],
    });
  }

  /** Runs a line of code with one module of the setup as `it`. */
  evaluate(module: string, code: string) {
    const text = `const it = await import("./deploy/setup/${module}"); ${code}`;
    return spawn(process.execPath, ["--input-type=module", "-e", text], {
      cwd: this.tree,
      env: this.#environment,
      stdio: ["pipe", "pipe", "pipe"],
    });
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
