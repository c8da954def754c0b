/** The verifier of a unit: told by its look which format a text is, verified by that format's file. */
import type { DirectoryLookup } from "../core/directory.ts";
import type { Credential } from "../core/evidence.ts";
import type { Instant } from "../core/time.ts";
import { lookUp } from "./directory-lookup.ts";
import { HEALTH_PASS_PREFIX, verifyHealthPass } from "./health-pass.ts";
import { showingReferenceOf, tokenReferenceOf } from "./identity.ts";
import { tokenIn } from "./opaque-token.ts";
import { reason, refused, type Verified, type VerifyContext } from "./outcome.ts";
import { verifyCard, type CardFacts } from "./resident-card.ts";
import { RevocationStore } from "./revocation.ts";
import type { TrustStore } from "./trust.ts";

export { maskName, pseudonymOf, tokenReferenceOf } from "./identity.ts";

/** The largest QR code holds 7,089 characters; nothing longer was shown to a camera. */
const MAX_TEXT_LENGTH = 16_384;

/** What a verifier rests on. */
export interface CredentialVerifierOptions {
  trust: TrustStore;
  /** Lists of what was called back; without it nothing is. */
  revocation?: RevocationStore;
  /** Who is known here; without it cards and tokens are refused as `directory-unreachable`. */
  directory?: DirectoryLookup;
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
  card(content: CardFacts, at: Instant): Promise<Credential>;
  freshness(): { trustListAsOfMs?: number; directoryAsOfMs?: number };
}

/** Makes the verifier of a unit. */
export function createCredentialVerifier(
  options: CredentialVerifierOptions,
): UnitCredentialVerifier {
  const { trust, directory, districtKey, unitKey, revocation = new RevocationStore() } = options;

  const verifyText = async (text: string, at: Instant): Promise<Verified> => {
    const context: VerifyContext = { at, trust, revocation, districtKey };
    if (text.length > MAX_TEXT_LENGTH) return notAHealthCode();
    if (text.startsWith(HEALTH_PASS_PREFIX)) return verifyHealthPass(text, context);
    const token = tokenIn(text);
    if (token === undefined) return notAHealthCode();
    const key = { tokenReference: tokenReferenceOf(districtKey, token) };
    return lookUp("opaque-token", key, at, directory);
  };

  return {
    async code(bytes, text, at) {
      return {
        ...(await guarded(() => verifyText(text, at))),
        reference: showingReferenceOf(unitKey, bytes),
      };
    },
    async card(content, at) {
      return {
        ...(await guarded(() => verifyCard(content, at, districtKey, directory))),
        reference: showingReferenceOf(unitKey, Buffer.from(content.number, "utf8")),
      };
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

function notAHealthCode(): Verified {
  return refused("unknown", reason("not-a-health-code"));
}

// A fault in verification must end as a refusal at the door, not as a door without an answer.
async function guarded(verify: () => Promise<Verified>): Promise<Verified> {
  try {
    return await verify();
  } catch (error) {
    const detail = error instanceof Error ? error.name : "unknown";
    return refused("unknown", reason("malformed", { layer: "claims", detail }));
  }
}
