/** Registers the Melexis MLX90614 infrared thermometer. */
import { z } from "zod";
import { defineDriver, driverKey } from "../../../driver.ts";
import type { Buses } from "../../../bus/buses.ts";
import { onTwoWire, readOnce, twoWireFix, type OpenChip } from "../chip.ts";
import { address, measuring, twoWire } from "../settings.ts";

const summary = "MLX90614 on the I2C bus";

const schema = z.strictObject({
  driver: driverKey("mlx90614", summary, true),
  ...twoWire,
  address: address(0x5a),
  ...measuring,
});

type Settings = z.output<typeof schema>;

async function loadChip(): Promise<(settings: Settings, buses: Buses) => OpenChip> {
  const { createMlx90614 } = await import("./chip.ts");
  return ({ bus, address: at }, buses) =>
    onTwoWire(buses.twoWire(bus), (open) => createMlx90614(open, at));
}

export const mlx90614 = defineDriver({
  kind: "thermometer",
  name: "mlx90614",
  summary,
  schema,
  chip: "mlx90614",
  wiring: [
    {
      what: "thermometer MLX90614 (DCC or DCI: 35° or 5° field of view)",
      connectsTo: "SDA",
      lines: [2],
      notes: "100 kHz or slower; 3.3 V version",
    },
    { what: "", connectsTo: "SCL", lines: [3] },
  ],
  uses: ({ bus, address: at }) => [
    { bus: "two-wire", number: bus, address: at, setting: "address" },
  ],
  async load() {
    const chipOf = await loadChip();
    const { createThermometer } = await import("../thermometer.ts");
    return (settings, { buses, clock }) => {
      const { intervalMs, transform } = settings;
      return createThermometer({ open: chipOf(settings, buses), clock, intervalMs, transform });
    };
  },
  checks: (settings, { buses }) => [
    {
      what: "thermometer",
      run: async () => readOnce((await loadChip())(settings, buses)),
      fix: (detail) => twoWireFix(settings.bus, detail),
    },
  ],
});
