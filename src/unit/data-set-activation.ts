/** How a unit activates each kind of data set: most are held in memory, the directory lives in the store. */
import { setImmediate as pauseForOthers } from "node:timers/promises";
import { errorText } from "../base/errors.ts";
import type { DataSetKind } from "../core/data-set.ts";
import type { Policy } from "../core/policy/policy.ts";
import type { RuleStore } from "../credential/formats/eu-dcc/business-rules.ts";
import type { RevocationStore } from "../credential/trust/revocation.ts";
import type { TrustStore } from "../credential/trust/trust.ts";
import type { InMemoryFormat } from "../data-sets/format.ts";
import { policyFormat } from "../data-sets/policy/format.ts";
import { revocationFormat } from "../data-sets/revocation/format.ts";
import { rulesFormat } from "../data-sets/rules/format.ts";
import { trustFormat } from "../data-sets/trust/format.ts";
import { readWhole } from "../distribution/data-set-cache.ts";
import { DataSetError, type DataSetInstaller } from "../distribution/data-set.ts";
import type { DirectoryStore } from "../store/directory.ts";
import { DirectoryInstaller } from "./directory-installer.ts";

/** Where data sets go. */
export interface DataSetTargets {
  trust: TrustStore;
  revocation: RevocationStore;
  rules: RuleStore;
  directory: DirectoryStore;
  /** A policy was activated. */
  onPolicy: (policy: Policy) => void;
}

/** The list of what a unit does with each kind. */
export function dataSetInstallers(
  targets: DataSetTargets,
): Readonly<Record<DataSetKind, DataSetInstaller>> {
  const { trust, revocation, rules, directory, onPolicy } = targets;
  return {
    policy: inMemory(policyFormat, (policies) => policies.forEach(onPolicy)),
    trust: inMemory(trustFormat, (sets) => trust.replaceAll(numbered(sets))),
    revocation: inMemory(revocationFormat, (lists) => revocation.replaceAll(numbered(lists))),
    rules: inMemory(rulesFormat, (sets) => sets.forEach((set) => rules.replace(set))),
    directory: new DirectoryInstaller(directory),
  };
}

/** Reads all files of a set into memory; activating it replaces what was there. */
function inMemory<Content>(
  format: InMemoryFormat<Content>,
  activate: (content: readonly Content[]) => void,
): DataSetInstaller {
  return {
    limits: format.limits,
    async prepare(files, { asOfMs }) {
      const content: Content[] = [];
      for (const [index, file] of files.entries()) {
        const bytes = await readWhole(file);
        try {
          for (const piece of format.read(bytes, asOfMs)) {
            content.push(piece);
            if (format.isReadInPieces) await pauseForOthers();
          }
        } catch (error) {
          const where = files.length === 1 ? "" : `file ${index + 1}: `;
          const detail = `${where}${errorText(error)}`.slice(0, 300);
          throw new DataSetError("content-invalid", detail, { cause: error });
        }
      }
      return { activate: () => activate(content) };
    },
  };
}

/** A file of a data set has no name; its place in the set tells it apart. */
function numbered<T>(items: readonly T[]): [string, T][] {
  return items.map((item, index) => [`district/${index + 1}`, item]);
}
