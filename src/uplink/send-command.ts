/** The operator's side of a command: puts it on its way and waits for the unit's answer. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../../hal/clock.ts";
import type { CommandName } from "../core/command.ts";
import type { IncomingMessage, MqttConnection, MqttLink } from "./link.ts";
import type { UnitTopics } from "./topics.ts";

export interface CommandErrand {
  link: MqttLink;
  clock: Clock;
  topics: UnitTopics;
  name: CommandName;
  commandId: string;
  /** The signed text. */
  payload: string;
  /** The broker keeps it no longer than it counts. */
  validSeconds: number;
  timeoutMs: number;
}

/** What became of a command. */
export interface CommandReport {
  result: "done" | "refused" | "no-answer";
  detail: string;
}

const KEEP_ALIVE_SECONDS = 20;
const CONNECT_TIMEOUT_MS = 10_000;

/** Rejects when the broker cannot be reached or does not take the command. */
export async function sendCommand(errand: CommandErrand): Promise<CommandReport> {
  const { link, topics, name, payload, validSeconds } = errand;
  const connection = await link.connect({
    clientId: `operator-${randomUUID()}`,
    cleanStart: true,
    sessionExpirySeconds: 0,
    keepAliveSeconds: KEEP_ALIVE_SECONDS,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
  });
  try {
    // Listening begins before the command is sent: a unit answers faster than a broker subscribes.
    const answered = answerOf(connection, errand);
    await connection.subscribe([
      { filter: topics.commandResult, qos: 1 },
      { filter: topics.state, qos: 1 },
    ]);
    const reason = await connection.publish({
      topic: topics.command(name),
      payload,
      qos: 1,
      expirySeconds: validSeconds,
    });
    if (reason >= 0x80) {
      throw new Error(`the broker did not take the command: reason 0x${reason.toString(16)}`);
    }
    return await answered;
  } finally {
    await connection.close().catch(() => {});
  }
}

function answerOf(connection: MqttConnection, errand: CommandErrand): Promise<CommandReport> {
  const { clock, topics, commandId, timeoutMs } = errand;
  let presence: string | undefined;
  return new Promise((resolve) => {
    const giveUp = (why: string): void => resolve({ result: "no-answer", detail: why });
    const timer = clock.after(timeoutMs, () => giveUp(silence(presence, timeoutMs)));
    connection.onClose((why) => {
      timer.cancel();
      giveUp(`the connection to the broker ended: ${why}`);
    });
    connection.onMessage((message) => {
      const said = readObject(message);
      if (message.topic === topics.state) presence = String(said?.["availability"]);
      if (message.topic !== topics.commandResult || said?.["commandId"] !== commandId) return;
      const { result, detail } = said;
      timer.cancel();
      resolve({
        result: result === "done" ? "done" : "refused",
        detail: typeof detail === "string" ? detail : "",
      });
    });
  });
}

function silence(presence: string | undefined, timeoutMs: number): string {
  const within = `nothing within ${Math.round(timeoutMs / 1_000)} s`;
  if (presence === undefined) return `${within}, and no unit of that name has been on this broker`;
  if (presence === "offline") return `${within}; it is offline`;
  return `${within}, though it is online: it does not know the key, or the command was not for it`;
}

function readObject({ payload }: IncomingMessage): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString("utf8"));
    return typeof value === "object" && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
