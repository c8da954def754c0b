/** The import table of the house: which room may look into which, read from the imports themselves. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

/** What files under a path may import: paths in the tree, and packages. `*` allows all. */
interface Room {
  path: string;
  mayImport: readonly string[];
  packages: "*" | readonly string[];
  /** What it may not import although a path above allows it. */
  never?: readonly string[];
}

// The first room whose path is a prefix counts, so the narrower ones stand first.
const ROOMS: readonly Room[] = [
  { path: "src/core", mayImport: ["src/core"], packages: [] },
  // What every room may need: no room of last resort.
  { path: "src/base", mayImport: ["src/base"], packages: "*" },
  {
    path: "src/credential",
    mayImport: ["src/credential", "src/core", "src/base"],
    packages: ["node:crypto", "node:zlib", "node:buffer", "cborg", "jose", "certlogic-js", "zod"],
  },
  // What both halves say to each other.
  {
    path: "src/protocol",
    mayImport: ["src/protocol", "src/core", "src/base"],
    packages: ["zod", "jose", "node:crypto", "node:buffer"],
  },
  { path: "src/mqtt", mayImport: ["src/mqtt", "src/base", "hal/clock.ts"], packages: "*" },
  {
    path: "src/gateway",
    mayImport: [
      "src/gateway",
      "src/core",
      "src/credential",
      "src/base",
      "hal/devices.ts",
      "hal/clock.ts",
    ],
    packages: [],
  },
  {
    path: "src/store",
    mayImport: ["src/store", "src/core", "src/base", "src/protocol", "hal/clock.ts"],
    packages: "*",
  },
  {
    path: "src/uplink",
    mayImport: ["src/uplink", "src/core", "src/base", "src/protocol", "src/mqtt", "hal/clock.ts"],
    packages: "*",
  },
  {
    path: "src/distribution",
    mayImport: [
      "src/distribution",
      "src/core",
      "src/base",
      "src/protocol",
      "src/mqtt",
      "hal/clock.ts",
    ],
    packages: "*",
  },
  // What a kind of data set must be, for publisher and unit alike.
  {
    path: "src/data-sets",
    mayImport: ["src/data-sets", "src/core", "src/base", "src/credential", "src/config"],
    packages: ["zod", "node:crypto"],
  },
  { path: "src/ui", mayImport: ["src/ui", "src/core", "src/base", "hal/clock.ts"], packages: "*" },
  {
    path: "src/health",
    mayImport: ["src/health", "src/core", "src/base", "hal/clock.ts"],
    packages: ["prom-client"],
  },
  {
    path: "src/config",
    // The settings of a device are its driver's.
    mayImport: [
      "src/config",
      "src/core",
      "src/base",
      "hal/bus/buses.ts",
      "hal/clock.ts",
      "hal/driver.ts",
      "hal/registry.ts",
      "hal/settings.ts",
    ],
    packages: "*",
  },
  {
    // Verbs need the command line's support besides.
    path: "src/district/cli",
    mayImport: [
      "src/district",
      "src/core",
      "src/credential",
      "src/base",
      "src/protocol",
      "src/mqtt",
      "src/data-sets",
      "src/config",
      "src/cli/support",
      "hal/clock.ts",
      "hal/linux/clock.ts",
    ],
    packages: "*",
  },
  {
    path: "src/district",
    // The other half of the wire: never the unit's rooms.
    mayImport: [
      "src/district",
      "src/core",
      "src/credential",
      "src/base",
      "src/protocol",
      "src/mqtt",
      "src/config",
      "hal/clock.ts",
    ],
    packages: "*",
  },
  // The verbs of the district and of the simulator are found at run time: a unit lacks both.
  { path: "src/cli", mayImport: ["src", "hal"], never: ["src/district"], packages: "*" },
  // The parts a real unit is composed of, where the rooms above meet.
  {
    path: "src/unit",
    mayImport: [
      "src/unit",
      "src/base",
      "src/config",
      "src/core",
      "src/credential",
      "src/data-sets",
      "src/distribution",
      "src/gateway",
      "src/health",
      "src/mqtt",
      "src/protocol",
      "src/store",
      "src/ui",
      "src/uplink",
      "src/version.ts",
      "hal/bus",
      "hal/clock.ts",
      "hal/devices.ts",
      "hal/driver.ts",
      "hal/drivers",
      "hal/registry.ts",
    ],
    // What touches the machine is the platform's: a run in virtual time opens no file and no socket.
    packages: ["node:crypto", "node:path", "node:timers", "zod"],
  },
  // What a Raspberry Pi brings to the unit.
  { path: "src/linux", mayImport: ["src", "hal"], never: ["src/district"], packages: "*" },
  { path: "src/main.ts", mayImport: ["src", "hal"], never: ["src/district"], packages: "*" },
  { path: "hal/bus", mayImport: ["hal/bus", "hal/clock.ts", "hal/devices.ts"], packages: [] },
  { path: "hal/clock.ts", mayImport: ["hal/bus", "hal/devices.ts"], packages: [] },
  { path: "hal/devices.ts", mayImport: ["hal/bus", "hal/clock.ts"], packages: [] },
  { path: "hal/settings.ts", mayImport: [], packages: ["zod"] },
  {
    path: "hal/driver.ts",
    mayImport: [
      "hal/bus",
      "hal/clock.ts",
      "hal/devices.ts",
      "hal/drivers/code-reader/engine/engine.ts",
    ],
    packages: ["zod"],
  },
  { path: "hal/registry.ts", mayImport: ["hal/driver.ts", "hal/drivers"], packages: [] },
  {
    path: "hal/drivers/code-reader",
    mayImport: [
      "hal/drivers/code-reader",
      "hal/drivers/support",
      "hal/bus",
      "hal/clock.ts",
      "hal/devices.ts",
      "hal/driver.ts",
      "hal/settings.ts",
    ],
    // The decoders run in a process of their own: its starting is part of the driver.
    packages: [
      "zod",
      "@undecaf/zbar-wasm",
      "zxing-wasm",
      "rxing-wasm",
      "node:child_process",
      "node:fs",
      "node:module",
      "node:net",
      "node:process",
      "node:stream",
      "node:url",
    ],
  },
  {
    path: "hal/drivers",
    mayImport: [
      "hal/drivers",
      "hal/bus",
      "hal/clock.ts",
      "hal/devices.ts",
      "hal/driver.ts",
      "hal/settings.ts",
    ],
    packages: [
      "zod",
      "@undecaf/zbar-wasm",
      "zxing-wasm",
      "rxing-wasm",
      "johnny-five",
      "firmata-io",
      "node:module",
      "node:fs",
      "node:url",
      "node:path",
      "node:events",
      "node:stream",
      "node:worker_threads",
    ],
  },
  { path: "hal/linux", mayImport: ["hal/linux", "hal/bus", "hal/clock.ts"], packages: "*" },
  {
    path: "sim/chips",
    mayImport: ["sim/chips", "sim/bus", "hal/bus", "hal/clock.ts"],
    packages: [],
  },
  { path: "sim/bus", mayImport: ["sim/bus", "hal/bus", "hal/clock.ts"], packages: [] },
  {
    path: "sim/camera",
    mayImport: ["sim/camera", "sim/bus", "hal/bus", "hal/clock.ts"],
    packages: ["qrcode"],
  },
  { path: "sim", mayImport: ["sim", "src", "hal"], packages: "*" },
  { path: "tests", mayImport: ["*"], packages: "*" },
  { path: "bench", mayImport: ["*"], packages: "*" },
  { path: "deploy", mayImport: ["deploy", "src", "hal"], packages: "*" },
  // References made from the schemas of the rooms they are about.
  {
    path: "docs",
    mayImport: ["docs", "src", "hal/driver.ts", "hal/registry.ts", "sim/scenario"],
    packages: "*",
  },
];

/** Files nothing but the named places may import: whoever starts a process. */
const ENTRANCES: readonly { path: string; importers: readonly string[] }[] = [
  // The options and output that all verbs share.
  {
    path: "src/cli/support",
    importers: ["src/cli", "src/district/cli", "sim/demo", "tests", "bench"],
  },
  { path: "src/cli", importers: ["src/cli", "tests", "bench"] },
  { path: "src/district/cli", importers: ["src/district/cli", "tests", "bench"] },
  { path: "src/main.ts", importers: ["src/cli", "tests", "bench"] },
  { path: "sim/demo/main.ts", importers: ["sim/demo", "tests", "bench"] },
];

const IMPORT =
  /(?:^|[\s;])(?:import|export)(?:\s+type)?[\s{*][^;"']*?from\s*["']([^"']+)["']|(?:^|[\s;])import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/g;

const under = (file: string, place: string): boolean =>
  place === "*" || file === place || file.startsWith(place.endsWith(".ts") ? place : `${place}/`);

function* sourceFiles(root: string, folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== "node_modules" && entry.name !== "dist") yield* sourceFiles(root, path);
    } else if (/\.(ts|tsx|mts)$/.test(entry.name)) yield path;
  }
}

/** The specifiers a source text imports, static and dynamic, types included. */
export function importsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

/** What one import breaks, or nothing. `file` and relative specifiers are seen from `root`. */
export function violation(file: string, specifier: string): string | undefined {
  const room = ROOMS.find((candidate) => under(file, candidate.path));
  if (room === undefined) return undefined;
  if (!specifier.startsWith(".")) {
    if (room.packages === "*") return undefined;
    const allowed = room.packages.some(
      (name) => specifier === name || specifier.startsWith(`${name}/`),
    );
    return allowed
      ? undefined
      : `${file} imports the package ${specifier}, which ${room.path} must not know`;
  }
  const target = relative(".", resolve(dirname(file), specifier));
  const forbidden = room.never?.some((place) => under(target, place)) === true;
  if (forbidden || !room.mayImport.some((place) => under(target, place))) {
    return `${file} imports ${target}, which ${room.path} must not know`;
  }
  const entrance = ENTRANCES.find((candidate) => under(target, candidate.path));
  if (entrance !== undefined && !entrance.importers.some((place) => under(file, place))) {
    return `${file} imports ${target}, which only ${entrance.importers.join(", ")} may start`;
  }
  return undefined;
}

const FOLDERS = ["src", "hal", "sim", "tests", "bench", "deploy", "docs"];
/** A folder with more loose files than this wants to be sorted; tests and generated data are exempt. */
const LOOSE_FILES = 21;

/** Every broken rule in the tree under `root` (the working directory must be that root). */
export function violations(root: string): string[] {
  const found: string[] = [];
  const imports = new Map<string, string[]>();
  for (const folder of FOLDERS) {
    for (const file of sourceFiles(root, folder)) {
      const text = readFileSync(join(root, file), "utf8");
      found.push(...secondUnits(file, text));
      const specifiers = importsOf(text);
      for (const specifier of specifiers) {
        const problem = violation(file, specifier);
        if (problem !== undefined) found.push(problem);
      }
      const relatives = specifiers.filter((specifier) => specifier.startsWith("."));
      imports.set(
        file,
        relatives.map((specifier) => relative(".", resolve(dirname(file), specifier))),
      );
    }
  }
  for (const circle of circles(imports)) found.push(`a circle of imports: ${circle.join(" -> ")}`);
  return [...found, ...crowded([...imports.keys()])];
}

/** Who may compose a gateway or an uplink: the unit, and the tests of these parts. */
const COMPOSERS = [
  "src/unit",
  "tests/architecture",
  "tests/src/cli/collect.test.ts",
  "tests/src/district",
  "tests/src/gateway",
  "tests/src/health",
  "tests/src/uplink",
  "tests/support",
];
const COMPOSITION = /\bnew Gateway\(|(?<!function )\bcreateUplink\(/g;

/** Places where a text composes a unit of its own: then what runs there is not what runs at a door. */
export function secondUnits(file: string, text: string): string[] {
  if (COMPOSERS.some((place) => under(file, place))) return [];
  return [...text.matchAll(COMPOSITION)].map(
    ([call]) => `${file} calls ${call}…): only src/unit composes a unit (composeUnit)`,
  );
}

/** Circles of imports, type imports included: each as its files in the order they import. */
export function circles(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const finished = new Set<string>();
  const path: string[] = [];
  const follow = (file: string): void => {
    const at = path.indexOf(file);
    if (at >= 0) found.push([...path.slice(at), file]);
    if (at >= 0 || finished.has(file)) return;
    path.push(file);
    for (const target of imports.get(file) ?? []) follow(target);
    path.pop();
    finished.add(file);
  };
  for (const file of imports.keys()) follow(file);
  return found;
}

/** Folders of sources with too many loose files to find one at a look. */
export function crowded(files: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const file of files) {
    if (file.startsWith("tests/")) continue;
    counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count > LOOSE_FILES)
    .map(([folder, count]) => `${folder} holds ${count} loose files: sort them into folders`);
}
