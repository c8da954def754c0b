/** The drivers of the real unit on the simulated buses. */
import type { Clock } from "../../hal/clock.ts";
import { createCodeReader } from "../../hal/drivers/code-reader/camera/reader.ts";
import type { DecodeEngine } from "../../hal/drivers/code-reader/engine/engine.ts";
import { createDoorContacts } from "../../hal/drivers/contacts/gpio/door-contacts.ts";
import { createGate } from "../../hal/drivers/gate/guarded-line/gate.ts";
import { onTwoWire } from "../../hal/drivers/thermometer/chip.ts";
import { createMlx90614, MLX90614_ADDRESS } from "../../hal/drivers/thermometer/mlx90614/chip.ts";
import { createThermometer } from "../../hal/drivers/thermometer/thermometer.ts";
import { createPanel } from "../../hal/drivers/panel/gpio/gpio-panel.ts";
import { createSdtReader } from "../../hal/drivers/card-reader/sdt/reader.ts";
import type { UnitConfig } from "../../src/config/unit.ts";
import { CREDENTIAL_SHAPES } from "../../src/credential/shapes.ts";
import type { Devices } from "../../src/gateway/sensing.ts";
import type { SimulatedHardware } from "./hardware.ts";
import { CONTACT_LINES, GATE_MAXIMUM_MS, PANEL_LINES } from "./wiring.ts";

/** Makes a driver for each device of the configuration. */
export function simulatedDevices(options: {
  config: UnitConfig["devices"];
  clock: Clock;
  bench: SimulatedHardware;
  engine: DecodeEngine;
}): Devices {
  const { config, clock, bench, engine } = options;
  const { gpio } = bench;
  const devices: Devices = {
    gate: createGate({ line: () => bench.takeGuard(), clock, maximumMs: GATE_MAXIMUM_MS }),
  };
  if (config.camera !== undefined) {
    const { camera } = bench;
    devices.codeReaders = [createCodeReader({ camera, engine, clock, wanted: CREDENTIAL_SHAPES })];
  }
  if (config.cardReader !== undefined) {
    devices.cardReaders = [createSdtReader({ host: bench.serial, clock })];
  }
  if (config.thermometer !== undefined) {
    const open = onTwoWire(bench.smbus, (bus) => createMlx90614(bus, MLX90614_ADDRESS));
    devices.thermometer = createThermometer({ open, clock });
  }
  if (config.panel !== undefined) {
    devices.panel = createPanel({ gpio, clock, lines: PANEL_LINES });
  }
  if (config.contacts !== undefined) {
    const lines = {
      "door-open": { line: CONTACT_LINES["door-open"] },
      "exit-request": { line: CONTACT_LINES["exit-request"] },
      fire: { line: CONTACT_LINES.fire },
      tamper: { line: CONTACT_LINES.tamper },
    };
    devices.doorContacts = createDoorContacts({ gpio, clock, lines });
  }
  return devices;
}
