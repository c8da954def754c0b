import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { commandKeyEntry, parseCommandKeys } from "../../../src/config/command-keys.ts";
import { COMMAND_NAMES } from "../../../src/core/command.ts";

const key = generateKeyPairSync("ed25519").publicKey.export({ format: "jwk" }).x ?? "";
const entry = (change: Partial<Parameters<typeof commandKeyEntry>[0]> = {}): string =>
  commandKeyEntry({ id: "ops-1", owner: 'Desk "A"', key, may: [...COMMAND_NAMES], ...change });
const read = (...entries: string[]) => parseCommandKeys(`keys:\n${entries.join("\n")}\n`, "f.yaml");

describe("the file of who may command", () => {
  it("reads what keygen prints, several keys one below the other", () => {
    const keys = read(entry(), entry({ id: "ops-2", may: ["message"] }));
    expect(keys).toEqual([
      { id: "ops-1", owner: 'Desk "A"', key, may: [...COMMAND_NAMES] },
      { id: "ops-2", owner: 'Desk "A"', key, may: ["message"] },
    ]);
  });

  it.each([
    ["two keys of one name", [entry(), entry()], /"ops-1" is there twice/],
    ["a key that is cut short", [entry({ key: key.slice(1) })], /43 characters of base64url/],
    ["a key for nothing", [entry({ may: [] })], /at least one command/],
    ["a name that cannot stand in a record", [entry({ id: "a b" })], /letters, digits/],
    ["nobody", [], /keys/],
  ])("refuses %s, naming the file", (_name, entries, complaint) => {
    expect(() => read(...entries)).toThrow(complaint);
    expect(() => read(...entries)).toThrow(/f\.yaml/);
  });

  it("refuses a command that does not exist", () => {
    expect(() => read(entry().replace("release", "unlock"))).toThrow(/unlock|may/);
  });
});
