/** The network connection to a broker: in the clear or over TLS, and never more than an agreed packet on it. */
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { BrokerAddress } from "./broker-address.ts";
import { PacketCap } from "./packet-cap.ts";

/** PEM texts. */
export interface TlsTexts {
  ca?: string;
  cert?: string;
  key?: string;
}

/** Whether TLS is spoken: where a certificate was named somebody wants it, whatever the URL says. */
export function speaksTls({ secure }: Pick<BrokerAddress, "secure">, tls: TlsTexts = {}): boolean {
  return secure || [tls.ca, tls.cert, tls.key].some((text) => text !== undefined);
}

/**
 * Opens the connection; it emits an error for whatever is wrong with it later.
 *
 * @param largestBytes a packet that announces more ends the connection before it is gathered
 * @throws for certificates that cannot be used
 */
export function openSocket(
  address: BrokerAddress,
  tls: TlsTexts | undefined,
  largestBytes: number,
): Socket {
  const { host, port } = address;
  const socket = speaksTls(address, tls)
    ? connectTls({
        ...tls,
        host,
        port,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        rejectUnauthorized: true,
      })
    : connectTcp({ host, port });
  // A record waits for no other to fill its segment; that costs 40 ms wherever one comes alone.
  socket.setNoDelay(true);
  const cap = new PacketCap(largestBytes);
  socket.on("data", (chunk: Buffer) => {
    const bytes = cap.tooLarge(chunk);
    if (bytes !== undefined) socket.destroy(new PacketTooLarge(bytes, largestBytes));
  });
  return socket;
}

class PacketTooLarge extends Error {
  readonly code = "PACKET_TOO_LARGE";

  constructor(bytes: number, largestBytes: number) {
    super(
      `the broker began a packet of ${bytes} bytes; ${largestBytes} are the most that is taken`,
    );
  }
}
