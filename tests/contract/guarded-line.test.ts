import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGuardedLine } from "../../hal/linux/guard/gate-guard.ts";
import { createSimulatedGpio } from "../../sim/bus/gpio.ts";
import { createSimulatedGuard } from "../../sim/bus/guard.ts";
import { VirtualClock } from "../../sim/kernel/virtual-clock.ts";
import { CONTRACT_MAXIMUM_MS as maximumMs, guardedLineContract } from "./guarded-line.contract.ts";

guardedLineContract("simulated guard", async () => {
  const clock = new VirtualClock(0);
  const gpio = createSimulatedGpio(clock);
  const guard = createSimulatedGuard({ gpio, line: 17, clock, maximumMs });
  return {
    line: guard,
    level: () => gpio.level(17),
    killGuard: () => guard.kill(),
    hangGuard: () => guard.hang(),
    pass: (ms) => clock.run(ms),
    dispose: () => guard.close(),
  };
});

guardedLineContract("guard process on a file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "guard-"));
  const path = join(folder, "relay");
  const guard = await createGuardedLine({ line: { kind: "file", path }, maximumMs });
  return {
    line: guard,
    level: () => (readFileSync(path, "utf8") === "0" ? 0 : 1),
    killGuard: () => process.kill(guard.guardPid, "SIGKILL"),
    hangGuard: () => process.kill(guard.guardPid, "SIGSTOP"),
    // Another process keeps its own time, so this one has to pass for real.
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    dispose: async () => {
      await guard.close();
      rmSync(folder, { recursive: true });
    },
  };
});
