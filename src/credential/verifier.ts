/** The verifier of a unit: told by its look which format a text is, verified by that format's file. */
import type { DirectoryLookup } from "../core/evidence/directory.ts";
import type { Credential } from "../core/evidence/evidence.ts";
import type { Instant } from "../core/time.ts";
import type { RuleStore } from "./formats/eu-dcc/business-rules.ts";
import { CardPartCollector } from "./formats/smart-health-card/multi-part.ts";
import { classify } from "./classify.ts";
import { verifyEuDcc } from "./formats/eu-dcc/eu-dcc.ts";
import { verifyHealthPass } from "./formats/health-pass/health-pass.ts";
import { presentationReferenceOf } from "./pseudonym.ts";
import { verifyNzCovidPass } from "./formats/nz-covid-pass/nz-covid-pass.ts";
import { verifyToken } from "./formats/opaque-token/opaque-token.ts";
import {
  malformed,
  reason,
  invalid,
  type Verification,
  type VerificationContext,
} from "./verification.ts";
import { verifyResidentCard, type ResidentCard } from "./formats/resident-id/resident-card.ts";
import type { TokenResolver } from "./directory/resolver.ts";
import { RevocationStore } from "./trust/revocation.ts";
import {
  decodeCardText,
  verifySmartHealthCard,
} from "./formats/smart-health-card/smart-health-card.ts";
import type { TrustStore } from "./trust/trust.ts";
import { verifyVdsNc } from "./formats/vds-nc/vds-nc.ts";

export { maskName, pseudonymOf, tokenReferenceOf } from "./pseudonym.ts";

/** The largest QR code holds 7,089 characters; nothing longer was shown to a camera. */
const MAX_TEXT_LENGTH = 16_384;

/** What a verifier rests on. */
export interface CredentialVerifierOptions {
  trust: TrustStore;
  /** Lists of what was called back; without it nothing is. */
  revocation?: RevocationStore;
  /** Who is known here; without it cards and tokens are refused as `directory-unreachable`. */
  directory?: DirectoryLookup;
  /** Asked for tokens the directory does not know. */
  resolver?: TokenResolver;
  /** Business rules for EU certificates; without a book in it none are evaluated. */
  rules?: RuleStore;
  /** The district's key for pseudonyms and token references. */
  districtKey: Uint8Array;
  /** The unit's own key for the reference of a showing. */
  unitKey: Uint8Array;
  /** When the directory was last brought up to date (epoch ms), for the unit's health. */
  directoryAsOf?: () => number | undefined;
}

/** Verifies codes and cards; never rejects. */
export interface UnitCredentialVerifier {
  code(bytes: Uint8Array, text: string, at: Instant): Promise<Credential>;
  card(content: ResidentCard, at: Instant): Promise<Credential>;
  freshness(): { trustListAsOfMs?: number; directoryAsOfMs?: number };
}

/** Makes the verifier of a unit. */
export function createCredentialVerifier(
  options: CredentialVerifierOptions,
): UnitCredentialVerifier {
  const { trust, directory, districtKey, unitKey, revocation = new RevocationStore() } = options;

  const parts = new CardPartCollector();

  const verifyText = async (shownText: string, at: Instant): Promise<Verification> => {
    const context: VerificationContext = { at, trust, revocation, districtKey };
    const rules = options.rules?.current();
    if (rules !== undefined) context.rules = rules;
    if (shownText.length > MAX_TEXT_LENGTH) return invalid("unknown", reason("not-a-health-code"));
    // White space and a byte order mark around a code were put there by whoever printed or copied it.
    const text = shownText.trim();
    const shown = classify(text);
    switch (shown.format) {
      case "health-pass":
        return verifyHealthPass(shownText.trimStart(), context);
      case "eu-dcc":
        return verifyEuDcc(shownText.trimStart(), context);
      case "smart-health-card":
        // A health card's own makers count anything behind its digits as a fault (health-cards-dev-tools).
        return verifyCardText(shownText.trimStart(), parts, context);
      case "jws":
        return verifySmartHealthCard(text, context);
      case "nz-covid-pass":
        return verifyNzCovidPass(text, context);
      case "vds-nc":
        return verifyVdsNc(shown.json, context);
      case "mdoc":
        // A mobile document answers over its own radio link; from its code alone nothing can be checked.
        return invalid("mdoc", reason("not-accepted-here"));
      case "wrong-prefix":
        return malformed(shown.kind, "prefix");
      case "opaque-token":
        return verifyToken(shown.token, at, { directory, districtKey, resolver: options.resolver });
      case "unknown":
        return invalid("unknown", reason("not-a-health-code"));
    }
  };

  return {
    async code(bytes, text, at) {
      const { identity, ...verified } = await guarded(() => verifyText(text, at));
      const shown = identity === undefined ? bytes : `${verified.kind} ${identity}`;
      return { ...verified, reference: presentationReferenceOf(unitKey, shown) };
    },
    async card(content, at) {
      const verified = await guarded(() => verifyResidentCard(content, at, districtKey, directory));
      return { ...verified, reference: presentationReferenceOf(unitKey, `card ${content.number}`) };
    },
    freshness() {
      const trustListAsOfMs = trust.asOfMs();
      const directoryAsOfMs = options.directoryAsOf?.();
      return {
        ...(trustListAsOfMs === undefined ? {} : { trustListAsOfMs }),
        ...(directoryAsOfMs === undefined ? {} : { directoryAsOfMs }),
      };
    },
  };
}

function verifyCardText(
  text: string,
  parts: CardPartCollector,
  context: VerificationContext,
): Verification {
  const kind = "smart-health-card";
  const card = decodeCardText(text);
  if (card === undefined) return malformed(kind, "characters");
  if (!("part" in card)) return verifySmartHealthCard(card.jws, context);
  const collected = parts.add(card.part, card.of, card.jws, context.at.monotonicMs);
  if (collected.complete) return verifySmartHealthCard(collected.jws, context);
  return invalid(kind, reason("parts-missing", { have: collected.have, of: card.of }));
}

// A fault in verification must end as a refusal at the door, not as a door without an answer.
async function guarded(verify: () => Promise<Verification>): Promise<Verification> {
  try {
    return await verify();
  } catch (error) {
    const detail = error instanceof Error ? error.name : "unknown";
    return invalid("unknown", reason("malformed", { layer: "claims", detail }));
  }
}
