/** The simulated unit as `wire` attacks it: real store, broker and server, and a count of what it did. */
import { diskFiles } from "../../src/linux/disk-files.ts";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { createSystemClock } from "../../hal/linux/clock.ts";
import type { SimulatedHardware } from "../../sim/doorway/hardware.ts";
import { DISTRICT_ISSUER, type District } from "../../sim/actors/issuer.ts";
import { COMMAND_FLAWS, Operator } from "../../sim/actors/operator.ts";
import type { Random } from "../../sim/kernel/random.ts";
import { setStage } from "../../sim/demo/session.ts";
import type { Trace } from "../../sim/kernel/trace.ts";
import { RuleStore } from "../../src/credential/formats/eu-dcc/business-rules.ts";
import { RevocationStore } from "../../src/credential/trust/revocation.ts";
import { TrustStore } from "../../src/credential/trust/trust.ts";
import { setInstallers } from "../../src/unit/data-set-installers.ts";
import type { CredentialVerifier } from "../../src/gateway/ports.ts";
import { Health } from "../../src/health/health.ts";
import { startUiServer } from "../../src/ui/server.ts";
import { createCommandDesk } from "../../src/uplink/command-verifier.ts";
import { type Command } from "../../src/protocol/command.ts";
import { Distribution } from "../../src/distribution/client.ts";
import { KeyRing } from "../../src/protocol/signed-token.ts";
import type { Uplink } from "../../src/uplink/uplink.ts";
import { DISTRICT, UNIT } from "./story.ts";

const COMMANDS: readonly Command[] = [
  { name: "release" },
  { name: "evacuate", active: true },
  { name: "lock-down", active: true },
];
/** A replay needs a good one first, which would be obeyed. */
const FLAWS = COMMAND_FLAWS.filter((flaw) => flaw !== "replayed");
const WELL_C = 36.2;

export interface Besieged {
  bench: SimulatedHardware;
  verifier: CredentialVerifier;
  /** A pass that would be good, if it were anybody's. */
  pass: string;
  brokerUrl: string;
  url: string;
  uplink(): Uplink | undefined;
  /** What it did so far that opens a door. */
  opened(): { releases: number; grants: number; commands: number; sets: number };
  /** Sets of data that were offered and not taken. */
  setsRefused(): number;
  /** A command by the very key the unit obeys, with something wrong about it. */
  flawedCommand(random: Random): { topic: string; payload: string };
  /** Somebody stands there, warm and well, all the while: all they lack is a code that holds. */
  standThere(there: boolean): void;
  /** Sends somebody with everything in order to the door. */
  sendGoodVisitor(): Promise<void>;
  stop(): Promise<void>;
}

export async function besiege(folder: string, random: Random): Promise<Besieged> {
  const done = { releases: 0, grants: 0, commands: 0, sets: 0 };
  let sent = { topic: "", payload: "" };
  const operator = new Operator(
    createSystemClock(),
    { district: DISTRICT, unitId: UNIT },
    (topic, payload) => {
      sent = { topic, payload };
    },
  );
  const stage = await setStage({
    random,
    folder,
    unitId: UNIT,
    venueName: { zh: "药房", en: "Pharmacy" },
    trace: traceOpenings(done),
    uplink: (store, clock) => ({
      district: DISTRICT,
      bootId: "besieged",
      acknowledgedBy: "collector",
      commands: createCommandDesk({
        unitId: UNIT,
        district: DISTRICT,
        clock,
        keys: operator.keys,
        memory: store.settings,
      }),
    }),
  });
  const { bench, backend, doorway, district, clock, feed } = stage;
  await doorway.start();
  backend.uplink()?.onCommand(() => {
    done.commands += 1;
  });
  const sets = takeSets(stage, folder, () => {
    done.sets += 1;
  });
  const health = new Health({
    unitId: UNIT,
    version: "torture",
    clock: stage.unitClock,
    gateway: () => doorway.gateway(),
    store: backend.memory,
    uplink: () => backend.uplink()?.counters(),
  });
  const server = await startUiServer({ clock, health, feed });
  return {
    bench,
    verifier: district.verifier,
    pass: passOf(district, clock.wallMs()),
    brokerUrl: backend.broker.url,
    url: server.url,
    uplink: () => backend.uplink(),
    opened: () => ({ ...done }),
    setsRefused: () =>
      Object.values(sets.failures())
        .flatMap((reasons) => Object.values(reasons))
        .reduce((sum, count) => sum + count, 0),
    flawedCommand(from) {
      operator.give(from.pick(COMMANDS), `flawed-${from.integer(0, 1e9)}`, "why", from.pick(FLAWS));
      return sent;
    },
    standThere: (there) => bench.thermometer.setObject(there ? WELL_C : undefined),
    sendGoodVisitor: () => stage.control.present("green-phone"),
    async stop() {
      await server.close();
      await sets.stop();
      await stage.strike();
    },
  };
}

/** Data from a district whose key nobody has: whatever is taken was believed wrongly. */
function takeSets(
  { backend, unitClock }: Awaited<ReturnType<typeof setStage>>,
  folder: string,
  onTaken: () => void,
): Distribution {
  const targets = {
    trust: new TrustStore(),
    revocation: new RevocationStore(),
    rules: new RuleStore(),
    directory: backend.memory.directory,
  };
  const sets: Distribution = new Distribution({
    unitId: UNIT,
    district: DISTRICT,
    clock: unitClock,
    chance: () => 0.5,
    keys: new KeyRing({ district: districtKey() }),
    folder: join(folder, "sets"),
    files: diskFiles,
    installers: setInstallers({ ...targets, onPolicy: onTaken }),
    onChange: (_kind, { version, loading }) => {
      if (version !== undefined || loading !== undefined) onTaken();
    },
  });
  const uplink = backend.uplink();
  if (uplink !== undefined) sets.attach(uplink);
  return sets;
}

/** Keeps nothing of a run but what opened the door. */
function traceOpenings(done: { releases: number; grants: number }): Trace {
  return {
    entries: [],
    note(entry) {
      if (entry.what !== "turn") return;
      for (const effect of entry.effects) {
        if (effect.kind === "release-gate") done.releases += 1;
        if (effect.kind !== "commit-record") continue;
        const { body } = effect.record;
        if (body.type === "visit-decided" && body.decision.outcome === "granted") done.grants += 1;
      }
    },
  };
}

/** The public half of a key nobody in the siege has. */
function districtKey(): string {
  const { publicKey } = generateKeyPairSync("ed25519");
  return String(publicKey.export({ format: "jwk" }).x);
}

function passOf(district: District, nowMs: number): string {
  const HOUR_MS = 3_600_000;
  return district.issue(DISTRICT_ISSUER, {
    form: "live",
    serial: "0011223344556677",
    issuedAtMs: nowMs,
    holder: { pseudonym: district.pseudonymOf("11010519491231002X"), maskedName: "王**" },
    colour: "green",
    nucleicAcidTest: {
      result: "negative",
      sampledAtMs: nowMs - 30 * HOUR_MS,
      reportedAtMs: nowMs - 20 * HOUR_MS,
    },
  });
}
