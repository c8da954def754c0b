/** Every format of credentials there is. A new one is a folder here and an entry of this list. */
import type { CredentialKind } from "../../core/evidence/evidence.ts";
import type { CredentialFormat } from "../format.ts";
import { euDcc } from "./eu-dcc/eu-dcc.ts";
import { healthPass } from "./health-pass/health-pass.ts";
import { mdoc } from "./mdoc/mdoc.ts";
import { nzCovidPass } from "./nz-covid-pass/nz-covid-pass.ts";
import { opaqueToken } from "./opaque-token/opaque-token.ts";
import { residentId } from "./resident-id/resident-id.ts";
import { smartHealthCard } from "./smart-health-card/smart-health-card.ts";
import { vdsNc } from "./vds-nc/vds-nc.ts";

const LIST = [
  healthPass,
  opaqueToken,
  residentId,
  euDcc,
  smartHealthCard,
  nzCovidPass,
  vdsNc,
  mdoc,
] as const;

type Listed = (typeof LIST)[number];

/** Kinds that records and policies can name and that no format has: the list is wrong unless there are none. */
type Orphans = Exclude<CredentialKind, Listed["kinds"][number] | "unknown">;

/** The formats. No text is of two of them, so their order decides nothing. */
export const FORMATS: [Orphans] extends [never] ? readonly CredentialFormat[] : Orphans = LIST;

type Signed = Extract<Listed, { signed: object }>["signed"];

/** What a trusted key may be for. */
export type TrustUse = Extract<Signed, { trustUse: string }>["trustUse"];

/** Whose numbers a revocation list may have. */
export type RevocationNamespace = Signed["revocation"][number]["namespace"];
