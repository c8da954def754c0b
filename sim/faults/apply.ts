/** Makes a named fault happen on the simulated hardware, and heals it again. */
import type { SimulatedHardware } from "../doorway/hardware.ts";
import { GATE_LINE } from "../doorway/wiring.ts";
import type { World } from "../doorway/world.ts";
import type { FaultKind } from "./kinds.ts";

/** What faults act on beside the wires. */
export interface Faultable {
  bench: SimulatedHardware;
  world: World;
  disk: { set(state: "fine" | "full" | "slow"): void };
  broker: {
    setReachable(reachable: boolean): void;
    setSlow(slow: boolean): void;
    setDuplicating(duplicating: boolean): void;
    setLossy(lossy: boolean): void;
    setHeard(heard: boolean): void;
    forget(): void;
    setRetains(retains: boolean): void;
    setTakesCommands(takes: boolean): void;
  };
  decoder: { setDead(dead: boolean): void };
  district: { setReachable(reachable: boolean): void };
}

const GARBAGE = 0.3;

/** Begins (`true`) or heals (`false`) a fault. Doing either twice does nothing more. */
export function setFault(fault: FaultKind, on: boolean, at: Faultable): void {
  const { bench } = at;
  switch (fault) {
    case "thermometer-unplugged":
      return on ? bench.smbus.unplug() : bench.smbus.plug();
    case "thermometer-no-answer":
      return bench.thermometer.setPower(!on);
    case "thermometer-bus-stuck":
      return on ? bench.smbus.faults.stick() : bench.smbus.faults.release();
    case "thermometer-corrupt":
      return bench.corruptThermometer(on);
    case "thermometer-invalid":
      return bench.thermometer.setError(on);
    case "thermometer-hung":
      return bench.smbus.faults.hang(on);
    case "reader-unplugged":
      return on ? bench.serial.unplug() : bench.serial.plug();
    case "reader-silent":
      bench.serial.faults.loss = on ? 1 : 0;
      return;
    case "reader-garbage":
      bench.serial.faults.garbage = on ? GARBAGE : 0;
      return;
    case "reader-split":
      bench.serial.faults.chunk = on ? { min: 1, max: 1 } : { min: 1, max: 62 };
      return;
    case "reader-hung":
      bench.serial.faults.hung = on;
      return;
    case "camera-unplugged":
      return on ? bench.camera.unplug() : bench.camera.plug();
    case "camera-stalled":
      return bench.camera.stall(on);
    case "camera-hung":
      return bench.camera.hang(on);
    case "camera-blank":
      return at.world.coverLens(on);
    case "decoder-dead":
      return at.decoder.setDead(on);
    case "relay-refuses":
      return bench.gpio.setFaulty(GATE_LINE, on);
    case "guard-lost":
      if (on) bench.guard()?.kill();
      return;
    case "guard-stalled":
      if (on) bench.guard()?.hang();
      return;
    case "door-held":
      return at.world.holdDoor(on);
    case "disk-full":
      return at.disk.set(on ? "full" : "fine");
    case "disk-slow":
      return at.disk.set(on ? "slow" : "fine");
    case "broker-down":
      return at.broker.setReachable(!on);
    case "broker-slow":
      return at.broker.setSlow(on);
    case "broker-duplicating":
      return at.broker.setDuplicating(on);
    case "broker-lossy":
      return at.broker.setLossy(on);
    case "broker-forgetful":
      if (on) at.broker.forget();
      return;
    case "broker-unheard":
      return at.broker.setHeard(!on);
    case "broker-no-retain":
      return at.broker.setRetains(!on);
    case "broker-refuses-commands":
      return at.broker.setTakesCommands(!on);
    case "directory-unreachable":
      return at.district.setReachable(!on);
  }
}
