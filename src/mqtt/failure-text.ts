/** Why a broker or the network ended or refused a connection, in words for logs: short, and without secrets. */
import { ReasonCodes } from "mqtt";
import { errorText } from "../base/errors.ts";

/** What of a CONNACK or DISCONNECT says why (MQTT 5 §3.2.2.2, §3.14.2). */
export interface Reasoned {
  reasonCode?: number | undefined;
  properties?: { reasonString?: string; serverReference?: string } | undefined;
}

/** Longest text that is taken over from a broker. */
const LONGEST_REMARK = 200;
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/** e.g. `Session taken over (0x8e): another client uses this name`. */
export function reasonText({ reasonCode = 0, properties = {} }: Reasoned): string {
  const known = (ReasonCodes as Readonly<Record<number, string | undefined>>)[reasonCode];
  const code = `0x${reasonCode.toString(16).padStart(2, "0")}`;
  const { reasonString, serverReference } = properties;
  return [
    known === undefined || known === "" ? `reason ${code}` : `${known} (${code})`,
    ...(reasonString === undefined ? [] : [`: ${logSafe(reasonString)}`]),
    ...(serverReference === undefined ? [] : [`; it names the server ${logSafe(serverReference)}`]),
  ].join("");
}

/** What the network or TLS said. @param tls whether the connection spoke TLS, or began to */
export function failureText(error: Error, tls: boolean): string {
  const { code, reason } = error as { code?: unknown; reason?: unknown };
  const inner = error instanceof AggregateError ? error.errors : [];
  const texts = inner.map(errorText);
  const name = typeof code === "string" ? code : "";
  const said = error.message === "" ? texts.join(", ") || name : error.message;
  if (!tls || !isOfTls(name)) return logSafe(said);
  const alert = typeof reason === "string" ? reason : said;
  return logSafe(`TLS: ${alert}${name === "" ? "" : ` (${name})`}${hintOf(name, alert)}`);
}

/** A stranger's text made fit for a log line. */
export function logSafe(text: string): string {
  return text.replace(CONTROL, " ").slice(0, LONGEST_REMARK);
}

// Node names OpenSSL's verdicts on certificates without a prefix of their own.
function isOfTls(code: string): boolean {
  return /^(ERR_SSL|ERR_TLS|EPROTO|CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|CRL_|INVALID_CA|HOSTNAME)/.test(
    code,
  );
}

function hintOf(code: string, alert: string): string {
  if (/wrong.version.number|packet length too long/i.test(alert)) {
    return "; nobody speaks TLS at that port";
  }
  if (/alert/i.test(alert) && /certificate|unknown ca/i.test(alert)) {
    return "; the broker does not take this side's certificate";
  }
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    return "; it is the broker's, or this machine's clock is wrong";
  }
  return "";
}
