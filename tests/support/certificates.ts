/** A certificate authority for one test, made with openssl. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Identity {
  ca: string;
  cert: string;
  key: string;
}

export interface TestAuthority {
  /** A certificate for a common name, whatever is in it; a server's also for 127.0.0.1. PEM texts. */
  issue(name: string): Identity;
}

/** Of openssl's subjects, where they divide one part of a name from the next. */
const DIVIDERS = /[/+\\]/g;

/** Makes an authority in a folder; its files are `ca.pem` and `{name}.pem`, `{name}.key`. */
export function createAuthority(folder: string): TestAuthority {
  const file = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => {
    execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  };
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const authority = ["-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test ca"];
  openssl("req", "-x509", ...newKey, ...authority);
  return {
    issue(commonName) {
      const name = encodeURIComponent(commonName);
      writeFileSync(file("extensions"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
      const subject = `/CN=${commonName.replace(DIVIDERS, "\\$&")}`;
      const request = ["-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", subject, "-utf8"];
      openssl("req", ...newKey, ...request);
      const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"];
      const files = ["-in", `${name}.csr`, "-out", `${name}.pem`, "-extfile", "extensions"];
      openssl("x509", "-req", ...files, ...signing);
      const read = (path: string): string => readFileSync(file(path), "utf8");
      return { ca: read("ca.pem"), cert: read(`${name}.pem`), key: read(`${name}.key`) };
    },
  };
}
