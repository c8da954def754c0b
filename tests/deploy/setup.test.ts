/** `npm start` and the other commands: what is made ready first, and under which Node they run. */
import { once } from "node:events";
import { cpSync, chmodSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Checkout, NODE_PACKAGE } from "./checkout.ts";

let checkout: Checkout;
beforeEach(() => {
  checkout = new Checkout();
});
afterEach(() => checkout.dispose());

/** What the stand-in for vite prints. */
const PAGES_BUILT = "dist/pages built\ndist/demo-pages built\n";

describe("the Node that runs the programs", () => {
  beforeEach(() => checkout.installed());

  it("is that of the package's folder, also for what the program starts by name", () => {
    checkout.write(
      "where.mjs",
      `import { execFileSync } from "node:child_process";
       console.log(process.argv0, execFileSync("node", ["-p", "process.argv0"], { encoding: "utf8" }).trim());
       console.log(execFileSync("sh", ["-c", "command -v node"], { encoding: "utf8" }).trim());`,
    );
    const pinned = join(checkout.tree, "node_modules", NODE_PACKAGE, "bin", "node");
    expect(checkout.run(["where.mjs"]).out).toBe(`${pinned} node\n${pinned}\n`);
  });

  it("runs a command of a package, and hands every argument on", () => {
    checkout.write("node_modules/.bin/tool", "console.log(JSON.stringify(process.argv.slice(2)))");
    const args = ["two words", "", "--for", "$HOME"];
    expect(JSON.parse(checkout.run(["tool", ...args]).out)).toEqual(args);
  });

  it("runs one program after another, up to the first that fails", () => {
    checkout.write("one.cjs", "console.log('one', process.argv[2])");
    checkout.write("two.cjs", "console.log('two'); process.exit(7)");
    const ended = checkout.run(["one.cjs", "a", "--then", "two.cjs", "--then", "one.cjs", "b"]);
    expect(ended).toMatchObject({ status: 7, out: "one a\ntwo\n" });
  });

  it.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "is ended by %s, and so is the command",
    async (signal) => {
      checkout.write("wait.cjs", "setInterval(() => {}, 1000); console.log(process.pid)");
      const command = checkout.start(["wait.cjs"]);
      const [pid] = (await once(command.stdout, "data")) as [Buffer];
      command.kill(signal);
      expect(await once(command, "exit")).toEqual([null, signal]);
      expect(() => process.kill(Number(String(pid)), 0)).toThrow(/ESRCH/);
    },
  );

  it("may heed the signal, and its code is the command's", async () => {
    checkout.write(
      "wait.cjs",
      "process.on('SIGTERM', () => process.exit(77)); setInterval(() => {}, 1000); console.log(1)",
    );
    const command = checkout.start(["wait.cjs"]);
    await once(command.stdout, "data");
    command.kill("SIGTERM");
    expect(await once(command, "exit")).toEqual([77, null]);
  });

  it.each<[string, () => unknown, string[], RegExp]>([
    [
      "Node",
      () => rmSync(join(checkout.tree, "node_modules", NODE_PACKAGE), { recursive: true }),
      ["a.cjs"],
      /bin\/node is missing.*npm ci --include=optional/,
    ],
    ["a command", () => undefined, ["no-tool"], /no-tool is missing: run "npm ci/],
  ])("names %s that is missing", (_what, remove, args, said) => {
    remove();
    const ended = checkout.run(args);
    expect(ended).toMatchObject({ status: 1, said: expect.stringMatching(said) as string });
    expect(ended.said).not.toContain("    at ");
  });

  it("says that it cannot run where it was made for another system", () => {
    const node = join(checkout.tree, "node_modules", NODE_PACKAGE, "bin", "node");
    rmSync(node);
    checkout.write(`node_modules/${NODE_PACKAGE}/bin/node`, "#!/lib64/no-such-loader\n");
    chmodSync(node, 0o755);
    checkout.write("a.cjs", "");
    expect(checkout.run(["a.cjs"]).said).toMatch(/does not run here .*glibc/);
  });

  it("need not be the one that starts the command; one that is too old is named", () => {
    checkout.write(
      "old.cjs",
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '16.20.2' } })",
    );
    const ended = checkout.run(["a.cjs"], { flags: ["--require", "./old.cjs"] });
    expect(ended).toMatchObject({ status: 1, out: "" });
    expect(ended.said).toMatch(/Node 16\.20\.2 .* is too old: install Node 18 or newer/);
  });
});

/** Every file with the time it was changed, and every folder. */
function snapshot(): string[] {
  const paths = readdirSync(checkout.tree, { recursive: true, encoding: "utf8" });
  return paths.map((path) => `${path} ${statSync(join(checkout.tree, path)).mtimeMs}`).sort();
}

describe("what is made ready", () => {
  /** Installs as npm does, and writes down how it was called. */
  const installing = (then = "exit 0"): void => {
    checkout.program(
      "npm",
      `[ "$1" = --version ] && { echo 9.2.0; exit; }\necho "$@" >> "${checkout.folder}/called"\n${then}`,
    );
  };
  const called = (): string[] =>
    readFileSync(join(checkout.folder, "called"), "utf8").trim().split("\n");

  it("is all that is missing, once", () => {
    checkout.installed();
    cpSync(join(checkout.tree, "node_modules"), join(checkout.folder, "kept"), { recursive: true });
    rmSync(join(checkout.tree, "node_modules"), { recursive: true });
    installing(`cp -R "${checkout.folder}/kept" node_modules`);
    const first = checkout.run(["--for", "start", "-p", "1 + 1"]);
    expect(first).toMatchObject({ status: 0, said: "" });
    expect(first.out).toMatch(new RegExp(`installing packages[^]*${PAGES_BUILT}2\n$`));
    expect(called()).toHaveLength(1);
    // No compiler, whatever the person's own npm is set to.
    expect(called()[0]).toMatch(/^ci .*--include=dev --include=optional.* --ignore-scripts/);
    const before = snapshot();
    expect(checkout.run(["--for", "start", "-p", "1 + 1"])).toMatchObject({ out: "2\n", said: "" });
    expect(snapshot()).toEqual(before);
    expect(called()).toHaveLength(1);
  });

  it("leaves alone what was installed by hand, and builds pages whose sources changed", () => {
    checkout.installed();
    installing();
    expect(checkout.run(["--for", "start"]).out).toBe(PAGES_BUILT);
    expect(checkout.run(["--for", "start"]).out).toBe("");
    checkout.write("src/ui/pages/index.html", "new");
    expect(checkout.run(["--for", "start"]).out).toBe(PAGES_BUILT);
    expect(() => called()).toThrow(/ENOENT/);
  });

  it.each<[string, () => void]>([
    [
      "a package of the lock file is missing",
      () => rmSync(join(checkout.tree, "node_modules/a"), { recursive: true }),
    ],
    [
      "Node is missing",
      () => rmSync(join(checkout.tree, "node_modules", NODE_PACKAGE), { recursive: true }),
    ],
    [
      "the lock file has another version",
      () =>
        checkout.write(
          "package-lock.json",
          checkout.read("package-lock.json").replaceAll("1.0.0", "1.0.1"),
        ),
    ],
    [
      "package.json wants another version",
      () => checkout.write("package.json", checkout.read("package.json").replace("1.0.0", "1.0.1")),
    ],
    [
      "an installation was broken off",
      () => rmSync(join(checkout.tree, "node_modules/.package-lock.json")),
    ],
  ])("installs again when %s, and says when that did not help", (_when, change) => {
    checkout.installed();
    change();
    installing();
    const ended = checkout.run(["--for", "start", "-p", "1"]);
    expect(called()).toHaveLength(1);
    expect(ended).toMatchObject({
      status: 1,
      said: expect.stringMatching(/node_modules is not what package-lock/) as string,
    });
  });

  it.each<[string, string, RegExp]>([
    ["fails", "exit 3", /npm ci failed \(exit code 3\)/],
    ["is not there", "", /there is no npm.*apt-get install npm/],
    ["is too old", "echo 6.14.18; exit", /npm 6\.14\.18 is too old: install npm 8 or newer/],
  ])("says what to do where npm %s", (_how, script, said) => {
    checkout.program("node", `exec "${process.execPath}" "$@"`);
    if (script.startsWith("echo")) checkout.program("npm", script);
    else if (script !== "") installing(script);
    const ended = checkout.run(["--for", "start"], { env: { PATH: checkout.programs } });
    expect(ended).toMatchObject({ status: 1, said: expect.stringMatching(said) as string });
    expect(ended.said).not.toContain("    at ");
  });

  it("is nothing in a complete checkout of another user; otherwise the owner is asked for", () => {
    checkout.installed();
    checkout.run(["--for", "start"]);
    const { tree } = checkout;
    const close = (mode: number): void => {
      for (const path of [tree, join(tree, "node_modules"), join(tree, "dist"), checkout.folder]) {
        chmodSync(path, mode);
      }
    };
    // Root may write everywhere, so it looks with another user's eyes.
    const uid = process.getuid?.() === 0 ? 65_534 : undefined;
    if (uid !== undefined) {
      // This user may not see the Node of the tests.
      rmSync(join(tree, "node_modules", NODE_PACKAGE, "bin", "node"));
      cpSync(process.execPath, join(tree, "node_modules", NODE_PACKAGE, "bin", "node"));
    }
    const run = (): ReturnType<Checkout["run"]> =>
      checkout.run(["--for", "start", "-p", "1 + 1"], { uid });
    try {
      close(0o555);
      expect(run()).toMatchObject({ status: 0, out: "2\n", said: "" });
      close(0o755);
      checkout.write("src/ui/pages/index.html", "new");
      close(0o555);
      const pages = run();
      expect(pages.said).toMatch(/this user may not write in .*as the user who owns it/);
      close(0o755);
      rmSync(join(tree, "node_modules", "a"), { recursive: true });
      close(0o555);
      const packages = run();
      expect(packages.said).toMatch(/this user may not write in .*as the user who owns it/);
      expect(`${pages.said}${packages.said}`).not.toContain("    at ");
    } finally {
      close(0o755);
    }
  });
});
