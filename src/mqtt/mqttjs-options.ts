/** What mqtt.js is asked for at a connect: the request in its words, with user, password and client id. */
import { createHmac } from "node:crypto";
import type { IClientOptions } from "mqtt";
import type { BrokerAddress } from "./broker-address.ts";
import type { TlsTexts } from "./broker-socket.ts";
import { LARGEST_PACKET_BYTES, type ConnectRequest } from "./connection.ts";

/** What a broker asks for before it lets somebody in. */
export interface BrokerSecrets {
  /** PEM texts. The server's certificate is always verified. */
  tls?: TlsTexts;
  username?: string;
  password?: string;
}

/** Of the part of a client id that nobody can guess: 96 bits. */
const TAG_LENGTH = 16;

export function clientOptions(
  address: BrokerAddress,
  secrets: BrokerSecrets,
  protocol: 4 | 5,
  request: ConnectRequest,
): IClientOptions {
  const { will } = request;
  const five = protocol === 5;
  const username = secrets.username ?? address.username;
  const password = secrets.password ?? address.password;
  return {
    protocolVersion: protocol,
    clientId: clientIdOf(request.clientId, secrets.tls?.key),
    clean: request.cleanStart,
    keepalive: request.keepAliveSeconds,
    connectTimeout: request.connectTimeoutMs,
    // One client is one connection: the uplink decides when to try again.
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    // mqtt.js would keep a buffer for each of 65,536 message ids: 8 MB to spare two bytes a message.
    writeCache: false,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(five
      ? {
          properties: {
            sessionExpiryInterval: request.sessionExpirySeconds,
            maximumPacketSize: LARGEST_PACKET_BYTES,
            ...(request.receiveMaximum === undefined
              ? {}
              : { receiveMaximum: request.receiveMaximum }),
          },
        }
      : {}),
    ...(will === undefined
      ? {}
      : {
          will: {
            topic: will.topic,
            payload: Buffer.from(will.payload),
            qos: will.qos ?? 1,
            retain: will.retain,
            ...(five ? { properties: { willDelayInterval: will.delaySeconds } } : {}),
          },
        }),
  };
}

/**
 * Brokers end a connection when another comes under the same client id, whoever it is, and hand it
 * the session: a name that everybody knows lets any unit keep its neighbour, or the collector, away.
 * With a client certificate the id ends in what only its key's holder can tell, the same each time.
 */
function clientIdOf(name: string, key: string | undefined): string {
  if (key === undefined) return name;
  const tag = createHmac("sha256", key).update(`mqtt client id of ${name}`).digest("base64url");
  return `${name}-${tag.slice(0, TAG_LENGTH)}`;
}
