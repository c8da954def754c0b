/**
 * The far end of a bridge, as a process to be killed: keeps every record that comes over it, and
 * acknowledges it to its broker after the commit. No better far end can be had behind a bridge.
 */
import { randomBytes } from "node:crypto";
import process from "node:process";
import Database from "better-sqlite3";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { ConnectionManager } from "../../src/mqtt/reconnect.ts";
import type { IncomingMessage, MqttConnection } from "../../src/mqtt/connection.ts";
import { createMqttJsLink } from "../../src/mqtt/mqttjs.ts";
import { say } from "./say.ts";
import { RECORDS_TOPIC } from "./story.ts";

const GATHER_MS = 2;

const [, , path = "", broker = ""] = process.argv;
const clock = createSystemClock();
const database = new Database(path);
database.pragma("journal_mode = WAL");
database.pragma("synchronous = FULL");
database.exec("CREATE TABLE IF NOT EXISTS arrived (number INTEGER PRIMARY KEY, times INTEGER)");
const keep = database.prepare(
  "INSERT INTO arrived VALUES (?, 1) ON CONFLICT (number) DO UPDATE SET times = times + 1",
);
const link = createMqttJsLink({ url: broker, version: "5" });
let waiting: { message: IncomingMessage; acknowledge: () => void }[] = [];

function store(): void {
  const batch = waiting;
  waiting = [];
  database.transaction(() => {
    for (const { message } of batch) {
      const { number } = JSON.parse(Buffer.from(message.payload).toString()) as { number: number };
      keep.run(number);
    }
  })();
  for (const { acknowledge } of batch) acknowledge();
}

async function serve(connection: MqttConnection): Promise<string> {
  const ended = new Promise<string>((resolve) => connection.onClose(resolve));
  connection.onMessage((message, acknowledge) => {
    if (waiting.push({ message, acknowledge }) === 1) clock.after(GATHER_MS, store);
  });
  await connection.subscribe([{ filter: RECORDS_TOPIC, qos: 1 }]);
  say("up");
  return await ended;
}

new ConnectionManager({
  clock,
  chance: () => randomBytes(4).readUInt32LE() / 2 ** 32,
  pause: { firstMs: 50, longestMs: 400 },
  connect: () =>
    link.connect({
      clientId: "collector",
      cleanStart: false,
      sessionExpirySeconds: 86_400,
      keepAliveSeconds: 20,
      connectTimeoutMs: 5_000,
      manualAcknowledgement: true,
      receiveMaximum: 1_000,
    }),
  serve,
  onEnd: () => {},
}).start();
