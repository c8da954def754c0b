/** The policy as a data set: one YAML file, which replaces the unit's own. */
import { readPolicySet } from "../../config/policy.ts";
import type { Policy } from "../../core/policy/policy.ts";
import { MIB, oldestOf, readSource, SourceError, type InMemoryFormat } from "../format.ts";

export const policyFormat: InMemoryFormat<Policy> = {
  kind: "policy",
  limits: { bytes: MIB / 4, files: 1 },
  takesFolders: false,
  isReadInPieces: false,
  read: (bytes) => [readPolicySet(bytes)],
  compose(sources, { nowMs }) {
    const policies = sources.map(({ name, bytes }) => readSource(name, () => readPolicySet(bytes)));
    const [policy] = policies;
    if (policy === undefined) throw new SourceError("policy", new Error("name a file"));
    const dates = sources.map(({ modifiedMs }) => modifiedMs);
    const asOfMs = policy.issuedAtMs > 0 ? policy.issuedAtMs : oldestOf(dates, nowMs);
    const files = sources.map(({ bytes }) => bytes);
    return { files, asOfMs, what: `policy "${policy.id}" ${policy.version}` };
  },
};
