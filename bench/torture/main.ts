/** Runs one torture by its name: faults on purpose, on loopback only, with a table of what they did. */
import process from "node:process";

interface Torture {
  /** Resolves to whether everything that must hold held. */
  run(args: string[]): Promise<boolean>;
}

const TORTURES: Record<string, { what: string; load: () => Promise<Torture> }> = {
  crash: {
    what: "unit, broker and collector killed with SIGKILL [--long --kills N --records N --seed N]",
    load: () => import("./crash.ts"),
  },
  gate: {
    what: "unit and guard killed or stopped while the gate is released [--rounds N --maximum MS --seed N]",
    load: () => import("./gate.ts"),
  },
  peers: {
    what: "the same storm for the outbox and for a mosquitto bridge on the unit [--long --kills N --records N --seed N]",
    load: () => import("./peers.ts"),
  },
  disk: {
    what: "full, refusing, tearing and copied disks [--trials N --seed N]",
    load: () => import("./disk.ts"),
  },
  wire: {
    what: "hostile MQTT, serial bytes, frames, codes and HTTP against a unit [--seconds N --seed N]",
    load: () => import("./wire.ts"),
  },
};

const [name = "", ...args] = process.argv.slice(2);
const torture = TORTURES[name];
if (torture === undefined) {
  console.error("usage: npm run torture -- <name> [options]\n");
  for (const [each, { what }] of Object.entries(TORTURES)) {
    console.error(`  ${each.padEnd(6)} ${what}`);
  }
  process.exitCode = 2;
} else if (!(await (await torture.load()).run(args))) {
  process.exitCode = 1;
}
