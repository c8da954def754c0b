/** Which format a text is, by its look alone; nothing is verified, nothing is opened. */
import { parseJson } from "../base/json.ts";
import { decodeBase45 } from "./codecs/base45.ts";
import { EU_DCC_PREFIX } from "./formats/eu-dcc/eu-dcc.ts";
import { HEALTH_PASS_PREFIX } from "./formats/health-pass/health-pass.ts";
import { NZ_COVID_PASS_PREFIX } from "./formats/nz-covid-pass/nz-covid-pass.ts";
import { tokenIn } from "./formats/opaque-token/opaque-token.ts";
import { SMART_HEALTH_CARD_PREFIX } from "./formats/smart-health-card/smart-health-card.ts";
import { looksLikeSeal } from "./formats/vds-nc/vds-nc.ts";

/** What a text is; `wrong-prefix` is a known format of another version or without its prefix. */
export type Classified =
  | { format: "health-pass" | "eu-dcc" | "smart-health-card" | "jws" | "nz-covid-pass" | "mdoc" }
  | { format: "vds-nc"; json: unknown }
  | { format: "opaque-token"; token: string }
  | {
      format: "wrong-prefix";
      kind: "health-pass-live" | "eu-dcc" | "smart-health-card" | "nz-covid-pass";
    }
  | { format: "unknown" };

/** Tells a text's format. */
export function classify(text: string): Classified {
  if (text.startsWith(HEALTH_PASS_PREFIX)) return { format: "health-pass" };
  if (text.startsWith(EU_DCC_PREFIX)) return { format: "eu-dcc" };
  if (text.startsWith(SMART_HEALTH_CARD_PREFIX)) return { format: "smart-health-card" };
  if (text.startsWith(NZ_COVID_PASS_PREFIX)) return { format: "nz-covid-pass" };
  // ISO/IEC 18013-5 §8.2.2.3 device engagement, and its successors that ask over the network.
  if (/^(mdoc|mdoc-openid4vp|openid4vp):/i.test(text)) return { format: "mdoc" };
  if (/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(text)) return { format: "jws" };
  const wrong = wrongPrefix(text);
  if (wrong !== undefined) return { format: "wrong-prefix", kind: wrong };
  const token = tokenIn(text);
  if (token !== undefined) return { format: "opaque-token", token };
  if (text.startsWith("{")) {
    const json = parseJson(text);
    if (looksLikeSeal(json)) return { format: "vds-nc", json };
  }
  return { format: "unknown" };
}

function wrongPrefix(
  text: string,
): "health-pass-live" | "eu-dcc" | "smart-health-card" | "nz-covid-pass" | undefined {
  if (/^\s*DS\w?:/i.test(text)) return "health-pass-live";
  if (/^\s*HC\w?:/i.test(text) || isBareEuDcc(text)) return "eu-dcc";
  if (/^\s*shc:/i.test(text)) return "smart-health-card";
  if (/^\s*NZCP:/i.test(text)) return "nz-covid-pass";
  return undefined;
}

/** A certificate that lost its prefix still begins with the head of a zlib stream (RFC 1950 §2.2). */
function isBareEuDcc(text: string): boolean {
  if (text.length < 200 || !/^[0-9A-Z $%*+./:-]+$/.test(text)) return false;
  const head = decodeBase45(text.slice(0, 3));
  return head?.[0] === 0x78 && ((head[0] << 8) | (head[1] ?? 0)) % 31 === 0;
}
