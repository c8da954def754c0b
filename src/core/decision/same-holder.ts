/** Whether two credentials are of one person. */
import type { Credential } from "../evidence/evidence.ts";

/** Both name the same holder. Credentials without a holder never match. */
export function sameHolder(a: Credential, b: Credential): boolean {
  return a.holder !== undefined && a.holder.pseudonym === b.holder?.pseudonym;
}
