/** Keeps the orders of commands in a file of their own: they must not be lost together with the database. */
import type { KeyValueStore } from "../base/key-value-store.ts";
import { readText, type Files } from "../base/files.ts";
import { ORDERS_SETTING } from "../gateway/orders.ts";

/**
 * The unit's settings, its orders kept in `file` too and read from there first: a power cut that
 * costs a card its database, or a card that can only be read any more, must not lift a lock-down.
 */
export function withOrdersIn(files: Files, file: string, settings: KeyValueStore): KeyValueStore {
  return {
    get: (name) =>
      name === ORDERS_SETTING
        ? readText(files, file).catch(() => settings.get(name))
        : settings.get(name),
    async set(name, value) {
      if (name !== ORDERS_SETTING) return settings.set(name, value);
      // Only the file is read while it is there: the database serves when it was lost.
      const copied = settings.set(name, value).catch(() => {});
      await files.replace(file, value, { durable: true });
      await copied;
    },
  };
}
