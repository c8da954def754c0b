/** The operator's side of a command: puts it on its way and waits for the unit's answer. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../../hal/clock.ts";
import type { CommandName } from "../core/command.ts";
import {
  subscribeAll,
  type IncomingMessage,
  type MqttConnection,
  type MqttLink,
} from "../mqtt/connection.ts";
import { districtTopics, unitOfTopic, unitTopics, type UnitTopics } from "../protocol/topics.ts";

interface CommandRequest {
  link: MqttLink;
  clock: Clock;
  name: CommandName;
  commandId: string;
  /** The signed text. */
  payload: string;
  /** The broker keeps it no longer than it counts. */
  validSeconds: number;
  timeoutMs: number;
}

export interface UnitCommandRequest extends CommandRequest {
  topics: UnitTopics;
}

/** The same signed text to every unit that the broker knows. */
export interface DistrictCommandRequest extends CommandRequest {
  district: string;
  root?: string;
}

/** What became of a command. */
export interface CommandReport {
  result: "done" | "refused" | "no-answer";
  detail: string;
}

const KEEP_ALIVE_SECONDS = 20;
const CONNECT_TIMEOUT_MS = 10_000;
/** How long the broker may take to tell of the units it knows. */
const GATHER_MS = 2_000;

/** Rejects when the broker cannot be reached or does not take the command. */
export async function sendCommand(errand: UnitCommandRequest): Promise<CommandReport> {
  const { topics } = errand;
  return connected(errand, async (connection) => {
    // Listening begins before the command is sent: a unit answers faster than a broker subscribes.
    const answered = answerOf(connection, errand);
    await subscribeAll(connection, [topics.commandResult, topics.state]);
    await send(connection, errand, topics);
    return await answered;
  });
}

/**
 * Sends a command to every unit of a district that the broker knows, and gathers their answers until
 * all that are there have answered, or the time is over. Rejects when the broker cannot be reached
 * or does not take it.
 */
export async function sendToAll(
  errand: DistrictCommandRequest,
): Promise<Map<string, CommandReport>> {
  const { district, root } = errand;
  const { commandResult, state } = districtTopics(district, root).everyUnit;
  return connected(errand, async (connection) => {
    const gathered = answersOf(connection, errand);
    await subscribeAll(connection, [commandResult, state]);
    return await gathered;
  });
}

async function connected<T>(
  { link }: CommandRequest,
  work: (connection: MqttConnection) => Promise<T>,
): Promise<T> {
  const connection = await link.connect({
    clientId: `operator-${randomUUID()}`,
    cleanStart: true,
    sessionExpirySeconds: 0,
    keepAliveSeconds: KEEP_ALIVE_SECONDS,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
  });
  try {
    return await work(connection);
  } finally {
    await connection.close().catch(() => {});
  }
}

async function send(
  connection: MqttConnection,
  { name, payload, validSeconds }: CommandRequest,
  topics: UnitTopics,
): Promise<void> {
  const reason = await connection.publish({
    topic: topics.command(name),
    payload,
    qos: 1,
    expirySeconds: validSeconds,
  });
  if (reason >= 0x80) {
    throw new Error(`the broker did not take the command: reason 0x${reason.toString(16)}`);
  }
}

function answerOf(connection: MqttConnection, errand: UnitCommandRequest): Promise<CommandReport> {
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
      timer.cancel();
      resolve(reportOf(said));
    });
  });
}

function reportOf({ result, detail }: Readonly<Record<string, unknown>>): CommandReport {
  return {
    result: result === "done" ? "done" : "refused",
    detail: typeof detail === "string" ? detail : "",
  };
}

function answersOf(
  connection: MqttConnection,
  errand: DistrictCommandRequest,
): Promise<Map<string, CommandReport>> {
  const { clock, district, root, commandId, timeoutMs } = errand;
  const presences = new Map<string, string>();
  const reports = new Map<string, CommandReport>();
  let gathered = false;
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      for (const timer of [giveUp, gathering]) timer.cancel();
    };
    const failed = (error: Error): void => {
      stop();
      reject(error);
    };
    const over = (): void => {
      stop();
      for (const [unit, presence] of presences) {
        if (reports.has(unit)) continue;
        const away = presence === "offline";
        const detail = away ? "it is offline" : silence(presence, timeoutMs);
        reports.set(unit, { result: "no-answer", detail });
      }
      resolve(new Map([...reports].sort(([one], [other]) => (one < other ? -1 : 1))));
    };
    const allHere = (): boolean =>
      [...presences].every(([unit, presence]) => presence === "offline" || reports.has(unit));
    const giveUp = clock.after(timeoutMs, over);
    const gathering = clock.after(Math.min(GATHER_MS, timeoutMs), () => {
      gathered = true;
      if (allHere()) over();
    });
    connection.onClose((why) => {
      failed(new Error(`the connection to the broker ended: ${why}`));
    });
    connection.onMessage((message) => {
      const unit = unitOfTopic(message.topic);
      const said = readObject(message);
      if (unit === undefined || said === undefined) return;
      if (message.topic.endsWith("/cmdres")) {
        if (said["commandId"] === commandId) reports.set(unit, reportOf(said));
      } else {
        const isNew = !presences.has(unit);
        presences.set(unit, String(said["availability"]));
        // Also to one that is away: it counts for whoever is back in time.
        if (isNew) send(connection, errand, unitTopics(district, unit, root)).catch(failed);
      }
      if (gathered && allHere()) over();
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
