/** Store, outbox and broker of a run in virtual time: nothing here touches a file or a socket. */
import type { Clock } from "../hal/clock.ts";
import { createDisk, type Disk } from "./disk.ts";
import type { Backend } from "./doorway.ts";
import type { Random } from "./random.ts";
import type { Trace } from "./trace.ts";

export interface VirtualBackend extends Backend {
  readonly disk: Disk;
  readonly broker: {
    setReachable(reachable: boolean): void;
    setSlow(slow: boolean): void;
    setDuplicating(duplicating: boolean): void;
  };
  pending(): number;
}

export function createVirtualBackend(options: {
  clock: Clock;
  random: Random;
  trace: Trace;
  unitId: string;
}): VirtualBackend {
  const { clock, trace } = options;
  let seq = 0;
  const disk = createDisk(clock, trace, { commit: () => Promise.resolve({ seq: ++seq }) });
  return {
    store: disk,
    disk,
    broker: { setReachable() {}, setSlow() {}, setDuplicating() {} },
    pending: () => 0,
    connect() {},
    disconnect: () => Promise.resolve(),
  };
}
