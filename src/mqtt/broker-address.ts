/** A broker's URL: where it is, and how to name it without the password that may be in it. */

export interface BrokerAddress {
  host: string;
  port: number;
  /** Whether the URL asks for TLS. */
  secure: boolean;
  username?: string;
  password?: string;
}

const SCHEMES: Readonly<Record<string, { secure: boolean; port: number }>> = {
  "mqtt:": { secure: false, port: 1_883 },
  "tcp:": { secure: false, port: 1_883 },
  "mqtts:": { secure: true, port: 8_883 },
  "ssl:": { secure: true, port: 8_883 },
  "tls:": { secure: true, port: 8_883 },
};
const IN_A_FILE = "or put the password in a file of its own";

/** @throws RangeError that says what is wrong, and never repeats what may be a secret */
export function brokerAddress(url: string): BrokerAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || parsed.hostname === "") {
    throw new RangeError(
      `the broker's URL (${shownUrl(url)}) cannot be read: expected e.g. mqtts://broker:8883. ` +
        `Write / ? # @ and % of a password as %2F %3F %23 %40 and %25, ${IN_A_FILE}`,
    );
  }
  const scheme = SCHEMES[parsed.protocol];
  if (scheme === undefined) {
    throw new RangeError(`the broker's URL begins with ${parsed.protocol}//: expected mqtts://`);
  }
  const username = decoded(parsed.username, "user name");
  const password = decoded(parsed.password, "password");
  return {
    host: parsed.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: parsed.port === "" ? scheme.port : Number(parsed.port),
    secure: scheme.secure,
    ...(username === "" ? {} : { username }),
    ...(password === "" ? {} : { password }),
  };
}

/** The URL as it may be printed: without user, password, query and fragment. */
export function shownUrl(url: string): string {
  const scheme = /^[a-z]+:\/\//i.exec(url)?.[0] ?? "";
  const rest = url.slice(scheme.length);
  // A password may hold any of / ? # when nobody wrote them as they should be.
  const afterUser = rest.slice(rest.lastIndexOf("@") + 1);
  return `${scheme}${/^[^/?#]*/.exec(afterUser)?.[0] ?? ""}`;
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new RangeError(
      `the ${what} in the broker's URL has a % without two hexadecimal digits behind it: ` +
        `write %25, ${IN_A_FILE}`,
    );
  }
}
