/** What a visible digital seal states, in the core's terms. */
import {
  COVID_19,
  UNKNOWN_DISEASE,
  diseaseOfIcd,
  type Disease,
} from "../../../core/evidence/disease.ts";
import type { Evidence, TestResult } from "../../../core/evidence/evidence.ts";
import { timeOf } from "../../../base/dates.ts";
import { doseEvents, timeSpanOf } from "../../clinical/dose-events.ts";
import { commonDisease, diseaseOfIcdVaccine } from "../../clinical/value-sets.ts";
import type { Seal, SealedTest, SealedVaccination } from "./vds-nc-schema.ts";

type Common = Pick<Evidence, "trust" | "source" | "observedAt">;

/** The doses or the test in a seal. @param common the frame of each statement */
export function evidenceOfSeal({ content }: Seal, common: Common): Evidence[] {
  return "test" in content ? test(content.test, common) : vaccination(content.vaccination, common);
}

/**
 * The highest dose number that is believed: published certificates go up to 12
 * (dcc-quality-assurance), and what lies far beyond is a slip of the pen.
 */
const HIGHEST_DOSE_NUMBER = 12;

function vaccination({ ve }: SealedVaccination, common: Common): Evidence[] {
  const doses = ve.flatMap((each) =>
    each.vd.flatMap(({ dvc, seq }) => {
      const span = timeSpanOf(dvc);
      return span === undefined ? [] : [{ disease: diseaseOf(each), nam: each.nam, seq, ...span }];
    }),
  );
  const diseases = [...new Set(doses.map(({ disease }) => disease))];
  return diseases.flatMap((disease, index): Evidence[] => {
    const events = doseEvents(doses.filter((dose) => dose.disease === disease));
    const last = events.at(-1);
    if (last === undefined) return [];
    // `seq` is the number of the dose (VDS-NC, table of proof of vaccination): the third dose comes
    // after two others, also where they stand in another seal. It is no count of what stands here.
    const numbers = events
      .map((event) => Math.min(...event.map(({ seq }) => seq)))
      .filter((seq) => seq <= HIGHEST_DOSE_NUMBER);
    const [{ fromMs, nam }] = last;
    return [
      {
        id: `vaccination-${index + 1}`,
        kind: "vaccination",
        disease,
        doses: Math.max(events.length, ...numbers),
        lastDoseAtMs: fromMs,
        ...(nam === "" ? {} : { product: nam }),
        ...common,
      },
    ];
  });
}

/** The disease that the seal names, together with what its vaccine is against. */
function diseaseOf({ des, dis }: { des: string; dis?: unknown }): Disease {
  const said = typeof dis === "string" ? diseaseOfIcd(dis) : UNKNOWN_DISEASE;
  return commonDisease([said, diseaseOfIcdVaccine(des)]);
}

const RESULTS: ReadonlyMap<string, TestResult> = new Map([
  ["negative", "negative"],
  ["normal", "negative"],
  ["positive", "positive"],
  ["abnormal", "positive"],
]);

function test({ dat, tr }: SealedTest, common: Common): Evidence[] {
  const type = tr.tc.trim().toLowerCase();
  // An immune answer is no infection, and none is no absence of one.
  if (type.startsWith("antibod")) return [];
  const result = RESULTS.get(tr.r.trim().toLowerCase()) ?? "unknown";
  const span = timeSpanOf(dat.sc);
  const reportedAtMs = timeOf(dat.ri ?? "");
  const tested = {
    // A proof of testing is one of COVID-19 (VDS-NC, proof of testing); it has no field to say so.
    disease: COVID_19,
    result: span !== undefined || result === "positive" ? result : ("unknown" as const),
    sampledAtMs: span?.fromMs ?? common.observedAt.wallMs,
    // Of a day the sample may have been taken until its end.
    ...(span === undefined || span.untilMs === span.fromMs ? {} : { sampledUntilMs: span.untilMs }),
  };
  if (type === "antigen") return [{ id: "antigen-1", kind: "antigen-test", ...tested, ...common }];
  if (!type.startsWith("molecular")) {
    const named = type === "" ? {} : { test: tr.tc.trim() };
    return [{ id: "test-1", kind: "other-test", ...tested, ...named, ...common }];
  }
  return [
    {
      id: "nat-1",
      kind: "nucleic-acid-test",
      ...tested,
      ...(Number.isNaN(reportedAtMs) ? {} : { reportedAtMs }),
      ...common,
    },
  ];
}
