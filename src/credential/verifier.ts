/** The verifier of a unit: finds the format of what was presented, and has that format verify it. */
import type { DirectoryLookup } from "../core/evidence/directory.ts";
import type { Credential } from "../core/evidence/evidence.ts";
import type { Instant } from "../core/time.ts";
import { optional } from "../base/optional.ts";
import { classify } from "./classify.ts";
import type { TokenResolver } from "./directory/resolver.ts";
import type { CardContent, CredentialFormat, PartCollector } from "./format.ts";
import type { RuleStore } from "./formats/eu-dcc/business-rules.ts";
import { FORMATS } from "./formats/index.ts";
import { presentationReferenceOf } from "./pseudonym.ts";
import { RevocationStore } from "./trust/revocation.ts";
import type { TrustStore } from "./trust/trust.ts";
import {
  invalid,
  malformed,
  reason,
  type Verification,
  type VerificationContext,
} from "./verification.ts";

/** The largest QR code holds 7,089 characters (ISO/IEC 18004); a longer text comes from no camera. */
const MAX_TEXT_LENGTH = 16_384;

/** What a verifier rests on. */
export interface CredentialVerifierOptions {
  trust: TrustStore;
  /** Lists of revoked credentials; without them none is revoked. */
  revocation?: RevocationStore;
  /** Who is known here; without it cards and tokens are refused as `directory-unreachable`. */
  directory?: DirectoryLookup;
  /** Asked for tokens that the directory does not know. */
  resolver?: TokenResolver;
  /** Business rules for EU certificates; without a set in it none are evaluated. */
  rules?: RuleStore;
  /** The district's key for pseudonyms and token references. */
  districtKey: Uint8Array;
  /** The unit's own key for the reference of a presentation. */
  unitKey: Uint8Array;
  /** When the directory was last brought up to date (epoch ms), for the unit's health. */
  directoryAsOf?: () => number | undefined;
}

/** Verifies codes and cards; never rejects. */
export interface UnitCredentialVerifier {
  code(bytes: Uint8Array, text: string, at: Instant): Promise<Credential>;
  card(content: CardContent, at: Instant): Promise<Credential>;
  freshness(): { trustListAsOfMs?: number; directoryAsOfMs?: number };
}

/** Makes the verifier of a unit. */
export function createCredentialVerifier(
  options: CredentialVerifierOptions,
): UnitCredentialVerifier {
  const { trust, unitKey, directoryAsOf } = options;
  const readCode = codeReader();
  const contextAt = contextOf(options);
  return {
    async code(bytes, text, at) {
      const { credentialId, ...verified } = await guarded(() => readCode(text, contextAt(at)));
      const presented = credentialId === undefined ? bytes : `${verified.kind} ${credentialId}`;
      return { ...verified, reference: presentationReferenceOf(unitKey, presented) };
    },
    async card(content, at) {
      const { credentialId: _ofCodes, ...verified } = await guarded(() =>
        readCard(content, contextAt(at)),
      );
      const presented = `card ${content.number}`;
      return { ...verified, reference: presentationReferenceOf(unitKey, presented) };
    },
    freshness: () =>
      optional({ trustListAsOfMs: trust.asOfMs(), directoryAsOfMs: directoryAsOf?.() }),
  };
}

/** What formats verify with; the rules are those of the moment. */
function contextOf(options: CredentialVerifierOptions): (at: Instant) => VerificationContext {
  const { trust, districtKey, directory, resolver, revocation = new RevocationStore() } = options;
  const lasting = { trust, revocation, districtKey, ...optional({ directory, resolver }) };
  return (at) => ({ at, ...lasting, ...optional({ rules: options.rules?.current() }) });
}

/** Reads texts of codes, and remembers the parts of a credential that takes several. */
function codeReader() {
  const collectors = new Map<CredentialFormat, PartCollector>();
  for (const format of FORMATS) {
    const collector = format.code?.createPartCollector?.();
    if (collector !== undefined) collectors.set(format, collector);
  }
  return async (presented: string, context: VerificationContext): Promise<Verification> => {
    const unknown = invalid("unknown", reason("not-a-health-code"));
    if (presented.length > MAX_TEXT_LENGTH) return unknown;
    // White space and a byte order mark around a code come from printing or copying.
    const found = classify(presented.trim());
    if (found === undefined) return unknown;
    const { format, code, recognition } = found;
    if (recognition === "wrong-prefix") return malformed(format.kinds[0], "prefix");
    const text = presented.trimStart();
    const collected = collectors.get(format)?.add(text, context.at.monotonicMs) ?? { text };
    return "missing" in collected ? collected.missing : code.verify(collected.text, context);
  };
}

async function readCard(content: CardContent, context: VerificationContext): Promise<Verification> {
  const reading = FORMATS.find(({ card }) => card?.documents.includes(content.document))?.card;
  return reading?.verify(content, context) ?? invalid("unknown", reason("not-accepted-here"));
}

// An error in verification must end as an invalid credential at the door, not as a door that hangs.
async function guarded(verify: () => Promise<Verification>): Promise<Verification> {
  try {
    return await verify();
  } catch (error) {
    const detail = error instanceof Error ? error.name : "unknown";
    return invalid("unknown", reason("malformed", { layer: "claims", detail }));
  }
}
