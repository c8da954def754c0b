/** As much of vitest as the contract suites use, for a machine where the real one takes minutes to start. */
import { isDeepStrictEqual } from "node:util";

type Body = () => unknown;
type Hook = () => unknown;

interface Scope {
  names: string[];
  before: Hook[];
  after: Hook[];
}

export interface Result {
  suite: string;
  name: string;
  outcome: "passed" | "failed" | "left out";
  ms: number;
  /** Why it failed or was left out. */
  why?: string;
}

const TIMEOUT_MS = 60_000;
const cases: { scope: Scope; name: string; body: Body }[] = [];
let scope: Scope = { names: [], before: [], after: [] };

export function describe(name: string, ...rest: unknown[]): void {
  const outer = scope;
  scope = {
    names: [...outer.names, name],
    before: [...outer.before],
    after: [...outer.after],
  };
  (rest.at(-1) as Body)();
  scope = outer;
}

export const beforeEach = (hook: Hook): void => void scope.before.push(hook);
export const afterEach = (hook: Hook): void => void scope.after.unshift(hook);

export function it(name: string, ...rest: unknown[]): void {
  const body = rest.find((each) => typeof each === "function") as Body;
  cases.push({ scope, name, body });
}

it.each =
  (rows: readonly unknown[]) =>
  (name: string, ...rest: unknown[]): void => {
    const body = rest.find((each) => typeof each === "function") as (
      ...given: unknown[]
    ) => unknown;
    for (const row of rows) {
      const given = Array.isArray(row) ? (row as unknown[]) : [row];
      it(named(name, given), () => body(...given));
    }
  };

export const test = it;

function named(template: string, given: readonly unknown[]): string {
  let next = 0;
  const fields = (typeof given[0] === "object" ? given[0] : {}) as Record<string, unknown>;
  return template
    .replace(/%[si]/g, () => String(given[next++]))
    .replace(/\$(\w+)/g, (_all, key: string) => JSON.stringify(fields[key]));
}

export interface Choice {
  /** By suite and name of a test. */
  wanted(title: string): boolean;
  /** Why a test can say nothing here, or nothing. */
  leftOut(suite: string, name: string): string | undefined;
}

/** Runs what was described and is wanted. */
export async function runAll(choice: Choice, report: (result: Result) => void): Promise<void> {
  for (const { scope: of, name, body } of cases) {
    const suite = of.names.join(": ");
    if (!choice.wanted(`${suite}: ${name}`)) continue;
    const why = choice.leftOut(suite, name);
    if (why !== undefined) {
      report({ suite, name, outcome: "left out", ms: 0, why });
      continue;
    }
    const startedMs = performance.now();
    const failure = await runOne(of, body);
    const ms = Math.round(performance.now() - startedMs);
    report(
      failure === undefined
        ? { suite, name, outcome: "passed", ms }
        : { suite, name, outcome: "failed", ms, why: failure },
    );
  }
}

async function runOne({ before, after }: Scope, body: Body): Promise<string | undefined> {
  let failure: string | undefined;
  const attempt = async (work: Body): Promise<void> => {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`not within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
    });
    try {
      await Promise.race([(async () => work())(), deadline]);
    } catch (error) {
      failure ??= error instanceof Error ? `${error.message}\n${error.stack}` : String(error);
    } finally {
      clearTimeout(timer);
    }
  };
  for (const hook of before) await attempt(hook);
  if (failure === undefined) await attempt(body);
  for (const hook of after) await attempt(hook);
  return failure;
}

interface Rejection {
  toMatchObject(wanted: object): Promise<void>;
  toThrow(wanted?: abstract new (...given: never[]) => Error): Promise<void>;
}

interface Expectation {
  toBe(wanted: unknown): void;
  toEqual(wanted: unknown): void;
  toHaveLength(wanted: number): void;
  toBeGreaterThan(least: number): void;
  toBeGreaterThanOrEqual(least: number): void;
  toBeLessThanOrEqual(most: number): void;
  toBeInstanceOf(wanted: abstract new (...given: never[]) => unknown): void;
  rejects: Rejection;
}

const shown = (value: unknown): string => JSON.stringify(value) ?? String(value);

export function expect(actual: unknown, what = ""): Expectation {
  const hold = (ok: boolean, wanted: string): void => {
    if (!ok) throw new Error(`${what === "" ? "" : `${what}: `}${shown(actual)} ${wanted}`);
  };
  return {
    toBe: (wanted) => hold(Object.is(actual, wanted), `is not ${shown(wanted)}`),
    toEqual: (wanted) => hold(isDeepStrictEqual(actual, wanted), `does not equal ${shown(wanted)}`),
    toHaveLength: (wanted) =>
      hold((actual as { length: number }).length === wanted, `has not the length ${wanted}`),
    toBeGreaterThan: (least) => hold(Number(actual) > least, `is not above ${least}`),
    toBeGreaterThanOrEqual: (least) => hold(Number(actual) >= least, `is below ${least}`),
    toBeLessThanOrEqual: (most) => hold(Number(actual) <= most, `is above ${most}`),
    toBeInstanceOf: (wanted) => hold(actual instanceof wanted, `is no ${wanted.name}`),
    rejects: rejection(actual as Promise<unknown>),
  };
}

function rejection(work: Promise<unknown>): Rejection {
  const reasonOf = async (): Promise<unknown> => {
    let value: unknown;
    try {
      value = await work;
    } catch (error) {
      return error;
    }
    throw new Error(`it did not reject, but gave ${shown(value)}`);
  };
  return {
    async toMatchObject(wanted) {
      const reason = await reasonOf();
      if (!contains(reason, wanted)) {
        throw new Error(`it rejected with ${String(reason)}, which is not ${shown(wanted)}`);
      }
    },
    async toThrow(wanted) {
      const reason = await reasonOf();
      if (wanted !== undefined && !(reason instanceof wanted)) {
        throw new Error(`it rejected with ${String(reason)}, which is no ${wanted.name}`);
      }
    },
  };
}

/** Whether everything in `wanted` is in `actual` too. */
function contains(actual: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return Object.is(actual, wanted);
  if (typeof actual !== "object" || actual === null) return false;
  return Object.entries(wanted).every(([key, value]) =>
    contains((actual as Record<string, unknown>)[key], value),
  );
}
