import { describe, expect, it } from "vitest";
import { checkReleases } from "../../../sim/checks/releases.ts";
import type { TraceEntry } from "../../../sim/kernel/trace.ts";
import type { RecordBody } from "../../../src/core/record.ts";
import { instant, LIMITS, arrives, draft, decided, asks } from "../../support/traces.ts";

describe("the checks of what the records claim", () => {
  const authority = { by: "li", why: "known" };
  const granted = decided(2_000, 1, { holder: "a" });
  const later = { at: 9_000, what: "world", change: "light", value: 1 } as const;
  const release: RecordBody = {
    type: "gate-released",
    cause: "operator",
    authority,
    releaseRef: "release-1",
  };
  const stored = (body: RecordBody): TraceEntry[] => {
    const record = draft(2_000, "key-r", body);
    const event = {
      kind: "presence-changed",
      present: true,
      at: instant(2_000),
      ref: "e",
    } as const;
    return [
      { at: 2_000, what: "turn", event, effects: [{ kind: "commit-record", record }] },
      { at: 2_000, what: "record-stored", seq: 1, draft: record },
    ];
  };
  const corrected: TraceEntry = {
    at: 2_600,
    what: "turn",
    event: { kind: "presence-changed", present: true, at: instant(2_600), ref: "e" },
    effects: [
      {
        kind: "commit-record",
        record: draft(2_600, "key-c", {
          type: "gate-not-released",
          cause: "operator",
          why: "gate-failed",
          releaseRef: "release-1",
        }),
      },
    ],
  };
  const opening = [LIMITS, { ...asks(1_900, ""), did: "opened" } as const, ...stored(release)];

  it.each<[string, TraceEntry[], RegExp]>([
    ["a grant that opened nothing", [LIMITS, arrives(1_000, "a"), ...granted, later], /it did not/],
    ["a release that was not made", [...opening, later], /it did not/],
  ])("find %s", (_what, entries, problem) => {
    expect(checkReleases(entries)).toEqual([expect.stringMatching(problem)]);
  });

  it.each<[string, TraceEntry[]]>([
    ["that was corrected", [...opening, corrected, later]],
    ["that the power took", [...opening, { at: 2_100, what: "unit", did: "lost-power" }, later]],
  ])("excuse a release %s", (_what, entries) => {
    expect(checkReleases(entries)).toEqual([]);
  });
});
