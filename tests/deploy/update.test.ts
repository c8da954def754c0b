/** Updates never touch what runs: ended at any step, the old or the new release runs, and it locks. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UpdateRig } from "./update-rig.ts";
import { VERSION } from "../../src/version.ts";

const rigs: UpdateRig[] = [];
function newRig(): UpdateRig {
  const rig = new UpdateRig();
  rigs.push(rig);
  return rig;
}

afterAll(() => {
  for (const rig of rigs) rig.dispose();
});

const OLD = "the first";
const NEW = "the second";

/** A machine on which the old release runs, and whose checkout holds the new one. */
async function withRelease(state: "good" | "bad"): Promise<UpdateRig> {
  const rig = newRig();
  expect((await rig.install()).code).toBe(0);
  rig.systemctl("start", "sentinel");
  rig.change(NEW, state);
  rig.save();
  return rig;
}

/** The same with the layout from before there were releases. */
function inPlace(): Promise<UpdateRig> {
  const rig = newRig();
  rig.layInPlace();
  rig.change(NEW);
  rig.save();
  return Promise.resolve(rig);
}

describe("an update", { timeout: 120_000 }, () => {
  let rig: UpdateRig;
  beforeAll(async () => {
    rig = await withRelease("good");
  });

  it("lays the new release beside the old one, switches, and keeps the old one", async () => {
    rig.putBack();
    expect(rig.running()).toBe(OLD);
    const { code } = await rig.install();
    expect([code, rig.running(), rig.lineAfterStopPost()]).toEqual([0, NEW, "0"]);
    expect(rig.releases()).toEqual({
      names: [`${VERSION}-1`, `${VERSION}-2`],
      current: `${VERSION}-2`,
    });
  });

  it("of the same program changes nothing, and does not start it again", async () => {
    rig.putBack();
    rig.change(NEW);
    await rig.install();
    const before = rig.systemctl("show", "sentinel").stdout;
    const { code, said } = await rig.install();
    expect([code, said]).toEqual([0, expect.stringContaining("nothing to lay out")]);
    expect(rig.systemctl("show", "sentinel").stdout).toBe(before);
    expect(rig.releases().names).toEqual([`${VERSION}-1`, `${VERSION}-2`]);
  });

  it("removes the release before the last one, and never one that a process runs from", async () => {
    rig.putBack();
    for (const text of [NEW, "the third"]) {
      rig.change(text);
      expect((await rig.install()).code).toBe(0);
    }
    expect([rig.running(), rig.releases()]).toEqual([
      "the third",
      { names: [`${VERSION}-2`, `${VERSION}-3`], current: `${VERSION}-3` },
    ]);
    rig.change(OLD);
    expect((await rig.install()).code).toBe(0);
    expect([rig.running(), rig.releases().names]).toEqual([OLD, [`${VERSION}-3`, `${VERSION}-4`]]);
  });

  it("has a file on the disk before the rename that makes it count", async () => {
    rig.putBack();
    rig.change(NEW);
    const { steps } = await rig.install();
    const renames = steps.flatMap((step, index) => {
      const words = step.split(" ");
      return words[0] === "mv" ? [{ from: words[2] ?? "", to: words[3] ?? "", index }] : [];
    });
    expect(renames.length).toBeGreaterThan(3);
    expect(renames.map(({ index }) => steps[index + 1])).toEqual(
      renames.map(({ to }) => `sync ${join(to, "..")}`),
    );
    // A link is made with its folder's entry: there is nothing else of it to write.
    const files = renames.filter(({ from }) => !from.endsWith(".current.new"));
    expect(files.map(({ index }) => steps[index - 1]?.split(" ").at(-1))).toEqual(
      files.map(({ from }) => from),
    );
  });
});

describe("whatever the umask of who installs, and of who made the checkout", () => {
  it("every file of a release can be read by the service's user, and none be written", async () => {
    const rig = newRig();
    rig.makeCheckoutPrivate();
    expect((await rig.install(undefined, 0o077)).code).toBe(0);
    expect(rig.modesOtherThan(0o755, 0o644)).toEqual([]);
  });
});

describe("a release that does not become ready", { timeout: 120_000 }, () => {
  it("is left again: the old one runs, also after the next boot", async () => {
    const rig = await withRelease("bad");
    const { code, said } = await rig.install();
    expect([code, rig.running(), rig.releases().current]).toEqual([1, OLD, `${VERSION}-1`]);
    expect(said).toContain(`${VERSION}-2 did not become ready; ${VERSION}-1 runs`);
    rig.boot();
    expect([rig.running(), rig.lineAfterStopPost()]).toEqual([OLD, "0"]);
    // A mended one takes the place of the bad one.
    rig.change("the third");
    expect([(await rig.install()).code, rig.running()]).toEqual([0, "the third"]);
    expect(rig.releases().names).toEqual([`${VERSION}-1`, `${VERSION}-3`]);
  });

  it("is left again where the power was cut before it was judged", async () => {
    const rig = await withRelease("bad");
    const { steps } = await rig.install();
    const judging = steps.findIndex((step) => step.startsWith("systemctl start sentinel-update"));
    for (const at of [judging, judging + 1]) {
      rig.putBack();
      expect((await rig.install({ at, kind: "power cut" })).code).toBe(null);
      rig.boot();
      expect([at, rig.running(), rig.lineAfterStopPost()]).toEqual([at, OLD, "0"]);
      expect(rig.releases().current).toBe(`${VERSION}-1`);
    }
  });
});

describe.each([
  ["a release", () => withRelease("good")],
  ["the layout from before there were releases", inPlace],
] as const)("ended at any step of an update from %s", { timeout: 240_000 }, (_start, make) => {
  let rig: UpdateRig;
  let steps: string[];
  beforeAll(async () => {
    rig = await make();
    // Those of settle.sh are among them.
    ({ steps } = await rig.install({ at: undefined, kind: "power cut" }));
    if (rig.running() !== NEW) throw new Error("the update itself does not work");
  });

  /** Once in the laying out, which touches nothing that runs; then after each step that changes something. */
  const cuts = (): number[] => {
    const switching = steps.findIndex((step) => step.includes("is-active"));
    const changes = steps.flatMap((step, index) =>
      index >= switching && /^(mv|systemctl (daemon|restart|start))/.test(step) ? [index + 1] : [],
    );
    return [2, ...new Set(changes.flatMap((at) => [at, at + 1]))];
  };

  it("by a power cut, the old or the new release runs after the boot, and locks the line", async () => {
    for (const at of cuts()) {
      rig.putBack();
      await rig.install({ at, kind: "power cut" });
      rig.boot();
      const step = steps[at - 1];
      expect([step, [OLD, NEW].includes(rig.running() ?? "")]).toEqual([step, true]);
      expect([step, rig.lineAfterStopPost()]).toEqual([step, "0"]);
      expect(existsSync(join(rig.root, "opt/sentinel/pending"))).toBe(false);
    }
  });

  it("by a kill, what ran runs on or the new release does, and a second try ends well", async () => {
    const every = cuts().filter((_at, index) => index % 2 === 0);
    for (const [index, at] of every.entries()) {
      rig.putBack();
      await rig.install({ at, kind: "killed" });
      const step = steps[at - 1];
      expect([step, [OLD, NEW].includes(rig.running() ?? "")]).toEqual([step, true]);
      expect([step, rig.lineAfterStopPost()]).toEqual([step, "0"]);
      if (index % 2 !== 0) continue;
      expect([step, (await rig.install()).code, rig.running()]).toEqual([step, 0, NEW]);
      expect(rig.releases().names.filter((name) => name.startsWith("."))).toEqual([]);
    }
  });
});
