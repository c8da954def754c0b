/** Issuer keys that a scenario brings along instead of having them made. */
import { createPrivateKey, createPublicKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import {
  ISSUERS_KIND,
  parseIssuerKey,
  keyIdOf,
  type IssuerKey,
  type IssuerKeyFile,
} from "../../src/credential/formats/health-pass/issuer-key.ts";
import type { IssuerFields } from "./people-schema.ts";
import { momentMs } from "./values.ts";

/** Reads the key of an issuer. Throws with a clear message when it is none. */
export async function givenKey(
  name: string,
  fields: IssuerFields,
  startMs: number,
  folder: string,
): Promise<IssuerKey> {
  const text = await keyText(fields.key ?? {}, folder);
  if (text.trimStart().startsWith("{")) return fromFile(text);
  const privateKey = createPrivateKey(text);
  const type = privateKey.asymmetricKeyType;
  if (type !== "ed25519" && type !== "ec") {
    throw new Error(`an issuer signs with Ed25519 or P-256, not with a key of type ${type}`);
  }
  const publicKey = createPublicKey(privateKey);
  return {
    keyId: keyIdOf(publicKey),
    algorithm: type === "ed25519" ? "EdDSA" : "ES256",
    issuer: name,
    notBeforeMs: momentMs(fields.notBefore, startMs),
    notAfterMs: momentMs(fields.notAfter, startMs),
    privateKey,
    publicKey,
  };
}

async function keyText(
  key: { file?: string | undefined; pem?: string | undefined },
  folder: string,
): Promise<string> {
  if (key.pem !== undefined) return key.pem;
  if (key.file !== undefined) return readFile(resolve(folder, key.file), "utf8");
  throw new Error("give a file or a pem");
}

function fromFile(text: string): IssuerKey {
  const file = JSON.parse(text) as Partial<IssuerKeyFile>;
  const [jwk] = file.kind === ISSUERS_KIND ? (file.keys ?? []) : [];
  if (jwk?.d === undefined) throw new Error("is no file with an issuer's private key");
  return parseIssuerKey(jwk);
}
