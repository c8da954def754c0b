/** Registers the contacts around the door, each on a line of the board's header. */
import { z } from "zod";
import { defineDriver, driverKey, type Factory } from "../../../driver.ts";
import type { Contact } from "../../../devices.ts";
import { headerLine, wholeFrom } from "../../../settings.ts";
import { LINE_FIX, startAndStop } from "../../support/startup-check.ts";

const summary = "contacts around the door, on lines of the header";

const input = z.union([
  headerLine().transform((number) => ({ line: number, activeLow: true, debounceMs: 30 })),
  z.strictObject({
    line: headerLine(),
    activeLow: z.boolean().default(true).describe("pulled up, closed to ground"),
    debounceMs: wholeFrom(0, 1_000).default(30).describe("a level counts once it has held so long"),
  }),
]);

const schema = z.strictObject({
  driver: driverKey("gpio", summary, true),
  "door-open": input.optional(),
  "exit-request": input.optional(),
  fire: input.optional(),
  tamper: input.optional(),
});

type Settings = z.output<typeof schema>;

const CONTACTS: readonly Contact[] = ["door-open", "exit-request", "fire", "tamper"];

type Wired = [contact: Contact, where: NonNullable<Settings[Contact]>];

const wiredIn = (settings: Settings): Wired[] =>
  CONTACTS.flatMap((contact): Wired[] => {
    const where = settings[contact];
    return where === undefined ? [] : [[contact, where]];
  });

async function load(): Promise<Factory<"door-contacts", Settings>> {
  const { createDoorContacts } = await import("./door-contacts.ts");
  return (settings, { buses, clock }) => {
    const lines = Object.fromEntries(wiredIn(settings));
    return createDoorContacts({ gpio: buses.gpio, clock, lines });
  };
}

export const gpioContacts = defineDriver({
  kind: "door-contacts",
  name: "gpio",
  summary,
  schema,
  wiring: [
    {
      what: "door contact (closed when the door is)",
      connectsTo: "input",
      lines: [27],
      notes: "pull-up, opto-isolated",
    },
    {
      what: "exit button",
      connectsTo: "input",
      lines: [22],
      notes: "a second contact acts on the lock by itself",
    },
    {
      what: "fire input",
      connectsTo: "input",
      lines: [23],
      notes: "a second contact acts on the lock by itself",
    },
    { what: "tamper switch of the box", connectsTo: "input", lines: [24] },
  ],
  uses: (settings) =>
    wiredIn(settings).map(([contact, { line }]) => ({ bus: "gpio", line, setting: contact })),
  load,
  checks: (settings, context) => [
    {
      what: "door contacts",
      run: async () =>
        startAndStop(
          (await load())(settings, context),
          context.clock,
          "all wired contacts can be read",
        ),
      fix: () => LINE_FIX,
    },
  ],
});
