/** Registers the Melexis MLX90632 infrared thermometer. */
import { z } from "zod";
import { defineDriver, driverKey, type DriverContext } from "../../../driver.ts";
import { readOnce, twoWireFix, type OpenChip } from "../chip.ts";
import { address, measuring, twoWire } from "../settings.ts";

const summary = "MLX90632 on the I2C bus";

const schema = z.strictObject({
  driver: driverKey("mlx90632", summary),
  ...twoWire,
  address: address(0x3a).describe("58 (0x3A); 59 with the chip's ADDR pin at the supply"),
  rateHz: z
    .union([z.literal(4), z.literal(8), z.literal(16)], "expected 4, 8 or 16")
    .default(8)
    .describe(
      "measurements a second; written into the chip's EEPROM where it holds another, which it takes ten times",
    ),
  ...measuring,
});

type Settings = z.output<typeof schema>;

async function loadChip(): Promise<(settings: Settings, context: DriverContext) => OpenChip> {
  const { mlx90632: chipOn } = await import("./chip.ts");
  return ({ bus, address: at, rateHz }, { buses, clock }) =>
    chipOn({ host: buses.twoWire(bus), clock, address: at, rateHz });
}

export const mlx90632 = defineDriver({
  kind: "thermometer",
  name: "mlx90632",
  summary,
  schema,
  chip: "mlx90632",
  wiring: [
    {
      what: "thermometer MLX90632 (DCB: medical accuracy, 50° field of view)",
      connectsTo: "SDA",
      lines: [2],
      notes: "3.3 V version; a forehead fills the view within 5 cm",
    },
    { what: "", connectsTo: "SCL", lines: [3] },
  ],
  uses: ({ bus, address: at }) => [
    { bus: "two-wire", number: bus, address: at, setting: "address" },
  ],
  async load() {
    const chipOf = await loadChip();
    const { createThermometer } = await import("../thermometer.ts");
    return (settings, context) => {
      const { intervalMs, transform } = settings;
      const open = chipOf(settings, context);
      return createThermometer({ open, clock: context.clock, intervalMs, transform });
    };
  },
  checks: (settings, context) => [
    {
      what: "thermometer",
      run: async () => readOnce((await loadChip())(settings, context)),
      fix: (detail) => twoWireFix(settings.bus, detail),
    },
  ],
});
