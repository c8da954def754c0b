/** How `sentinel doctor` tries the broker: with the unit's own greeting, and what it was refused. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { withDeadline, type Clock } from "../../../hal/clock.ts";
import { readBrokerSecrets } from "../../config/broker-secrets.ts";
import type { UnitConfig } from "../../config/unit.ts";
import { DAY_MS } from "../../core/time.ts";
import { brokerAddress, shownUrl } from "../../mqtt/broker-address.ts";
import { speaksTls } from "../../mqtt/broker-socket.ts";
import { BrokerRestrictions } from "../../uplink/broker-restrictions.ts";
import { Handshake, type WantedFilter } from "../../uplink/handshake.ts";
import {
  ConnectRefused,
  REASON_NO_MATCHING_SUBSCRIBERS,
  UNIT_SESSION,
  type MqttConnection,
  type MqttLink,
} from "../../mqtt/connection.ts";
import { createMqttJsLink } from "../../mqtt/mqttjs.ts";
import { districtTopics, unitTopics } from "../../protocol/topics.ts";
import { UNCONFIRMED_WITH_311 } from "../../uplink/uplink.ts";
import { readRegularFile } from "./regular-file.ts";

type MqttConfig = NonNullable<UnitConfig["mqtt"]>;

const CONNECT_WAIT_MS = 8_000;
const WHOLE_WAIT_MS = 60_000;
/** A broker that ends the connection over one thing after another shows each of them in two. */
const MOST_TRIES = 12;
const FAILURES_FROM = 0x80; // MQTT 5 §2.4
const SOON_DAYS = 30;
/** Of a decision with many rules and reasons; most records have a tenth of it. */
const LONG_RECORD_BYTES = 4_096;

/**
 * Connects as the unit does, under a doctor's name: will, every filter, a retained message, a message.
 *
 * @returns what to say when nothing was refused
 * @throws naming what was refused, or why there is no connection
 */
export async function tryBroker(
  config: UnitConfig,
  mqtt: MqttConfig,
  clock: Clock,
): Promise<string> {
  const shown = shownUrl(mqtt.url);
  const link = createMqttJsLink({
    url: mqtt.url,
    version: mqtt.version,
    secrets: () => readBrokerSecrets(mqtt),
  });
  const late = new Error(`${shown}: no answer within ${WHOLE_WAIT_MS / 1_000} s`);
  const trial = new Trial(config, mqtt, link, clock);
  const notes = await withDeadline(clock, WHOLE_WAIT_MS, trial.run(), () => late);
  const refused = trial.extras.list().map(({ what, why }) => `${what} (${why})`);
  if (refused.length > 0) {
    throw new Error(`${shown}: records go there; refused: ${refused.join("; ")}`);
  }
  return [shown, ...inTheClear(mqtt), ...notes].join("; ");
}

function inTheClear({ url, tls }: MqttConfig): string[] {
  const address = brokerAddress(url);
  const named = tls?.ca ?? tls?.cert;
  if (named === undefined) return address.secure ? [] : ["IN THE CLEAR, without TLS"];
  return address.secure || !speaksTls(address, { ca: named })
    ? []
    : ["with TLS, because mqtt.tls names a file; write mqtts:// to say so"];
}

class Trial {
  readonly extras: BrokerRestrictions;
  readonly #greeting: Handshake;
  readonly #config: UnitConfig;
  readonly #mqtt: MqttConfig;
  readonly #link: MqttLink;
  readonly #topic: string;
  readonly #filters: readonly WantedFilter[];

  constructor(config: UnitConfig, mqtt: MqttConfig, link: MqttLink, clock: Clock) {
    this.extras = new BrokerRestrictions(clock);
    this.#greeting = new Handshake(clock, this.extras);
    this.#config = config;
    this.#mqtt = mqtt;
    this.#link = link;
    const { district, unitId } = config;
    const topics = unitTopics(district, unitId, mqtt.root);
    const everyUnit = districtTopics(district, mqtt.root);
    this.#topic = topics.doctor;
    this.#filters = [
      { filter: topics.acknowledgement, what: "acknowledgements" },
      { filter: everyUnit.rebirth, what: "rebirth" },
      { filter: topics.commandFilter, what: "commands" },
      ...(config.data === undefined
        ? []
        : [everyUnit.manifestFilter, topics.manifestFilter, topics.chunkFilter].map((filter) => ({
            filter,
            what: "data",
          }))),
    ];
  }

  /** @returns what is worth knowing */
  async run(): Promise<string[]> {
    let refusals = 0;
    for (let time = 1; ; time++) {
      this.extras.connectionStarted();
      try {
        const connection = await this.#connect();
        refusals = 0;
        return await this.#use(connection);
      } catch (error) {
        // Twice in a row, with the will and without it, is a refusal of the unit itself.
        refusals += error instanceof ConnectRefused ? 1 : 0;
        const lost = error instanceof Lost;
        if (time >= MOST_TRIES || refusals > 2 || !(lost || error instanceof ConnectRefused)) {
          throw error;
        }
        if (lost) this.#greeting.ended(error.message, error.reason);
      }
    }
  }

  async #connect(): Promise<MqttConnection> {
    const { unitId } = this.#config;
    const { connection } = await this.#greeting.connect(
      (will) =>
        this.#link.connect({
          clientId: `${unitId}-doctor`,
          cleanStart: true,
          // Nothing is left behind, and the will is never sent.
          sessionExpirySeconds: 0,
          keepAliveSeconds: UNIT_SESSION.keepAliveSeconds,
          connectTimeoutMs: CONNECT_WAIT_MS,
          ...(will === undefined ? {} : { will }),
        }),
      {
        topic: this.#topic,
        payload: "{}",
        retain: true,
        delaySeconds: UNIT_SESSION.willDelaySeconds,
      },
    );
    return connection;
  }

  async #use(connection: MqttConnection): Promise<string[]> {
    let end: Lost | undefined;
    const ended = new Promise<void>((resolve) => {
      connection.onClose((why, reason) => {
        end = new Lost(why, reason);
        resolve();
      });
    });
    const topic = this.#topic;
    let mayWrite = true;
    try {
      await this.#greeting.perform(connection, this.#filters, async (retain) => {
        const reason = await connection.publish({ topic, payload: "{}", qos: 1, retain });
        mayWrite = reason < FAILURES_FROM;
        if (retain) await connection.publish({ topic, payload: "", qos: 1, retain });
        // Access rules of before need not know the doctor's topic: the unit's own are not tried then.
        return mayWrite || reason === 0x9a ? reason : 0;
      });
      this.#judgeSize(connection);
      const notes = mayWrite
        ? await this.#tryDelivery(connection)
        : [`${topic} may not be written: what the unit may write was not tried`];
      await connection.close();
      return notes;
    } catch (error) {
      await connection.close().catch(() => {});
      await ended;
      throw end ?? error;
    }
  }

  /** Whether a record would be larger than what this broker says that it takes. */
  #judgeSize({ features: { largestPacketBytes } }: MqttConnection): void {
    if (largestPacketBytes >= LONG_RECORD_BYTES) return;
    const why = `the broker takes packets of ${largestPacketBytes} bytes at most: longer records stay here`;
    this.extras.refused("records", why);
  }

  /** Whether this broker would say that a record reached nobody. */
  async #tryDelivery(connection: MqttConnection): Promise<string[]> {
    if (this.#mqtt.collector !== false) return [];
    const { protocol, maximumQoS } = connection.features;
    if (maximumQoS === 0) {
      this.extras.refused(
        "records",
        "the broker takes QoS 0 only; only a collector can confirm them",
      );
      return [];
    }
    if (protocol === "3.1.1") {
      this.extras.refused("delivery", UNCONFIRMED_WITH_311);
      return [];
    }
    const message = { topic: this.#topic, payload: "{}", qos: 1 } as const;
    const reason = await connection.publish(message);
    if (reason === REASON_NO_MATCHING_SUBSCRIBERS) return [];
    return [
      "somebody is subscribed to everything, or this broker never says that nobody is: then records " +
        "nobody hears count as delivered (mqtt.collector settles it)",
    ];
  }
}

/** The connection ended while it was tried. */
class Lost extends Error {
  readonly reason: number | undefined;

  constructor(why: string, reason: number | undefined) {
    super(why);
    this.reason = reason;
  }
}

/** When the certificates end. @throws for one that has ended, is none, or does not fit its key */
export async function certificateDates(
  tls: NonNullable<MqttConfig["tls"]>,
  nowMs: number,
): Promise<string> {
  const said: string[] = [];
  for (const file of [tls.ca, tls.cert]) {
    if (file === undefined) continue;
    for (const certificate of certificatesIn(await readRegularFile(file), file)) {
      said.push(dateOf(certificate, file, nowMs));
    }
  }
  if (tls.cert !== undefined && tls.key !== undefined) {
    const [own] = certificatesIn(await readRegularFile(tls.cert), tls.cert);
    if (own?.checkPrivateKey(privateKeyIn(await readRegularFile(tls.key), tls.key)) !== true) {
      throw new Error(`${tls.key} is not the key of ${tls.cert}`);
    }
  }
  return said.join(", ");
}

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function certificatesIn(text: string, file: string): X509Certificate[] {
  const blocks = text.match(PEM) ?? [];
  if (blocks.length === 0) throw new Error(`${file} holds no certificate in PEM`);
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (error) {
    throw new Error(`${file} cannot be read as a certificate`, { cause: error });
  }
}

function privateKeyIn(text: string, file: string): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(text);
  } catch (error) {
    throw new Error(`${file} cannot be read as a private key without a passphrase`, {
      cause: error,
    });
  }
}

function dateOf(certificate: X509Certificate, file: string, nowMs: number): string {
  const [fromMs, toMs] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)];
  const day = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);
  if (nowMs >= toMs) throw new Error(`${file} ended on ${day(toMs)}`);
  if (nowMs < fromMs) throw new Error(`${file} begins on ${day(fromMs)}, or the clock is wrong`);
  const days = Math.floor((toMs - nowMs) / DAY_MS);
  return `${file} until ${day(toMs)}${days < SOON_DAYS ? `: ONLY ${days} DAYS` : ""}`;
}
