/** The shipped mosquitto configuration, as it is, with certificates of one test's own authority. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createAuthority, type Identity } from "./certificates.ts";
import { startMosquitto, type Mosquitto } from "./mosquitto.ts";

const SHIPPED = "deploy/mosquitto";

export interface ShippedBroker {
  broker: Mosquitto;
  /** For clients: `mqtts`. */
  url: string;
  /** The certificate for a name, made when it is first asked for. */
  identity(name: string): Identity;
  dispose(): Promise<void>;
}

/** Starts it; only its paths and its port are put where a test may write. */
export async function startShippedBroker(): Promise<ShippedBroker> {
  const folder = mkdtempSync(join(tmpdir(), "sentinel-tls-"));
  const authority = createAuthority(folder);
  authority.issue("server");
  const shipped = readFileSync(join(SHIPPED, "mosquitto.conf"), "utf8")
    .replace("/etc/mosquitto/sentinel/acl.conf", join(process.cwd(), SHIPPED, "acl.conf"))
    .replaceAll("/etc/mosquitto/sentinel/", `${folder}/`)
    .replace("/var/lib/mosquitto/", "{folder}/")
    .replace("listener 8883", "listener {port} 127.0.0.1")
    .split("\n");
  const broker = await startMosquitto(shipped, false);
  const identities = new Map<string, Identity>();
  return {
    broker,
    url: `mqtts://127.0.0.1:${broker.port}`,
    identity(name) {
      const known = identities.get(name) ?? authority.issue(name);
      identities.set(name, known);
      return known;
    },
    async dispose() {
      await broker.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
