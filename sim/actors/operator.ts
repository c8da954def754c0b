/** An operator at the district who sends signed commands through the broker; and a forger. */
import { createPrivateKey, type KeyObject } from "node:crypto";
import type { Clock } from "../../hal/clock.ts";
import { COMMAND_NAMES } from "../../src/core/command.ts";
import { audienceOf } from "../../src/protocol/command.ts";
import { COMMAND_TOKEN_TYPE } from "../../src/protocol/command.ts";
import { type Command } from "../../src/protocol/command.ts";
import { signToken } from "../../src/protocol/signed-token.ts";
import { unitTopics } from "../../src/protocol/topics.ts";

/** What can be wrong with a command, so that it must do nothing. */
export const COMMAND_FLAWS = [
  /** Signed by somebody else under the operator's name. */
  "forged",
  "unknown-key",
  /** One character of the signed text differs. */
  "changed",
  "expired",
  "early",
  /** Valid for longer than any command may be. */
  "lasting",
  /** For another unit. */
  "elsewhere",
  /** On another command's topic. */
  "misnamed",
  "cut-short",
  /** The last good one once more. */
  "replayed",
] as const;
export type CommandFlaw = (typeof COMMAND_FLAWS)[number];

/** Flaws that only the unit's wall clock can tell. */
export const DATED_FLAWS: readonly CommandFlaw[] = ["expired", "early"];

const KEY_ID = "operator-1";
/** RFC 8410 §7: the fixed start of a PKCS #8 Ed25519 private key. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");
const VALID_SECONDS = 60;
const HOUR_SECONDS = 3_600;

const keyOf = (byte: number): KeyObject =>
  createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, Buffer.alloc(32, byte)]),
    format: "der",
    type: "pkcs8",
  });

/** Signs and sends; what it sends is the same in every run. */
export class Operator {
  readonly #key = keyOf(1);
  readonly #forger = keyOf(2);
  readonly #clock: Clock;
  readonly #address: { district: string; unitId: string };
  readonly #send: (topic: string, payload: string) => void;
  #counter = 0;
  #settingsVersion = 0;
  #last: { name: string; text: string } | undefined;

  /** @param clock the true time */
  constructor(
    clock: Clock,
    address: { district: string; unitId: string },
    send: (topic: string, payload: string) => void,
  ) {
    this.#clock = clock;
    this.#address = address;
    this.#send = send;
  }

  /** The file that lets a unit obey this operator. */
  keyFile(): string {
    const { x: key } = this.#key.export({ format: "jwk" });
    const may = [...COMMAND_NAMES];
    return JSON.stringify({ keys: [{ id: KEY_ID, owner: "simulated operator", key, may }] });
  }

  /** Sends a command; one with a flaw must do nothing. */
  give(command: Command, commandId: string, why: string, flaw?: CommandFlaw): void {
    if (flaw === "replayed") {
      if (this.#last !== undefined) this.#publish(this.#last.name, this.#last.text);
      return;
    }
    const text = this.#sign(command, commandId, why, flaw);
    const { name } = command;
    if (flaw === undefined) this.#last = { name, text };
    if (flaw === "cut-short") this.#publish(name, text.slice(0, -20));
    else if (flaw === "changed") this.#publish(name, change(text));
    else if (flaw === "misnamed") this.#publish(name === "release" ? "message" : "release", text);
    else this.#publish(name, text);
  }

  /**
   * Sends settings for the unit: all that are to differ from its own file.
   * @returns the version under which the unit reports them
   */
  publishSettings(values: Readonly<Record<string, unknown>>, flaw?: CommandFlaw): number {
    this.#settingsVersion += 1;
    const version = this.#settingsVersion;
    this.give({ name: "settings", version, values }, `settings-${version}`, "settings", flaw);
    return version;
  }

  #sign(command: Command, commandId: string, why: string, flaw: CommandFlaw | undefined): string {
    const { district, unitId } = this.#address;
    const shift = { expired: -HOUR_SECONDS, early: HOUR_SECONDS };
    const nowS = Math.floor(this.#clock.wallMs() / 1_000);
    const nbf = nowS + (flaw === "expired" || flaw === "early" ? shift[flaw] : 0);
    const claims = {
      aud: audienceOf(district, flaw === "elsewhere" ? `${unitId}-2` : unitId),
      jti: commandId,
      nbf,
      exp: nbf + (flaw === "lasting" ? HOUR_SECONDS : VALID_SECONDS),
      cnt: ++this.#counter,
      why,
      cmd: command,
    };
    const key = flaw === "forged" ? this.#forger : this.#key;
    return signToken(claims, COMMAND_TOKEN_TYPE, flaw === "unknown-key" ? "nobody" : KEY_ID, key);
  }

  #publish(name: string, text: string): void {
    const { district, unitId } = this.#address;
    this.#send(unitTopics(district, unitId).command(name), text);
  }
}

/** Another character in the middle of the claims. */
function change(text: string): string {
  const at = Math.floor(text.length / 2);
  return `${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}`;
}
