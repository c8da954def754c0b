import { describe, expect, it } from "vitest";
import { loadNativeModule } from "../../../hal/linux/native-module.ts";
import { findingOf } from "../../../src/cli/doctor/check.ts";

const context = { bus: "gpio line 17", during: "taking it as an output" };
const loaded = (failure: Error): Promise<unknown> =>
  loadNativeModule("onoff", () => Promise.reject(failure), context);

describe("a module that is compiled where it runs", () => {
  it("is loaded as it is where it can be", async () => {
    expect(await loadNativeModule("onoff", () => Promise.resolve(7), context)).toBe(7);
  });

  it.each<[string, Error, string]>([
    [
      "was not built",
      new Error("Could not locate the bindings file. Tried:\n → /a\n → /b"),
      "absent",
    ],
    ["is not installed", coded("ERR_MODULE_NOT_FOUND", "Cannot find package 'onoff'"), "absent"],
    ["was built for another Node", coded("ERR_DLOPEN_FAILED", "compiled against"), "unsupported"],
  ])("says in one line how to build it where it %s", async (_how, error, kind) => {
    const said: unknown = await loaded(error).catch((reason: unknown) => reason);
    expect(said).toMatchObject({ kind, cause: error });
    const { message } = said as Error;
    expect(message).toMatch(
      /^\w+ on gpio line 17 .*module onoff .*`node deploy\/setup\/native\.mjs`/,
    );
    expect(message).not.toContain("\n");
    expect(message).not.toContain("Tried");
  });

  it("is what doctor says to build, and not that a cable may be loose", async () => {
    const finding = await findingOf({
      what: "gate line",
      run: async () => String(await loaded(new Error("Could not locate the bindings file."))),
      fix: "check the line's number",
    });
    expect(finding).toMatchObject({
      state: "failed",
      mend: "install a compiler (sudo apt-get install g++) and run deploy/install.sh again, in a checkout `node deploy/setup/native.mjs`",
    });
  });
});

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
