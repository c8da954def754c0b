/** What was ordered, in a file of its own: it must not be lost together with the database. */
import { open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { ORDERS_SETTING } from "../gateway/orders.ts";
import type { SettingStore } from "../gateway/ports.ts";

/**
 * The unit's memory, its orders kept in `file` too and read from there first: a power cut that
 * costs a card its database, or a card that can only be read any more, must not lift a lock-down.
 */
export function withOrdersIn(file: string, settings: SettingStore): SettingStore {
  return {
    get: (name) =>
      name === ORDERS_SETTING
        ? readFile(file, "utf8").catch(() => settings.get(name))
        : settings.get(name),
    async set(name, value) {
      if (name !== ORDERS_SETTING) return settings.set(name, value);
      await writeDurably(file, value);
      // Only the file is read while it is there: the database serves when it was lost.
      await settings.set(name, value).catch(() => {});
    },
  };
}

/** All of it or, after a power cut, what was there before. */
async function writeDurably(file: string, text: string): Promise<void> {
  const next = await open(`${file}.new`, "w", 0o600);
  try {
    await next.writeFile(text);
    await next.sync();
  } finally {
    await next.close();
  }
  await rename(`${file}.new`, file);
  // The name is on the disk when its folder is.
  const folder = await open(dirname(file), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
