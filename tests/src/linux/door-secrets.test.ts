import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseUnitConfig, type UnitConfig } from "../../../src/config/unit.ts";
import { placeScreenPage, recallSecrets } from "../../../src/linux/door-secrets.ts";

let folder: string;
let said: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sentinel-secrets-"));
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const log = (event: string): void => void said.push(event);
const modeOf = (name: string): number => statSync(at(name)).mode & 0o777;

const configOf = (http: object = {}): UnitConfig =>
  parseUnitConfig(
    JSON.stringify({ unitId: "u", district: "d", store: { path: at("unit.db") }, http }),
    "unit.yaml",
  );

async function start(config: UnitConfig): Promise<{ screen: string; token: string | undefined }> {
  const { screenSecret, operatorToken } = await recallSecrets(config, log);
  await placeScreenPage(config, screenSecret, "http://127.0.0.1:8080/", log);
  return { screen: screenSecret, token: operatorToken };
}

describe("the secrets of a door", () => {
  it("are made at the first start, for their owner only, and kept", async () => {
    const first = await start(configOf());
    expect(first.screen).toMatch(/^[\w-]{43}$/);
    expect(first.token).toMatch(/^([a-z2-9]{6}-){3}[a-z2-9]{6}$/);
    expect([modeOf("screen.html"), modeOf("staff.token")]).toEqual([0o600, 0o600]);
    expect(readFileSync(at("screen.html"), "utf8")).toContain(
      `url=http://127.0.0.1:8080/kiosk#screen=${first.screen}"`,
    );
    expect(await start(configOf())).toEqual(first);
    expect(said).toEqual(["staff-token-made", "screen-page", "screen-page"]);
  });

  it("of two units are not the same", async () => {
    const first = await start(configOf());
    rmSync(at("screen.html"));
    rmSync(at("staff.token"));
    const second = await start(configOf());
    expect(second.screen).not.toBe(first.screen);
    expect(second.token).not.toBe(first.token);
  });

  it.each(["screen.html", "staff.token"])(
    "are made anew where others could read %s",
    async (name) => {
      const first = await start(configOf());
      chmodSync(at(name), 0o644);
      const second = await start(configOf());
      expect(second).not.toEqual(first);
      expect(modeOf(name)).toBe(0o600);
    },
  );

  it("take the token that is configured, and make none", async () => {
    expect((await start(configOf({ operatorToken: "configured token" }))).token).toBe(
      "configured token",
    );
    expect(() => modeOf("staff.token")).toThrow(/ENOENT/);
  });

  it("lie where the configuration says", async () => {
    const http = { screenPage: at("s/kiosk.html"), operatorTokenFile: at("t/token") };
    await start(configOf(http));
    expect([modeOf("s/kiosk.html"), modeOf("t/token")]).toEqual([0o600, 0o600]);
  });

  it("do not keep the unit from starting where they cannot be kept, and no token is half made", async () => {
    writeFileSync(at("file"), "");
    const http = { screenPage: at("file/kiosk.html"), operatorTokenFile: at("file/token") };
    const { screen, token } = await start(configOf(http));
    expect([screen.length, token]).toEqual([43, undefined]);
    expect(said).toEqual(["staff-token-not-kept", "screen-page-not-written"]);
  });

  it("do not take an empty or a short file for a token", async () => {
    writeFileSync(at("staff.token"), "short\n", { mode: 0o600 });
    expect((await start(configOf())).token).toHaveLength(27);
  });
});
