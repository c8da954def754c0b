import { readdirSync, renameSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import {
  createIssuerKey,
  issueHealthPass,
} from "../../../src/credential/formats/health-pass/health-pass.ts";
import { publicIssuerFile } from "../../../src/credential/formats/health-pass/issuer-key.ts";
import { pseudonymOf } from "../../../src/credential/pseudonym.ts";
import { DAY_MS, HOUR_MS } from "../../../src/core/time.ts";
import { runSalvage } from "../../../src/cli/salvage.ts";
import { auditUnit } from "../../../src/store/offline/audit.ts";
import { ended, UnitFolder, until } from "./unit-process.ts";

const folder = new UnitFolder();
const NUMBER = "11010519491231002X";
const pseudonym = pseudonymOf(folder.districtKey, NUMBER);

/** A green pass of somebody, whose issuer the unit trusts. */
function pass(serial: string): string {
  const nowMs = Date.now();
  const key = createIssuerKey({
    issuer: "trial",
    algorithm: "EdDSA",
    notBeforeMs: nowMs - DAY_MS,
    notAfterMs: nowMs + DAY_MS,
    seed: new Uint8Array(32).fill(7),
  });
  writeFileSync(folder.at("issuers.json"), JSON.stringify(publicIssuerFile([key], nowMs)));
  return issueHealthPass(key, {
    form: "live",
    serial,
    issuedAtMs: nowMs,
    holder: { pseudonym, maskedName: "王**" },
    colour: "green",
    nucleicAcidTest: { result: "negative", sampledAtMs: nowMs - HOUR_MS },
  });
}

/** Starts the unit once more; its card reader is always missing. */
async function alarmsOfAStart(): Promise<string[]> {
  const unit = await folder.start();
  const { view } = await until(unit.url, (shown) => shown.view.alarms.length > 0);
  unit.process.kill("SIGTERM");
  await ended(unit.process);
  return view.alarms.map(({ kind }) => kind);
}

afterEach(() => folder.killAll());
afterAll(() => folder.remove());

describe("a real unit whose database is damaged", () => {
  it("comes up, lets people in, and says what happened", async () => {
    writeFileSync(folder.at("unit.db"), "this was a database once, ".repeat(400));
    const text = pass("0123456789abcdef");
    const unit = await folder.start({ trust: { files: [folder.at("issuers.json")] } });
    const first = await until(unit.url, ({ view }) => view.alarms.length > 0);
    expect(first.view.alarms.map(({ kind }) => kind)).toContain("database-replaced");
    folder.show(text);
    await until(unit.url, ({ view }) => view.phase === "granted");
    expect(folder.gate()).toBe("1");
    unit.process.kill("SIGTERM");
    await ended(unit.process);

    const [aside = "none", ...more] = readdirSync(folder.path).filter((name) =>
      name.startsWith("unit.db.set-aside-"),
    );
    expect(more).toEqual([]);
    // While the file lies there every start says so; with it gone, none does.
    expect(await alarmsOfAStart()).toContain("database-replaced");
    renameSync(folder.at(aside), folder.at("looked-after.db"));
    expect(await alarmsOfAStart()).not.toContain("database-replaced");

    expect(await runSalvage(folder.at("looked-after.db"), {}, 0, () => {})).toBe(1);
    expect(auditUnit(folder.at("unit.db")).faults).toEqual([]);
    // Nothing of the visitor is in the log, in which everything else is.
    const log = unit.log();
    expect(log).toContain("device-changed");
    for (const secret of [text, text.slice(-24), NUMBER, pseudonym, "王"]) {
      expect(log).not.toContain(secret);
    }
  });
});
