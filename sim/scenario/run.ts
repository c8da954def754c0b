/** Runs a scenario in virtual time: a day in seconds, the same seed to the same byte. */
import type { VisitTimings } from "../../src/gateway/visit-timings.ts";
import { checkTrace } from "../checks/checks.ts";
import { drive } from "../kernel/drive.ts";
import type { TraceEntry } from "../kernel/trace.ts";
import type { VirtualClock } from "../kernel/virtual-clock.ts";
import { judgeTotals, judgeVisitor } from "./judge.ts";
import type { LoadedScenario } from "./load.ts";
import { countsOf, linesOf, type TotalsLine, type VisitLine } from "./report.ts";
import type { VisitorFields } from "./schema.ts";
import { openSession, type SessionOptions } from "./session.ts";
import type { Stage } from "./stage.ts";
import type { CpuTimings } from "./stopwatch.ts";
import { happen } from "./timeline.ts";
import { durationMs } from "./values.ts";
import { chronicleOf } from "./visits.ts";

export type RunOptions = SessionOptions;

/** Everything a run came to. */
export interface ScenarioResult {
  visits: VisitLine[];
  totals: TotalsLine;
  trace: readonly TraceEntry[];
}

// A unit needs a moment after power-on; nobody is sent to a door that is still booting.
const FIRST_VISITOR_MS = 5_000;
const BETWEEN_VISITORS_MS = 3_000;
const AFTERWARDS_MS = 30_000;
/** Reconnects back off to a minute. */
const LONGEST_DRAIN_MS = 90_000;
const SLICE_MS = 1_000;

/** Runs a scenario to its end. */
export async function runScenario(
  loaded: LoadedScenario,
  options: RunOptions,
): Promise<ScenarioResult> {
  const session = await openSession(loaded, options);
  const { stage, seed, trace, timings, cpu } = session;
  try {
    const pending = await perform(stage);
    const { clock } = stage;
    return resultOf({ loaded, seed, entries: trace.entries, timings, cpu, pending, clock });
  } finally {
    session.close();
  }
}

/** Lets the day pass. Returns how many records had not reached the broker at its end. */
async function perform(stage: Stage): Promise<number> {
  const { loaded, clock, doorway } = stage;
  const { fields } = loaded;
  const course: Course = { left: 0, lastAtMs: 0, failures: [] };
  const failed = (error: unknown): void => {
    course.failures.push(error);
  };
  for (const [index, happening] of fields.timeline.entries()) {
    const atMs = durationMs(happening.at);
    course.lastAtMs = Math.max(course.lastAtMs, atMs + durationMs(happening.for ?? 0));
    clock.after(atMs, () => {
      happen(stage, happening, index).catch(failed);
    });
  }
  await doorway.start();
  let before = Promise.resolve();
  for (const { visitor, id, atMs } of comers(fields.visitors)) {
    const plan = stage.cast.plan(visitor, id);
    course.left += 1;
    const previous = before;
    const come = async (): Promise<void> => {
      if (atMs === undefined) await previous;
      const notBeforeMs =
        atMs ?? Math.max(FIRST_VISITOR_MS, clock.monotonicMs() + BETWEEN_VISITORS_MS);
      await new Promise<void>((resolve) => {
        clock.after(notBeforeMs - clock.monotonicMs(), resolve);
      });
      await doorway.world.send(plan);
    };
    before = come()
      .catch(failed)
      .finally(() => {
        course.left -= 1;
      });
  }
  const untilMs = fields.lasts === undefined ? undefined : durationMs(fields.lasts);
  while (!isOver(clock, course, untilMs)) await clock.run(SLICE_MS);
  if (untilMs === undefined) await windDown(stage);
  const pending = stage.backend.pending();
  await drive(clock, doorway.stop());
  const [failure] = course.failures;
  if (failure !== undefined) throw failure;
  return pending;
}

/** Lets results go off the screen, and waits a little for an outbox that still has somewhere to go. */
async function windDown({ clock, backend }: Stage): Promise<void> {
  await clock.run(AFTERWARDS_MS);
  const untilMs = clock.monotonicMs() + LONGEST_DRAIN_MS;
  while (backend.pending() > 0 && clock.monotonicMs() < untilMs) await clock.run(SLICE_MS);
}

/** How far a run has come. */
interface Course {
  /** Visitors who have not left yet. */
  left: number;
  /** When the last thing of the timeline is over. */
  lastAtMs: number;
  failures: unknown[];
}

function isOver(clock: VirtualClock, course: Course, untilMs: number | undefined): boolean {
  if (course.failures.length > 0) return true;
  if (untilMs !== undefined) return clock.monotonicMs() >= untilMs;
  return course.left === 0 && clock.monotonicMs() >= course.lastAtMs;
}

interface Comer {
  visitor: VisitorFields;
  id: string;
  atMs: number | undefined;
}

/** Every single visitor: repeated ones one by one. */
export function* comers(visitors: readonly VisitorFields[]): Generator<Comer> {
  for (const [index, visitor] of visitors.entries()) {
    const id = visitor.id ?? `visitor-${index + 1}`;
    const atMs = visitor.at === undefined ? undefined : durationMs(visitor.at);
    if (visitor.repeat === undefined) {
      yield { visitor, id, atMs };
      continue;
    }
    const everyMs = durationMs(visitor.repeat.every);
    for (let time = 0; time < visitor.repeat.times; time++) {
      const each = (atMs ?? FIRST_VISITOR_MS) + time * everyMs;
      yield { visitor, id: `${id}-${time + 1}`, atMs: each };
    }
  }
}

function resultOf(run: {
  loaded: LoadedScenario;
  seed: number;
  entries: readonly TraceEntry[];
  timings: ReadonlyMap<string, VisitTimings>;
  cpu: ReadonlyMap<string, CpuTimings>;
  pending: number;
  clock: VirtualClock;
}): ScenarioResult {
  const { fields } = run.loaded;
  const chronicle = chronicleOf(run.entries);
  const delivered = new Set(chronicle.arrivedSeqs);
  const visits: VisitLine[] = [];
  let held = 0;
  const failures: string[] = [];
  for (const coming of chronicle.comings)
    visits.push(...linesOf(coming, { delivered, timings: run.timings, cpu: run.cpu }));
  for (const { visitor, id } of comers(fields.visitors)) {
    if (visitor.expect === undefined) continue;
    const lines = visits.filter((line) => line.visitor === id);
    const problems = judgeVisitor(visitor.expect, lines);
    if (problems.length === 0) held += 1;
    failures.push(...problems.map((problem) => `${id}: ${problem}`));
    const last = lines.at(-1);
    if (last !== undefined) last.expect = { held: problems.length === 0, failures: problems };
  }
  const counted = {
    type: "totals" as const,
    scenario: fields.name,
    seed: run.seed,
    ...countsOf(chronicle, visits),
    outboxPending: run.pending,
    lastedMs: run.clock.monotonicMs(),
  };
  if (fields.expect !== undefined) {
    const problems = judgeTotals(fields.expect, counted);
    if (problems.length === 0) held += 1;
    failures.push(...problems);
  }
  const broken = checkTrace(run.entries);
  const totals: TotalsLine = {
    ...counted,
    checks: { held: broken.length === 0, failures: broken },
    expect: { held, failed: failures.length, failures },
    ok: broken.length === 0 && failures.length === 0,
  };
  return { visits, totals, trace: run.entries };
}
