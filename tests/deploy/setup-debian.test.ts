/** What Debian brings: installed as root, otherwise named, and what a release lacks does not spoil the rest. */
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Checkout } from "./checkout.ts";

let checkout: Checkout;
beforeEach(() => {
  checkout = new Checkout();
});
afterEach(() => checkout.dispose());

const WANTED = JSON.stringify([
  { shownBy: ["no-such-browser"], packages: ["browser", "browser-by-another-name"] },
  { shownBy: ["no-such-broker"], packages: ["broker"] },
  { shownBy: ["sh"], packages: ["shell"] },
]);

/** Stands for apt: knows some packages, and "installs" a program of each. */
function archive({ knows, refuses = "" }: { knows: string; refuses?: string }): void {
  const put = `touch "${checkout.programs}/no-such-`;
  checkout.program("apt-cache", `case " ${knows} " in *" $3 "*) exit 0 ;; esac; exit 100`);
  checkout.program(
    "apt-get",
    `shift 2; echo "$@" >> "${checkout.folder}/called"
     case "$*" in *${refuses || "no-such-word"}*) exit 100 ;; esac
     for name; do case $name in browser*) ${put}browser" ;; broker) ${put}broker" ;; esac; done`,
  );
}

async function install(isRoot: boolean): Promise<{ said: string; called: string[] }> {
  const child = checkout.evaluate(
    "debian.mjs",
    `await it.installDebianPackages(${WANTED}, ${isRoot}).then(
       () => console.log("ok"), (error) => console.log(error.message));`,
  );
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  child.stderr.resume();
  await once(child, "close");
  const log = join(checkout.folder, "called");
  const called = existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
  return { said, called };
}

describe("Debian packages", () => {
  it("are named to a user who may not install them, with the list to be refreshed first", async () => {
    archive({ knows: "browser broker" });
    const { said, called } = await install(false);
    expect(said).toContain("As root: apt-get update && apt-get install browser broker\n");
    expect(called).toEqual([]);
  });

  it("are installed by root in one go, after the list is refreshed", async () => {
    archive({ knows: "browser broker" });
    const { said, called } = await install(true);
    expect(said).toMatch(/installing Debian packages browser broker[^]*ok\n$/);
    expect(called).toEqual(["update -qq", "install -y -qq --no-install-recommends browser broker"]);
  });

  it("may have another name in another release", async () => {
    archive({ knows: "browser-by-another-name broker" });
    const { said, called } = await install(true);
    expect(said).toMatch(/ok\n$/);
    expect(called[1]).toMatch(/ browser-by-another-name broker$/);
  });

  it("that a release lacks are named, and the others are installed", async () => {
    archive({ knows: "broker" });
    const { said, called } = await install(true);
    expect(said).toMatch(/could not install browser; .*main archive/);
    expect(called[1]).toMatch(/ broker$/);
  });

  it("are tried one by one where one spoils the whole", async () => {
    archive({ knows: "browser broker", refuses: "browser" });
    const { said, called } = await install(true);
    expect(said).toMatch(/could not install browser;/);
    expect(called).toHaveLength(4);
    expect(existsSync(join(checkout.programs, "no-such-broker"))).toBe(true);
  });

  it("are named for tests, which need a browser, a broker, a proxy, socat and fonts", async () => {
    const child = checkout.evaluate("debian.mjs", `console.log(JSON.stringify(it.WANTED.test))`);
    const [text] = (await once(child.stdout, "data")) as [Buffer];
    const wanted = JSON.parse(String(text)) as { packages: string[] }[];
    expect(wanted.flatMap(({ packages }) => packages[0])).toEqual(
      expect.arrayContaining(["chromium", "mosquitto", "socat", "fontconfig", "fonts-noto-cjk"]),
    );
  });
});
