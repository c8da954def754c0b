/**
 * Runs a program under the system call filters, without the capabilities, of a service file:
 *
 *   node confined.ts CONFINEMENT.json PROGRAM [ARGUMENT…]
 *
 * The file holds a Confinement (confinement.ts). The filters are loaded by libseccomp, as systemd
 * does it, and stay for the program and everything it starts. This process becomes the program.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import process from "node:process";
import type Koffi from "koffi";
import type { CallFilter, Confinement } from "./confinement.ts";

const koffi = createRequire(import.meta.url)("koffi") as typeof Koffi;
const libc = koffi.load("libc.so.6");
const seccomp = koffi.load("libseccomp.so.2");

// <seccomp.h>, seccomp_init(3).
const ALLOW = 0x7fff0000;
const KILL_PROCESS = 0x80000000;
const refuseWith = (errno: number): number => 0x00050000 | errno;
const UNKNOWN_CALL = -1;
// struct scmp_arg_cmp { unsigned arg; enum op; u64 a; u64 b }, seccomp_rule_add(3).
const COMPARE_EQUAL = 4;
const COMPARE_GREATER = 6;
const COMPARE_MASKED_EQUAL = 7;
const COMPARISON_BYTES = 24;

const init = seccomp.func("void *seccomp_init(uint32_t action)");
const load = seccomp.func("int seccomp_load(void *context)");
const resolve = seccomp.func("int seccomp_syscall_resolve_name(const char *name)");
const add = seccomp.func(
  "int seccomp_rule_add_array(void *context, uint32_t action, int call, uint32_t count, const void *comparisons)",
);

const FAMILIES: Readonly<Record<string, number>> = {
  AF_UNIX: 1,
  AF_INET: 2,
  AF_INET6: 10,
  AF_NETLINK: 16,
};
// <linux/sched.h>: the flags of clone(2) that make a namespace.
const NAMESPACE_FLAGS = [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000];
const NAMESPACE_FLAGS_NEW = 0x40000000;
// prctl(2).
const CAPBSET_DROP = 24;
const CAP_SETPCAP = 8;
const NO_NEW_PRIVS = 38;

type Comparison = { argument: number; operation: number; a: number; b: number };

function rule(
  context: unknown,
  action: number,
  call: string,
  comparisons: Comparison[] = [],
): void {
  const number = Number(resolve(call));
  // A call that this processor does not have, or that this library does not know yet.
  if (number === UNKNOWN_CALL) return;
  const bytes = Buffer.alloc(COMPARISON_BYTES * Math.max(comparisons.length, 1));
  comparisons.forEach(({ argument, operation, a, b }, index) => {
    const at = index * COMPARISON_BYTES;
    bytes.writeUInt32LE(argument, at);
    bytes.writeUInt32LE(operation, at + 4);
    bytes.writeBigUInt64LE(BigInt(a), at + 8);
    bytes.writeBigUInt64LE(BigInt(b), at + 16);
  });
  const result = Number(add(context, action, number, comparisons.length, bytes));
  if (result !== 0) throw new Error(`libseccomp refuses a rule for ${call}: ${result}`);
}

function errnoOf(name: string): number {
  const errno = Object.entries(constants.errno).find(([key]) => key === name)?.[1];
  if (errno === undefined) throw new Error(`${name} is no error number`);
  return errno;
}

function callFilter({ mode, calls, refusal }: CallFilter): unknown {
  const refused = refusal === "kill" ? KILL_PROCESS : refuseWith(errnoOf(refusal));
  const context: unknown = init(mode === "allow" ? refused : ALLOW);
  for (const call of calls) rule(context, mode === "allow" ? ALLOW : refused, call);
  return context;
}

function confine(confinement: Confinement): void {
  const contexts: unknown[] = [];
  const { addressFamilies } = confinement;
  if (addressFamilies !== undefined) {
    const context: unknown = init(ALLOW);
    const allowed = addressFamilies.map((name) => FAMILIES[name] ?? 0);
    const refused = refuseWith(constants.errno.EAFNOSUPPORT);
    const last = Math.max(...allowed);
    // One argument can be compared once a rule: each family that is left out has its own.
    rule(context, refused, "socket", [{ argument: 0, operation: COMPARE_GREATER, a: last, b: 0 }]);
    for (let family = 0; family < last; family += 1) {
      if (allowed.includes(family)) continue;
      const comparison = { argument: 0, operation: COMPARE_EQUAL, a: family, b: 0 };
      rule(context, refused, "socket", [comparison]);
    }
    contexts.push(context);
  }
  if (confinement.withoutNamespaces) contexts.push(withoutNamespaces());
  // What allows only what it lists comes last: it may not list the loading of filters.
  const byMode = (mode: CallFilter["mode"]): CallFilter[] =>
    confinement.filters.filter((each) => each.mode === mode);
  contexts.push(...[...byMode("deny"), ...byMode("allow")].map(callFilter));
  if (confinement.withoutCapabilities) dropCapabilities();
  prctl(NO_NEW_PRIVS, 1);
  // Built before the first is loaded: it may forbid what building takes.
  for (const context of contexts) {
    const result = Number(load(context));
    if (result !== 0) throw new Error(`libseccomp could not load a filter: ${result}`);
  }
}

/** As seccomp_restrict_namespaces of systemd: clone3 hides its flags from a filter. */
function withoutNamespaces(): unknown {
  const context: unknown = init(ALLOW);
  const refused = refuseWith(constants.errno.EPERM);
  rule(context, refused, "unshare");
  rule(context, refused, "setns");
  rule(context, refuseWith(constants.errno.ENOSYS), "clone3");
  for (const flag of [...NAMESPACE_FLAGS, NAMESPACE_FLAGS_NEW]) {
    const comparison = { argument: 0, operation: COMPARE_MASKED_EQUAL, a: flag, b: flag };
    rule(context, refused, "clone", [comparison]);
  }
  return context;
}

/** Each as an size_t: a variadic call pushes what it is given. */
const callPrctl = libc.func("int prctl(int option, size_t a, size_t b, size_t c, size_t d)");
const prctl = (option: number, a: number): number => Number(callPrctl(option, a, 0, 0, 0));

/** For a program started by root: what is not in the bounding set it cannot get. */
function dropCapabilities(): void {
  for (let capability = 0; capability < 64; capability += 1) {
    if (capability !== CAP_SETPCAP) prctl(CAPBSET_DROP, capability);
  }
  prctl(CAPBSET_DROP, CAP_SETPCAP);
}

const [file = "", program = "", ...words] = process.argv.slice(2);
const confinement = JSON.parse(readFileSync(file, "utf8")) as Confinement;
const environment = { ...process.env, ...confinement.environment };
const execve = libc.func("int execve(const char *path, const char **argv, const char **envp)");
// Node marks its standard streams to be closed when it becomes another program.
const fcntl = libc.func("int fcntl(int descriptor, int command, int flags)");
const SET_DESCRIPTOR_FLAGS = 2;
for (const stream of [0, 1, 2]) fcntl(stream, SET_DESCRIPTOR_FLAGS, 0);
confine(confinement);
const pairs = Object.entries(environment).map(([name, value]) => `${name}=${value ?? ""}`);
execve(program, [program, ...words, null], [...pairs, null]);
throw new Error(`${program} could not be started: error ${koffi.errno()}`);
