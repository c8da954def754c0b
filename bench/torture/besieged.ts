/** The simulated unit as `wire` attacks it: real store, broker and server, and a count of what it did. */
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { createWorkerEngine } from "../../hal/drivers/code-reader/engine.ts";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { createBench, type Bench } from "../../sim/bench.ts";
import { District, DISTRICT_ISSUER } from "../../sim/district.ts";
import { createDoorwayControl } from "../../sim/doorway-control.ts";
import { composeDoorway } from "../../sim/doorway.ts";
import { startEmbeddedBroker } from "../../sim/embedded-broker.ts";
import { GALLERY_PEOPLE } from "../../sim/gallery.ts";
import { pharmacyPolicy } from "../../sim/policy.ts";
import type { Random } from "../../sim/random.ts";
import { Cast } from "../../sim/scenario/cast.ts";
import { createUnitClock } from "../../sim/unit-clock.ts";
import type { CredentialVerifier } from "../../src/gateway/ports.ts";
import { Health } from "../../src/health/health.ts";
import { openStore } from "../../src/store/store.ts";
import { startUiServer } from "../../src/ui/server.ts";
import { createCommandDesk } from "../../src/uplink/commands.ts";
import { createMqttJsLink } from "../../src/uplink/mqttjs-link.ts";
import { KeyRing } from "../../src/uplink/token.ts";
import { createUplink, type Uplink } from "../../src/uplink/uplink.ts";
import { DISTRICT, UNIT } from "./story.ts";

export interface Besieged {
  bench: Bench;
  verifier: CredentialVerifier;
  /** A pass that would be good, if it were anybody's. */
  pass: string;
  brokerUrl: string;
  url: string;
  uplink(): Uplink | undefined;
  /** What it did so far that opens a door. */
  opened(): { releases: number; grants: number; commands: number };
  /** Sends somebody with everything in order to the door. */
  sendGoodVisitor(): Promise<void>;
  stop(): Promise<void>;
}

export async function besiege(folder: string, random: Random): Promise<Besieged> {
  const clock = createSystemClock();
  const unitClock = createUnitClock(clock);
  const startMs = clock.wallMs();
  const district = new District({ random: random.fork("district"), startMs });
  const nowMs = (): number => clock.wallMs();
  const cast = new Cast({
    district,
    random: random.fork("cast"),
    nowMs,
    people: GALLERY_PEOPLE,
    passes: {},
    pictures: new Map(),
  });
  const bench = createBench({
    clock,
    random: random.fork("bench"),
    ambientC: 22,
    camera: {
      width: 640,
      height: 480,
      framesPerSecond: 15,
      idleFramesPerSecond: 5,
      noise: 2,
      noiseFrames: 4,
    },
  });
  const engine = createWorkerEngine();
  await engine.ready();
  const store = openStore({ path: join(folder, "records.db"), unitId: UNIT, clock: unitClock });
  const broker = await startEmbeddedBroker();
  const done = { releases: 0, grants: 0, commands: 0 };
  let uplink: Uplink | undefined;
  const doorway = composeDoorway({
    clock,
    unitClock,
    random: random.fork("doorway"),
    trace: {
      entries: [],
      note(entry) {
        if (entry.what !== "turn") return;
        for (const effect of entry.effects) {
          if (effect.kind === "release-gate") done.releases += 1;
          if (effect.kind !== "commit-record") continue;
          const { body } = effect.record;
          if (body.type === "visit-decided" && body.decision.outcome === "granted") {
            done.grants += 1;
          }
        }
      },
    },
    policy: pharmacyPolicy(startMs),
    engine,
    verifier: district.verifier,
    bench,
    backend: {
      store,
      outbox: store.outbox,
      connect(unit) {
        uplink = createUplink({
          link: createMqttJsLink({ url: broker.url, version: "3.1.1" }),
          outbox: store.outbox,
          clock: unitClock,
          chance: () => random.next(),
          unitId: UNIT,
          district: DISTRICT,
          bootId: "besieged",
          version: "torture",
          acknowledgedBy: "collector",
          commands: createCommandDesk({
            unitId: UNIT,
            district: DISTRICT,
            clock: unitClock,
            keys: new KeyRing({ district: districtKey() }),
            memory: store.settings,
          }),
        });
        uplink.onLink((ok) => unit.dispatch({ kind: "link-changed", link: "broker", ok }));
        uplink.onCommand(() => {
          done.commands += 1;
        });
        uplink.start();
      },
      async disconnect() {
        await uplink?.stop();
      },
    },
  });
  const control = createDoorwayControl({
    world: doorway.world,
    bench,
    broker,
    district,
    cast,
    unitClock,
    nowMs,
  });
  await doorway.start();
  const health = new Health({
    unitId: UNIT,
    version: "torture",
    clock: unitClock,
    gateway: () => doorway.gateway(),
    store,
    uplink: () => uplink?.counters(),
  });
  const server = await startUiServer({
    clock,
    health,
    feed: {
      unitId: UNIT,
      venueName: { zh: "药房", en: "Pharmacy" },
      view: () => doorway.view(),
      visits: () => doorway.gateway().visits(),
      subscribe: (listener) => doorway.subscribe(listener),
      operatorDecide: (request) => doorway.gateway().operatorDecide(request),
    },
  });
  return {
    bench,
    verifier: district.verifier,
    pass: passOf(district, startMs),
    brokerUrl: broker.url,
    url: server.url,
    uplink: () => uplink,
    opened: () => ({ ...done }),
    sendGoodVisitor: () => control.present("green-phone"),
    async stop() {
      await server.close();
      await doorway.stop();
      await engine.close();
      await broker.stop();
      await store.close();
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
