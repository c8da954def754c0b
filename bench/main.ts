/** Runs one benchmark by its name; without a name, the one about the door as a whole. */
import process from "node:process";

interface Benchmark {
  run(args: string[]): Promise<void>;
}

const BENCHMARKS: Record<string, { what: string; load: () => Promise<Benchmark> }> = {
  door: {
    what: "readable frame or card to gate line, by stage, beside pyzbar on the same frames",
    load: () => import("./door.ts"),
  },
  memory: {
    what: "a real unit's memory over an hour's visitors, by process",
    load: () => import("./memory.ts"),
  },
  codes: {
    what: "the code reader's CPU a frame, and the map of where the door works",
    load: () => import("./codes.ts"),
  },
  images: {
    what: "the labelled pictures, beside each decoder alone",
    load: () => import("./images.ts"),
  },
  outbox: {
    what: "durable records a second, and draining a backlog, beside a mosquitto bridge",
    load: () => import("./outbox.ts"),
  },
  credentials: {
    what: "verification of each format, and a revocation list of ten million",
    load: () => import("./credentials.ts"),
  },
};

const [name = "door", ...args] = process.argv.slice(2);
const benchmark = BENCHMARKS[name];
if (benchmark === undefined) {
  console.error(`bench: there is no benchmark "${name}". These are:`);
  for (const [each, { what }] of Object.entries(BENCHMARKS)) console.error(`  ${each}  ${what}`);
  process.exitCode = 2;
} else {
  await (await benchmark.load()).run(args);
}
