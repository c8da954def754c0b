/** Orders given by command, stored so that a power cut does not lift them. */
import type { KeyValueStore } from "../base/key-value-store.ts";
import type { Clock, Timer } from "../../hal/clock.ts";
import type { Authority, Orders } from "../core/record.ts";

/** The setting that holds the orders. */
export const ORDERS_SETTING = "orders";
/** A failed write is repeated this often, until the newest orders are stored. */
const RETRY_MS = 5_000;

/** What holds when stored orders cannot be read: people inside may leave, no one is let in. */
const UNREADABLE_ORDERS: Orders = {
  lockDown: { by: "unit", why: "what was ordered before the restart cannot be read" },
};

/**
 * Orders of before the restart. Never rejects: without a disk that answers nothing can be recorded
 * either, and the policy says what then holds at the door.
 */
export async function loadOrders(settings: KeyValueStore): Promise<Orders> {
  const text = await settings.get(ORDERS_SETTING).catch(() => undefined);
  if (text === undefined) return {};
  try {
    return readOrders(JSON.parse(text)) ?? UNREADABLE_ORDERS;
  } catch {
    return UNREADABLE_ORDERS;
  }
}

/** Writes orders one after the other; the newest is tried until the disk takes it. */
export class OrderWriter {
  readonly #settings: KeyValueStore;
  readonly #clock: Clock;
  #newest: string | undefined;
  #writing: Promise<void> = Promise.resolve();
  #again: Timer | undefined;

  constructor(settings: KeyValueStore, clock: Clock) {
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Resolves to whether they are on the disk after the first try. */
  async keep(orders: Orders): Promise<boolean> {
    const text = JSON.stringify(orders);
    this.#newest = text;
    this.#again?.cancel();
    const before = this.#writing;
    const written = before.then(() => this.#settings.set(ORDERS_SETTING, text));
    this.#writing = written.catch(() => {});
    try {
      await written;
      return true;
    } catch {
      this.#tryAgain(orders, text);
      return false;
    }
  }

  stop(): void {
    this.#newest = undefined;
    this.#again?.cancel();
  }

  #tryAgain(orders: Orders, text: string): void {
    if (this.#newest !== text) return;
    this.#again = this.#clock.after(RETRY_MS, () => void this.keep(orders));
  }
}

function readOrders(value: unknown): Orders | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const orders: Orders = {};
  for (const [name, by] of Object.entries(value)) {
    if (name !== "lockDown" && name !== "evacuation") return undefined;
    const authority = readAuthority(by);
    if (authority === undefined) return undefined;
    orders[name] = authority;
  }
  return orders;
}

function readAuthority(value: unknown): Authority | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (!("by" in value && "why" in value)) return undefined;
  const { by, why } = value;
  return typeof by === "string" && typeof why === "string" ? { by, why } : undefined;
}
