/** The list of the kinds of data sets there are, each from its own folder. */
import type { DataSetKind } from "../core/data-set.ts";
import { directoryFormat } from "./directory/format.ts";
import type { DataSetFormat } from "./format.ts";
import { policyFormat } from "./policy/format.ts";
import { revocationFormat } from "./revocation/format.ts";
import { rulesFormat } from "./rules/format.ts";
import { trustFormat } from "./trust/format.ts";

export const DATA_SET_FORMATS: Readonly<Record<DataSetKind, DataSetFormat>> = {
  policy: policyFormat,
  directory: directoryFormat,
  trust: trustFormat,
  revocation: revocationFormat,
  rules: rulesFormat,
};
