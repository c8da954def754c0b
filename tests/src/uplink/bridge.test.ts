import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, startMosquitto, type Mosquitto } from "../../support/mosquitto.ts";

const RECORDS = 50;

const remoteSettings = ["allow_anonymous true"];
const bridgeSettings = (remotePort: number): string[] => [
  "allow_anonymous true",
  "persistence true",
  "persistence_location {folder}/",
  "connection to-the-district",
  `address 127.0.0.1:${remotePort}`,
  "topic # out 1",
  "cleansession false",
  "restart_timeout 1",
];

/**
 * Why the unit has an outbox of its own instead of a broker beside it that passes records on: such a
 * broker acknowledges before it has saved anything.
 */
describe("a local mosquitto bridge with persistence", () => {
  let local: Mosquitto;
  let remote: Mosquitto | undefined;
  let client: MqttClient;
  let remotePort: number;

  beforeAll(async () => {
    remotePort = await freePort();
    local = await startMosquitto(bridgeSettings(remotePort));
    client = await connectAsync(local.url, { reconnectPeriod: 50 });
  });

  afterAll(async () => {
    await client.endAsync(true);
    await local.dispose();
    await remote?.dispose();
  });

  it("acknowledges records while its far end is away, and has none of them after kill -9", async () => {
    for (let number = 0; number < RECORDS; number++) {
      await client.publishAsync("records", `record ${number}`, { qos: 1 });
    }
    await local.kill();
    remote = await startMosquitto([`listener ${remotePort} 127.0.0.1`, ...remoteSettings], true);
    const arrived: string[] = [];
    const far = await connectAsync(`mqtt://127.0.0.1:${remotePort}`);
    const marked = new Promise<void>((resolve) => {
      far.on("message", (_topic, payload) => {
        const text = payload.toString();
        if (text === "marker") resolve();
        else arrived.push(text);
      });
    });
    await far.subscribeAsync("records", { qos: 1 });
    await local.start();
    // What the bridge had kept would go before what it is given now.
    await client.publishAsync("records", "marker", { qos: 1 });
    await marked;
    await far.endAsync();
    expect(arrived).toEqual([]);
  });
});
