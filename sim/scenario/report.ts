/** The lines a scenario run prints: one JSON object a visit, and one of totals. */
import type { Evidence } from "../../src/core/evidence/evidence.ts";
import type { VisitTimings } from "../../src/gateway/visit-timings.ts";
import type { CpuTimings } from "./stopwatch.ts";
import type { Chronicle, Coming, TracedVisit } from "./visits.ts";

/** A line for a visit. Times are ms since the run began, ages ms at the decision. */
export interface VisitLine {
  type: "visit";
  visitor: string;
  /** 1 for the first visit the unit made of this coming; 0 when it made none. */
  visit: number;
  outcome: "granted" | "denied" | "referred" | "none";
  reasons: string[];
  credential: string | null;
  decisions: { outcome: string; reasons: string[]; atMs: number; by?: string }[];
  rules: object[];
  evidence: object[];
  temperatureC: number | null;
  gate: { opened: boolean; openedAtMs: number | null; lockedAtMs: number | null };
  ending: string | null;
  walkedThrough: boolean;
  arrivedAtMs: number;
  shownAtMs: number | null;
  decidedAtMs: number | null;
  leftAtMs: number | null;
  /** Virtual milliseconds between the stages of this visit; null for a stage it did not reach. */
  stagesMs: Record<StageName, number | null>;
  delivered: boolean;
  alarms: string[];
  expect?: { held: boolean; failures: string[] };
  /** Only with `--timings`: processor milliseconds, which differ from run to run. */
  timingsMs?: CpuTimings;
}

type StageName =
  | "shownToReadable"
  | "readableToDecoded"
  | "decodedToVerified"
  | "verifiedToDecided"
  | "decidedToRecorded"
  | "recordedToGate"
  | "shownToGate";

/** What is known of a run beside its trace. */
export interface RunFacts {
  /** Sequence numbers the broker has. */
  delivered: ReadonlySet<number>;
  timings: ReadonlyMap<string, VisitTimings>;
  cpu: ReadonlyMap<string, CpuTimings>;
}

/** Lines for one coming: one for each visit, or a single one without an outcome. */
export function linesOf(coming: Coming, known: RunFacts): VisitLine[] {
  if (coming.visits.length === 0) return [lineOf(coming, undefined, 0, known)];
  return coming.visits.map((visit, index) => lineOf(coming, visit, index + 1, known));
}

function lineOf(
  coming: Coming,
  visit: TracedVisit | undefined,
  number: number,
  { delivered, timings, cpu }: RunFacts,
): VisitLine {
  const last = visit?.decisions.at(-1);
  // Staff decide over the same evidence; what the rules said stays worth reading.
  const ruled = visit?.decisions.findLast((each) => each.by === undefined) ?? last;
  const marks = visit === undefined ? undefined : timings.get(visit.visitRef);
  const spent = visit === undefined ? undefined : cpu.get(visit.visitRef);
  const seqs = visit?.seqs ?? [];
  return {
    type: "visit",
    visitor: coming.visitor,
    visit: number,
    outcome: last?.decision.outcome ?? "none",
    reasons: codes(last?.decision.reasons),
    credential: ruled?.credentialKind ?? null,
    decisions: (visit?.decisions ?? []).map(({ decision, at, by }) => ({
      outcome: decision.outcome,
      reasons: codes(decision.reasons),
      atMs: round(at.monotonicMs),
      ...(by === undefined ? {} : { by }),
    })),
    rules: [...(ruled?.decision.rules ?? [])],
    evidence: (ruled?.evidence ?? []).map((piece) => told(piece, ruled?.at ?? piece.observedAt)),
    temperatureC: ruled?.evidence.find((piece) => piece.kind === "temperature")?.estimateC ?? null,
    gate: {
      opened: visit?.gateUpAtMs !== undefined,
      openedAtMs: rounded(visit?.gateUpAtMs),
      lockedAtMs: rounded(visit?.gateDownAtMs),
    },
    ending: visit?.ending ?? null,
    walkedThrough: coming.walkedThrough,
    arrivedAtMs: round(coming.arrivedAtMs),
    shownAtMs: rounded(coming.shownAtMs),
    decidedAtMs: rounded(ruled?.at.monotonicMs),
    leftAtMs: rounded(coming.leftAtMs),
    stagesMs: stagesOf(coming, visit, marks),
    delivered: seqs.length > 0 && seqs.every((seq) => delivered.has(seq)),
    alarms: [...new Set(coming.alarms)].sort(),
    ...(spent === undefined ? {} : { timingsMs: spent }),
  };
}

const codes = (reasons: readonly { code: string }[] = []): string[] =>
  reasons.map((reason) => reason.code);

/** Tenths of a microsecond are noise of adding binary fractions. */
const round = (ms: number): number => Math.round(ms * 1_000) / 1_000;
const rounded = (ms: number | undefined): number | null => (ms === undefined ? null : round(ms));

function stagesOf(
  coming: Coming,
  visit: TracedVisit | undefined,
  marks: VisitTimings | undefined,
): VisitLine["stagesMs"] {
  const between = (from: number | undefined, to: number | undefined): number | null =>
    from === undefined || to === undefined ? null : round(to - from);
  const decided = marks?.decidedAtMs;
  return {
    shownToReadable: between(coming.shownAtMs, marks?.readyAtMs),
    readableToDecoded: between(marks?.readyAtMs, marks?.decodedAtMs),
    decodedToVerified: between(marks?.decodedAtMs, marks?.verifiedAtMs),
    verifiedToDecided: between(marks?.verifiedAtMs, decided),
    decidedToRecorded: between(decided, visit?.committedAtMs),
    recordedToGate: between(visit?.committedAtMs, visit?.gateUpAtMs),
    shownToGate: between(coming.shownAtMs, visit?.gateUpAtMs),
  };
}

/** A piece of evidence with its age at the decision; nothing in it names a person. */
function told(
  piece: Evidence,
  at: { wallMs: number; monotonicMs: number },
): Record<string, unknown> {
  const { observedAt, source, ...said } = piece;
  const ageMs = (sinceMs: number): number => round(at.wallMs - sinceMs);
  const line: Record<string, unknown> = {
    ...said,
    source: source.name,
    observedAgeMs: round(at.monotonicMs - observedAt.monotonicMs),
  };
  if (source.asOfMs !== undefined) line["sourceAgeMs"] = ageMs(source.asOfMs);
  if ("sampledAtMs" in piece) line["ageMs"] = ageMs(piece.sampledAtMs);
  else if (piece.kind === "vaccination") line["ageMs"] = ageMs(piece.lastDoseAtMs);
  else if (piece.kind === "recovery") line["ageMs"] = ageMs(piece.firstPositiveAtMs);
  else line["ageMs"] = line["sourceAgeMs"] ?? line["observedAgeMs"];
  return line;
}

/** The last line. */
export interface TotalsLine {
  type: "totals";
  scenario: string;
  seed: number;
  visitors: number;
  granted: number;
  denied: number;
  referred: number;
  none: number;
  taken: number;
  releases: number;
  recordsStored: number;
  recordsAtBroker: number;
  duplicatesAtBroker: number;
  outboxPending: number;
  alarmsRaised: string[];
  alarmsStanding: string[];
  lastedMs: number;
  checks: { held: boolean; failures: string[] };
  expect: { held: number; failed: number; failures: string[] };
  ok: boolean;
}

/** Counts of a whole run; each coming counts once, by its last outcome. */
export function countsOf(
  chronicle: Chronicle,
  lines: readonly VisitLine[],
): Pick<
  TotalsLine,
  | "visitors"
  | "granted"
  | "denied"
  | "referred"
  | "none"
  | "taken"
  | "releases"
  | "recordsStored"
  | "recordsAtBroker"
  | "duplicatesAtBroker"
  | "alarmsRaised"
  | "alarmsStanding"
> {
  const outcomes = chronicle.comings.map(
    (coming) => coming.visits.at(-1)?.decisions.at(-1)?.decision.outcome ?? "none",
  );
  const count = (outcome: string): number => outcomes.filter((each) => each === outcome).length;
  const distinct = new Set(chronicle.arrivedSeqs).size;
  return {
    visitors: chronicle.comings.length,
    granted: count("granted"),
    denied: count("denied"),
    referred: count("referred"),
    none: count("none"),
    taken: lines.filter((line) => line.ending === "taken").length,
    releases: chronicle.releases,
    recordsStored: chronicle.storedSeqs.length,
    recordsAtBroker: distinct,
    duplicatesAtBroker: chronicle.arrivedSeqs.length - distinct,
    alarmsRaised: [...new Set(chronicle.alarmsRaised)].sort(),
    alarmsStanding: [...new Set(chronicle.alarmsStanding)].sort(),
  };
}
