/** The card reader driver on a real terminal of the kernel, with the simulated module at the other end. */
import { afterEach, expect, test } from "vitest";
import { delay } from "../../../hal/clock.ts";
import type { CardReader, CardReading, DeviceHealth } from "../../../hal/devices.ts";
import { createSdtReader } from "../../../hal/drivers/card-reader/sdt/reader.ts";
import { createSystemClock } from "../../../hal/linux/clock.ts";
import { createLinuxSerial } from "../../../hal/linux/serial.ts";
import { createSamVChip, type SamVChip } from "../../../sim/chips/sam-v.ts";
import { openFarEnd } from "../../support/far-end.ts";
import { createPtyPair } from "../../support/pty.ts";
import { citizenCard, foreigner2017Card } from "../drivers/card-reader/sdt/cards.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function connectChip(path: string, chip: SamVChip): Promise<void> {
  const far = await openFarEnd(path, (bytes) => chip.receive(Uint8Array.from(bytes)));
  chip.onSend((bytes) => {
    // What is sent into a pair that died is lost, as on a cut cable.
    far.send(bytes).catch(() => {});
  });
  cleanups.push(() => far.close());
}

function nextReading(reader: CardReader): Promise<CardReading> {
  return new Promise((resolve) => {
    reader.onReading(resolve);
  });
}

function healthOf(reader: CardReader, wanted: DeviceHealth["state"]): Promise<DeviceHealth> {
  return new Promise((resolve) => {
    reader.onHealth((health) => {
      if (health.state === wanted) resolve(health);
    });
  });
}

test("reads a card, survives an unplugged cable, and reads the next card", async () => {
  const clock = createSystemClock();
  const pair = await createPtyPair();
  cleanups.push(() => pair.dispose());
  const chip = createSamVChip({ clock });
  await connectChip(pair.far, chip);

  const reader = createSdtReader({ host: createLinuxSerial({ path: pair.near }), clock });
  cleanups.push(() => reader.stop());
  const first = nextReading(reader);
  chip.place(citizenCard);
  await reader.start();
  expect((await first).content).toMatchObject({
    document: "resident-id",
    number: citizenCard.number,
  });

  // The reader has to have seen that nothing more is to be found before another card counts.
  const asked = chip.asked.get("find") ?? 0;
  while ((chip.asked.get("find") ?? 0) < asked + 2) await delay(clock, 10);

  const failed = healthOf(reader, "failed");
  await pair.unplug();
  expect(await failed).toMatchObject({ state: "failed", kind: "absent" });

  chip.place(foreigner2017Card);
  const second = nextReading(reader);
  const well = healthOf(reader, "ok");
  await pair.plug();
  await connectChip(pair.far, chip);
  expect(await well).toEqual({ state: "ok" });
  expect((await second).content).toMatchObject({ design: 2017, name: "样本" });
});
