import { createServer, type Socket } from "node:net";
import { once } from "node:events";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startEmbeddedBroker } from "../../../sim/platform/embedded-broker.ts";
import type {
  ConnectRequest,
  IncomingMessage,
  MqttConnection,
} from "../../../src/mqtt/connection.ts";
import { createMqttJsLink } from "../../../src/mqtt/mqttjs.ts";
import { startMosquitto, type Mosquitto } from "../../support/mosquitto.ts";
import { until } from "../../support/until.ts";

const request = (change: Partial<ConnectRequest> = {}): ConnectRequest => ({
  clientId: "door-1",
  cleanStart: false,
  sessionExpirySeconds: 60,
  keepAliveSeconds: 20,
  connectTimeoutMs: 5_000,
  ...change,
});

let broker: Mosquitto;
const connections: MqttConnection[] = [];

async function connected(change: Partial<ConnectRequest> = {}): Promise<MqttConnection> {
  const link = createMqttJsLink({ url: broker.url, version: "5" });
  const connection = await link.connect(request(change));
  connections.push(connection);
  return connection;
}

beforeEach(async () => {
  broker = await startMosquitto(["allow_anonymous true", "max_inflight_messages 7"]);
});

afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close()));
  await broker.dispose();
});

describe("a connection to mosquitto over MQTT 5", () => {
  it("says whether the broker still knew this client", async () => {
    const first = await connected();
    expect(first.sessionPresent).toBe(false);
    await first.close();
    expect((await connected()).sessionPresent).toBe(true);
  });

  it("tells the broker's Receive Maximum", async () => {
    expect((await connected()).receiveMaximum).toBe(7);
  });

  it("shows that a message reached nobody, which mqtt.js hides", async () => {
    const connection = await connected();
    const message = { topic: "nobody/listens", payload: "{}", qos: 1 } as const;
    expect(await connection.publish(message)).toBe(0x10);
    const listener = await connected({ clientId: "listener" });
    await listener.subscribe([{ filter: "nobody/#", qos: 1 }]);
    expect(await connection.publish(message)).toBe(0);
  });

  it("rejects what was in flight when the connection ends, and everything after", async () => {
    const connection = await connected();
    let why = "";
    connection.onClose((text) => {
      why = text;
    });
    broker.pause(true);
    const inFlight = connection.publish({ topic: "a", payload: "1", qos: 1 }).then(
      () => "taken",
      () => "rejected",
    );
    await broker.kill();
    expect(await inFlight).toBe("rejected");
    await until("the end is told", () => why !== "");
    await expect(connection.publish({ topic: "a", payload: "2", qos: 1 })).rejects.toThrow();
    await expect(connection.subscribe([{ filter: "a", qos: 1 }])).rejects.toThrow();
  });

  it("delivers again what was not acknowledged by hand, and only that", async () => {
    const heard: string[] = [];
    const receive = (connection: MqttConnection, acknowledged: readonly string[]): void =>
      connection.onMessage((message: IncomingMessage, acknowledge) => {
        const text = Buffer.from(message.payload).toString();
        heard.push(text);
        if (acknowledged.includes(text)) acknowledge();
      });
    const far = { clientId: "far", manualAcknowledgement: true };
    const first = await connected(far);
    receive(first, ["1", "2"]);
    await first.subscribe([{ filter: "evt", qos: 1 }]);
    const near = await connected();
    for (const payload of ["1", "2", "3", "4"]) {
      await near.publish({ topic: "evt", payload, qos: 1 });
    }
    await until("all four arrive", () => heard.length === 4);
    await first.close();
    heard.length = 0;
    receive(await connected(far), ["3", "4"]);
    await until("the rest comes again", () => heard.length === 2);
    expect(heard).toEqual(["3", "4"]);
  });

  it("carries response topic, correlation and expiry", async () => {
    const far = await connected({ clientId: "far" });
    const heard: IncomingMessage[] = [];
    far.onMessage((message) => heard.push(message));
    await far.subscribe([{ filter: "cmd", qos: 1 }]);
    const near = await connected();
    const correlationData = Buffer.from("c-1");
    await near.publish({
      topic: "cmd",
      payload: new Uint8Array([1, 2]),
      qos: 1,
      responseTopic: "res",
      correlationData,
      expirySeconds: 10,
    });
    await until("it arrives", () => heard.length === 1);
    expect(heard[0]).toMatchObject({ responseTopic: "res", qos: 1, retained: false });
    expect(Buffer.from(heard[0]?.correlationData ?? []).toString()).toBe("c-1");
  });
});

describe("a broker that refuses or is none", () => {
  it("speaks 3.1.1 to a broker that knows nothing newer, if it may", async () => {
    const old = await startEmbeddedBroker();
    try {
      const only5 = createMqttJsLink({ url: old.url, version: "5" });
      await expect(only5.connect(request())).rejects.toThrow(/protocol version/i);
      // A refusal is not the end of the link: mqtt.js alone would never try again.
      await expect(only5.connect(request())).rejects.toThrow(/protocol version/i);
      const either = await createMqttJsLink({ url: old.url }).connect(request());
      expect(either.receiveMaximum).toBe(65_535);
      await either.close();
    } finally {
      await old.stop();
    }
  });

  it("rejects when nobody listens there", async () => {
    await broker.stop();
    await expect(connected()).rejects.toThrow(/ECONNREFUSED/);
  });

  it("gives up on somebody who never answers, and at once where that is wanted", async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket));
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    const address = silent.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const link = createMqttJsLink({ url: `mqtt://127.0.0.1:${port}` });
    await expect(link.connect(request({ connectTimeoutMs: 200 }))).rejects.toThrow();
    const unwanted = new AbortController();
    const hanging = link.connect(request({ connectTimeoutMs: 600_000, wanted: unwanted.signal }));
    setImmediate(() => unwanted.abort());
    await expect(hanging).rejects.toThrow("no longer wanted");
    await expect(link.connect(request({ wanted: unwanted.signal }))).rejects.toThrow("no longer");
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });
});
