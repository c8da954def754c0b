import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { diskFiles } from "../../../src/linux/disk-files.ts";
import { withOrdersIn } from "../../../src/unit/kept-orders.ts";

let folder: string;
let file: string;
const settings = new Map<string, string>();
let broken = false;

const database = {
  async get(name: string): Promise<string | undefined> {
    if (broken) throw new Error("no database");
    return settings.get(name);
  },
  async set(name: string, value: string): Promise<void> {
    if (broken) throw new Error("no database");
    settings.set(name, value);
  },
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "orders-"));
  file = join(folder, "unit.db.orders");
  settings.clear();
  broken = false;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("orders in a file of their own", () => {
  it("are read from there without a database, and from the database without the file", async () => {
    const memory = withOrdersIn(diskFiles, file, database);
    await memory.set("orders", "{}");
    broken = true;
    expect(await memory.get("orders")).toBe("{}");
    rmSync(file);
    broken = false;
    expect(await memory.get("orders")).toBe("{}");
  });

  it("are kept while the database refuses, readable by their owner only, nothing left beside", async () => {
    broken = true;
    const memory = withOrdersIn(diskFiles, file, database);
    await memory.set("orders", '{"lockDown":{}}');
    await memory.set("orders", "{}");
    expect(await memory.get("orders")).toBe("{}");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["unit.db.orders"]);
  });

  it("that cannot be written are not said to be kept", async () => {
    writeFileSync(join(folder, "no-folder"), "");
    const memory = withOrdersIn(diskFiles, join(folder, "no-folder", "orders"), database);
    await expect(memory.set("orders", "{}")).rejects.toThrow(/EEXIST|ENOTDIR/);
  });

  it("leave every other value to the database", async () => {
    const memory = withOrdersIn(diskFiles, file, database);
    await memory.set("clock.last-good-ms", "1");
    expect(readdirSync(folder)).toEqual([]);
    expect(await memory.get("clock.last-good-ms")).toBe("1");
    writeFileSync(file, "2");
    expect(await memory.get("clock.last-good-ms")).toBe("1");
  });
});
