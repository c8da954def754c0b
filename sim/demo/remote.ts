/** The district at the page of the doorway: sends signed commands, and a forged one, over the broker. */
import { generateKeyPairSync, randomUUID, type KeyObject } from "node:crypto";
import type { Clock } from "../../hal/clock.ts";
import type { DistrictOrder } from "./ports.ts";
import { audienceOf } from "../../src/protocol/command.ts";
import { COMMAND_TOKEN_TYPE } from "../../src/protocol/command.ts";
import { type Command } from "../../src/protocol/command.ts";
import { createMqttJsLink } from "../../src/mqtt/mqttjs.ts";
import { sendCommand, type CommandReport } from "../../src/district/command-client.ts";
import { signToken } from "../../src/protocol/signed-token.ts";
import { unitTopics } from "../../src/protocol/topics.ts";

export interface Remote {
  /** Raw public key, base64url: what the unit has to know of it. */
  readonly publicKey: string;
  /** Signs, sends and waits for the result. Rejects when the broker cannot be reached. */
  order(order: DistrictOrder, brokerUrl: string): Promise<CommandReport>;
}

/** Names the page's key in commands and records. */
export const REMOTE_KEY_ID = "district-page";
const VALID_SECONDS = 30;
const WAIT_MS = 3_000;

const COMMANDS: Readonly<Record<DistrictOrder, Command>> = {
  release: { name: "release" },
  "forged-release": { name: "release" },
  "lock-down": { name: "lock-down", active: true },
  "lift-lock-down": { name: "lock-down", active: false },
  evacuate: { name: "evacuate", active: true },
  "lift-evacuation": { name: "evacuate", active: false },
};

/** Makes a key for this session and commands with it. */
export function createRemote(
  clock: Clock,
  { district, unitId }: { district: string; unitId: string },
): Remote {
  const { privateKey } = generateKeyPairSync("ed25519");
  const { privateKey: forger } = generateKeyPairSync("ed25519");
  let counter = 0;
  const sign = (command: Command, commandId: string, key: KeyObject): string => {
    counter = Math.max(Math.floor(clock.wallMs()), counter + 1);
    const nowSeconds = Math.floor(clock.wallMs() / 1_000);
    const claims = {
      aud: audienceOf(district, unitId),
      jti: commandId,
      nbf: nowSeconds,
      exp: nowSeconds + VALID_SECONDS,
      cnt: counter,
      why: "ordered at the page of the doorway",
      cmd: command,
    };
    return signToken(claims, COMMAND_TOKEN_TYPE, REMOTE_KEY_ID, key);
  };
  return {
    publicKey: privateKey.export({ format: "jwk" }).x ?? "",
    order(order, brokerUrl) {
      const command = COMMANDS[order];
      const commandId = randomUUID();
      // A forger knows the key's name, and not the key.
      const key = order === "forged-release" ? forger : privateKey;
      return sendCommand({
        link: createMqttJsLink({ url: brokerUrl, version: "3.1.1" }),
        clock,
        topics: unitTopics(district, unitId),
        name: command.name,
        commandId,
        payload: sign(command, commandId, key),
        validSeconds: VALID_SECONDS,
        timeoutMs: WAIT_MS,
      });
    },
  };
}
