/** Contacts around the door: position, exit button, fire input, tamper switch. */
import type { GpioHost, InputLine, Level } from "../../../bus/gpio.ts";
import type { Clock } from "../../../clock.ts";
import type { Contact, DeviceHealth, DoorContacts } from "../../../devices.ts";
import { createHealth, failureOf } from "../../support/health.ts";
import { createRetry } from "../../support/retry.ts";
import type { Retry, Session } from "../../support/retry.ts";

/** Where a contact is wired. */
export interface ContactLine {
  /** Line number as the board's documentation counts (BCM on a Raspberry Pi). */
  line: number;
  /** The contact is active at 0 V, as a loop that opens on alarm is behind a pull-up. */
  activeLow?: boolean;
  /** How long a level must hold, ms: reed contacts bounce for 20 to 50. */
  debounceMs?: number;
}

export interface DoorContactsOptions {
  gpio: GpioHost;
  clock: Clock;
  /** Contacts that are wired; the others are never reported. */
  lines: Partial<Record<Contact, ContactLine>>;
}

const DEFAULT_DEBOUNCE_MS = 30;

/**
 * Senses the wired contacts. All lines are taken or none: a door whose tamper switch is not sensed
 * must not count as supervised.
 */
export function createDoorContacts(options: DoorContactsOptions): DoorContacts {
  return new Contacts(options);
}

class Contacts implements DoorContacts {
  readonly #options: DoorContactsOptions;
  readonly #health = createHealth();
  readonly #retry: Retry;
  // The last reported level, kept over failures: a contact that moved meanwhile is reported afterwards.
  readonly #reported = new Map<Contact, boolean>();
  #inputs: InputLine[] = [];
  #listener: ((contact: Contact, active: boolean) => void) | undefined;

  constructor(options: DoorContactsOptions) {
    this.#options = options;
    this.#retry = createRetry({
      clock: options.clock,
      attempt: (session) => this.#sense(session),
      onFailure: (error) => this.#health.set(failureOf(error)),
    });
  }

  async start(): Promise<void> {
    this.#health.set({ state: "starting" });
    await this.#retry.start();
  }

  async stop(): Promise<void> {
    this.#retry.stop();
    this.#reported.clear();
    await this.#release();
  }

  onHealth(listener: (health: DeviceHealth) => void): void {
    this.#health.onChange(listener);
  }

  onContact(listener: (contact: Contact, active: boolean) => void): void {
    this.#listener = listener;
    for (const [contact, active] of this.#reported) if (active) listener(contact, active);
  }

  async #sense(session: Session): Promise<void> {
    try {
      for (const [contact, wiring] of Object.entries(this.#options.lines) as [
        Contact,
        ContactLine,
      ][]) {
        await this.#take(session, contact, wiring);
      }
    } catch (error) {
      await this.#release();
      throw error;
    }
    if (!session.live) {
      await this.#release();
      return;
    }
    this.#health.set({ state: "ok" });
    this.#retry.succeeded();
    await session.stopped;
  }

  async #take(session: Session, contact: Contact, wiring: ContactLine): Promise<void> {
    const input = await this.#options.gpio.input(wiring.line, {
      activeLow: wiring.activeLow ?? false,
      debounceMs: wiring.debounceMs ?? DEFAULT_DEBOUNCE_MS,
    });
    this.#inputs.push(input);
    // Listening first: a change between reading and listening would otherwise be lost.
    input.onChange((level) => {
      if (session.live) this.#report(contact, level);
    });
    const level = await input.read();
    if (session.live) this.#report(contact, level);
  }

  #report(contact: Contact, level: Level): void {
    const active = level === 1;
    if ((this.#reported.get(contact) ?? false) === active) return;
    this.#reported.set(contact, active);
    this.#listener?.(contact, active);
  }

  async #release(): Promise<void> {
    const inputs = this.#inputs;
    this.#inputs = [];
    for (const input of inputs) await input.close();
  }
}
