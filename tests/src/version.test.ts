import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { releaseName, VERSION } from "../../src/version.ts";

describe("the version", () => {
  it("is that of package.json", () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    expect(VERSION).toBe(version);
  });

  it("knows the release it was laid out as", () => {
    expect(releaseName("/opt/sentinel/releases/0.1.0-3/src/version.js")).toBe("0.1.0-3");
    expect(releaseName("/home/pi/digital-sentinel/src/version.ts")).toBe("checkout");
  });
});
