/** What a scenario's timeline acts on while it runs. */
import type { SimulatedDistrict } from "../actors/district.ts";
import type { Doorway } from "../doorway/doorway.ts";
import type { MortalEngine } from "../faults/failing-engine.ts";
import type { createTrace } from "../kernel/trace.ts";
import type { UnitClock } from "../kernel/unit-clock.ts";
import type { VirtualClock } from "../kernel/virtual-clock.ts";
import type { VirtualBackend } from "../platform/virtual.ts";
import type { Cast } from "./fixtures.ts";
import type { LoadedScenario } from "./load.ts";

export interface Stage {
  loaded: LoadedScenario;
  clock: VirtualClock;
  unitClock: UnitClock;
  district: SimulatedDistrict;
  cast: Cast;
  doorway: Doorway;
  backend: VirtualBackend;
  decoder: MortalEngine;
  note: (entry: Parameters<ReturnType<typeof createTrace>["note"]>[0]) => void;
}
