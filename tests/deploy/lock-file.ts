/** What a lock file cannot hold still: tags, addresses, entries without a hash, edges to nowhere. */

export interface LockEntry {
  version?: string;
  resolved?: string;
  integrity?: string;
  link?: boolean;
  hasInstallScript?: boolean;
  optional?: boolean;
  engines?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

export interface LockFile {
  packages: Record<string, LockEntry>;
}

/** A version to the last digit, with what may follow it (semver.org 2.0.0). */
const EXACT = /^\d+\.\d+\.\d+(?:-[\w.-]+)?(?:\+[\w.-]+)?$/;
const ALIAS = /^npm:(?:@[\w.-]+\/)?[\w.-]+@/;
// One comparator: ^1.2.3, >=1, 1.x, *, v1.2.3-rc.1. A tag (latest, next) has no digit in front.
const COMPARATOR =
  /^(?:[~^]|[<>]=?|=)?v?(?:\d+|[xX*])(?:\.(?:\d+|[xX*])){0,2}(?:-[\w.-]+)?(?:\+[\w.-]+)?$/;

/** Whether a lock file can hold it: a range of versions of the registry, and no tag, file or address. */
export function isRange(wanted: string): boolean {
  const range = wanted.replace(ALIAS, "").trim();
  return range.split("||").every((part) => {
    const comparators = part
      .trim()
      // "1.2 - 1.4", and blanks after an operator.
      .replace(/\s+-\s+/, " ")
      .replaceAll(/([<>=~^])\s+/g, "$1")
      .split(/\s+/);
    // Nothing at all means any version.
    return comparators.every((each) => each === "" || COMPARATOR.test(each));
  });
}

/** Every place of the lock file that an installation could fill with something else tomorrow. */
export function unheld({ packages }: LockFile): string[] {
  return Object.entries(packages).flatMap(([path, entry]) =>
    path === ""
      ? edgesOf(packages, path, entry)
      : [...contentOf(path, entry), ...edgesOf(packages, path, entry)],
  );
}

function contentOf(path: string, { version = "", resolved, integrity, link }: LockEntry): string[] {
  const faults: string[] = [];
  if (link === true) faults.push(`${path}: a link to a folder`);
  if (!EXACT.test(version)) faults.push(`${path}: version "${version}" is not exact`);
  if (!/^sha512-[\w+/]{86}==$/.test(integrity ?? "")) faults.push(`${path}: no sha512 hash`);
  // The registry's own packages are locked by name, version and hash, without an address.
  if (resolved !== undefined) {
    faults.push(`${path}: comes from ${resolved}`);
  }
  return faults;
}

function edgesOf(packages: LockFile["packages"], path: string, entry: LockEntry): string[] {
  const needed = { ...entry.dependencies, ...(path === "" ? entry.devDependencies : {}) };
  const faults: string[] = [];
  for (const [name, wanted] of Object.entries({ ...needed, ...entry.optionalDependencies })) {
    const isExact = path !== "" || EXACT.test(wanted);
    if (!isRange(wanted) || !isExact) faults.push(`${path || "package.json"}: ${name}@${wanted}`);
  }
  for (const [name, wanted] of Object.entries(entry.peerDependencies ?? {})) {
    if (!isRange(wanted)) faults.push(`${path}: peer ${name}@${wanted}`);
    if (entry.peerDependenciesMeta?.[name]?.optional !== true) needed[name] = wanted;
  }
  for (const name of Object.keys(needed)) {
    if (entry.optionalDependencies?.[name] === undefined && !isLocked(packages, path, name)) {
      faults.push(`${path || "package.json"}: ${name} has no entry`);
    }
  }
  return faults;
}

/** Whether Node finds the package from there: in its own node_modules, or in one further out. */
function isLocked(packages: LockFile["packages"], from: string, name: string): boolean {
  let folder = from;
  while (folder !== "") {
    if (packages[`${folder}/node_modules/${name}`] !== undefined) return true;
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf("node_modules/") - 1));
  }
  return packages[`node_modules/${name}`] !== undefined;
}
