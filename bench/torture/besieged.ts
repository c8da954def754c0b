/** The simulated unit as `wire` attacks it: real store, broker and server, and a count of what it did. */
import { generateKeyPairSync } from "node:crypto";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { DISTRICT_ISSUER, type SimulatedDistrict } from "../../sim/actors/district.ts";
import { COMMAND_FLAWS, Operator } from "../../sim/actors/operator.ts";
import { openDemoSession } from "../../sim/demo/session.ts";
import type { SimulatedHardware } from "../../sim/doorway/hardware.ts";
import type { Random } from "../../sim/kernel/random.ts";
import { DATA_SET_KINDS } from "../../src/core/data-set.ts";
import type { StepTrace } from "../../src/gateway/gateway.ts";
import type { CredentialVerifier } from "../../src/gateway/ports.ts";
import type { Command } from "../../src/protocol/command.ts";
import { startUiServer } from "../../src/ui/server.ts";
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
  let url = "";
  const stage = await openDemoSession({
    random,
    folder,
    unitId: UNIT,
    district: DISTRICT,
    venueName: { zh: "药房", en: "Pharmacy" },
    collector: true,
    commandKeys: operator.keyFile(),
    dataKeys: unknownKeyFile(),
    observer: {
      onStep: (step) => countOpenings(step, done),
      onCommand: () => {
        done.commands += 1;
      },
    },
    log(event, { version, loading } = {}) {
      // Signed by a key that no attacker has: what is taken was believed wrongly.
      if (event === "data-set" && (version !== undefined || loading !== undefined)) done.sets += 1;
    },
    async servePages(services) {
      const server = await startUiServer(services);
      url = server.url;
      return server;
    },
  });
  const { bench, backend, doorway, district, clock } = stage;
  await doorway.start();
  const unit = doorway.unit();
  return {
    bench,
    verifier: unit.verifier,
    pass: passOf(district, clock.wallMs()),
    brokerUrl: backend.broker.url,
    url,
    uplink: () => unit.uplink(),
    opened: () => ({ ...done }),
    setsRefused: () =>
      Object.values(unit.dataSets?.figures().failures ?? {})
        .flatMap((reasons) => Object.values(reasons))
        .reduce((sum, count) => sum + count, 0),
    flawedCommand(from) {
      operator.give(from.pick(COMMANDS), `flawed-${from.integer(0, 1e9)}`, "why", from.pick(FLAWS));
      return sent;
    },
    standThere: (there) => bench.thermometer.setObject(there ? WELL_C : undefined),
    sendGoodVisitor: () => stage.control.present("green-phone"),
    stop: () => stage.dispose(),
  };
}

/** Counts what opens the door. */
function countOpenings(
  { effects }: Pick<StepTrace, "effects">,
  done: { releases: number; grants: number },
): void {
  for (const effect of effects) {
    if (effect.kind === "release-gate") done.releases += 1;
    if (effect.kind !== "commit-record") continue;
    const { body } = effect.record;
    if (body.type === "visit-decided" && body.decision.outcome === "granted") done.grants += 1;
  }
}

/** A file of the public half of a key that nobody in the siege has. */
function unknownKeyFile(): string {
  const { publicKey } = generateKeyPairSync("ed25519");
  const { x: key } = publicKey.export({ format: "jwk" });
  const may = [...DATA_SET_KINDS];
  return JSON.stringify({ keys: [{ id: "district", owner: "nobody", key, may }] });
}

function passOf(district: SimulatedDistrict, nowMs: number): string {
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
