/** What a service file forbids the programs it starts, computed as systemd itself does. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** One filter: what happens to the calls that are listed, or to all others. */
export interface CallFilter {
  /** `allow`: only these calls pass; `deny`: all but these. */
  mode: "allow" | "deny";
  calls: readonly string[];
  /** What a refused call gives: an error number by its name, or the end of the process. */
  refusal: string;
}

export interface Confinement {
  filters: readonly CallFilter[];
  addressFamilies: readonly string[] | undefined;
  /** RestrictNamespaces=yes. */
  withoutNamespaces: boolean;
  /** CapabilityBoundingSet= with nothing in it. */
  withoutCapabilities: boolean;
  environment: Readonly<Record<string, string>>;
}

/** Groups of calls that a setting of systemd.exec(5) refuses with EPERM, for all its programs. */
const REFUSED_BY: Readonly<Record<string, readonly string[]>> = {
  ProtectClock: ["@clock"],
  ProtectHostname: ["sethostname", "setdomainname"],
  ProtectKernelLogs: ["syslog"],
  ProtectKernelModules: ["@module"],
};

/** Every setting of the file in its order: those that are lists go on from line to line. */
export function settingsOf(text: string): { name: string; value: string }[] {
  return text.split("\n").flatMap((line) => {
    const match = /^(\w+)=(.*)$/.exec(line);
    return match === null ? [] : [{ name: match[1] ?? "", value: match[2] ?? "" }];
  });
}

/** The calls of a group, its groups resolved. */
function callsOf(name: string): string[] {
  if (!name.startsWith("@")) return [name];
  const text = execFileSync("systemd-analyze", ["syscall-filter", "--no-pager", name], {
    encoding: "utf8",
  });
  return text
    .split("\n")
    .slice(1)
    .map((line) => line.trim())
    .filter((word) => word !== "" && !word.startsWith("#"))
    .flatMap(callsOf);
}

/** SystemCallFilter=, line after line: the first one says whether calls are allowed or refused. */
function callFilter(lines: readonly string[], refusal: string): CallFilter | undefined {
  const [first] = lines;
  if (first === undefined) return undefined;
  const mode = first.startsWith("~") ? "deny" : "allow";
  // What execve and exit need is always among the allowed.
  const calls = new Set(mode === "allow" ? callsOf("@default") : []);
  for (const line of lines) {
    const isAgainst = line.startsWith("~") === (mode === "allow");
    for (const call of line.replace(/^~/, "").split(/\s+/).flatMap(callsOf)) {
      if (isAgainst) calls.delete(call);
      else calls.add(call);
    }
  }
  return { mode, calls: [...calls], refusal };
}

/** Reads a service file. */
export function confinementOf(path: string): Confinement {
  const settings = settingsOf(readFileSync(path, "utf8"));
  const all = (name: string): string[] =>
    settings.filter((each) => each.name === name).map(({ value }) => value);
  const last = (name: string): string | undefined => all(name).at(-1);
  const filter = callFilter(all("SystemCallFilter"), last("SystemCallErrorNumber") ?? "kill");
  const refused = Object.entries(REFUSED_BY).flatMap(([name, groups]): CallFilter[] =>
    last(name) === "yes"
      ? [{ mode: "deny", calls: groups.flatMap(callsOf), refusal: "EPERM" }]
      : [],
  );
  return {
    filters: [...refused, ...(filter === undefined ? [] : [filter])],
    addressFamilies: last("RestrictAddressFamilies")?.split(" "),
    withoutNamespaces: last("RestrictNamespaces") === "yes",
    withoutCapabilities: last("CapabilityBoundingSet") === "",
    environment: Object.fromEntries(
      all("Environment").map((value) => {
        const at = value.indexOf("=");
        return [value.slice(0, at), value.slice(at + 1)];
      }),
    ),
  };
}
