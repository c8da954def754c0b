/** Verifies commands of the district: signature, audience, dates and counter; each takes effect at most once. */
import type { KeyValueStore } from "../base/key-value-store.ts";
import type { CommandName } from "../core/command.ts";
import type { Authority } from "../core/record.ts";
import type { Clock } from "../../hal/clock.ts";
import { commandClaimsSchema } from "../protocol/message-schemas.ts";
import { openToken, TOKEN_ERRORS, type KeyRing } from "../protocol/signed-token.ts";
import {
  audienceOf,
  COMMAND_TOKEN_TYPE,
  LONGEST_COMMAND,
  LONGEST_VALIDITY_MS,
  type Command,
} from "../protocol/command.ts";

/** A command that passed every check. */
export interface VerifiedCommand {
  commandId: string;
  command: Command;
  authority: Authority;
}

/** Why a command did nothing. */
export const COMMAND_REFUSALS = [
  ...TOKEN_ERRORS,
  "not-allowed",
  "wrong-audience",
  "clock-untrusted",
  "not-yet-valid",
  "expired",
  "valid-too-long",
  "replayed",
  "memory-failed",
] as const;
export type CommandRefusal = (typeof COMMAND_REFUSALS)[number];

/** A command that did nothing. It has an id when its signature is valid and its sender gets an answer. */
export interface RefusedCommand {
  refused: CommandRefusal;
  commandId?: string;
}

export interface CommandVerifier {
  /** @param name last level of the topic; the signed text must name the same command */
  verify(name: string, payload: Uint8Array): Promise<VerifiedCommand | RefusedCommand>;
}

export interface CommandVerifierOptions {
  unitId: string;
  district: string;
  clock: Clock;
  /** Who may command. */
  keys: KeyRing;
  /** Which key may give which command; without it every key may give all. */
  may?: (keyId: string, name: CommandName) => boolean;
  memory: KeyValueStore;
}

/** Dates in a token are whole seconds. */
const SECOND_MS = 1_000;
/** A command dated further ahead than this was signed under a wrong clock. */
const SKEW_MS = 5_000;
interface Claims {
  audience: string;
  id: string;
  notBeforeMs: number;
  expiresMs: number;
  counter: number;
  why: string;
  command: Command;
}

/** A verifier that accepts a command once, or returns why it is refused. */
export function createCommandVerifier(options: CommandVerifierOptions): CommandVerifier {
  // One after another: two copies of a command that arrive together must not both be the first.
  let turn: Promise<unknown> = Promise.resolve();
  const { clock } = options;
  const begunAtMs = clock.monotonicMs();
  // Calculated from now: a clock that was wrong at the start may be right by now.
  const begunWallMs = (): number => clock.wallMs() - (clock.monotonicMs() - begunAtMs);
  const told = new Map<string, number>();
  return {
    verify(name, payload) {
      const verdict = turn.then(() => verify(options, begunWallMs, told, name, payload));
      turn = verdict;
      return verdict;
    },
  };
}

/** @param told highest counter of each key that was answered, to be kept from call to call */
async function verify(
  options: CommandVerifierOptions,
  begunWallMs: () => number,
  told: Map<string, number>,
  name: string,
  payload: Uint8Array,
): Promise<VerifiedCommand | RefusedCommand> {
  const token = openToken(payload, COMMAND_TOKEN_TYPE, options.keys, LONGEST_COMMAND);
  if ("error" in token) return { refused: token.error };
  const claims = readClaims(token.claims);
  if (claims === undefined || claims.command.name !== name) return { refused: "malformed" };
  const { id: commandId, command, why, counter } = claims;
  const refused =
    validateClaims(options, token.keyId, claims) ??
    (await consumeCounter(options.memory, token.keyId, claims, begunWallMs()));
  if (refused === "wrong-audience" || refused === "replayed") return { refused };
  // A replayed command is not answered again: replays must not fill the answers.
  const before = told.get(token.keyId) ?? 0;
  if (counter > before) told.set(token.keyId, counter);
  if (refused === undefined) return { commandId, command, authority: { by: token.keyId, why } };
  return counter > before ? { refused, commandId } : { refused };
}

function validateClaims(
  options: CommandVerifierOptions,
  keyId: string,
  claims: Claims,
): CommandRefusal | undefined {
  const { unitId, district, clock, may } = options;
  const mine = [audienceOf(district, unitId), audienceOf(district)];
  if (!mine.includes(claims.audience)) return "wrong-audience";
  if (may?.(keyId, claims.command.name) === false) return "not-allowed";
  // Without a trusted clock a command that was held back looks like a fresh one.
  if (!clock.wallTrusted()) return "clock-untrusted";
  const nowMs = clock.wallMs();
  if (nowMs < claims.notBeforeMs - SKEW_MS) return "not-yet-valid";
  if (nowMs >= claims.expiresMs) return "expired";
  if (claims.expiresMs - claims.notBeforeMs > LONGEST_VALIDITY_MS) return "valid-too-long";
  return undefined;
}

/** Persists the counter before the command takes effect: at most once, also across a crash. */
async function consumeCounter(
  memory: KeyValueStore,
  keyId: string,
  { counter, notBeforeMs }: Claims,
  begunWallMs: number,
): Promise<CommandRefusal | undefined> {
  const name = `command-counter:${keyId}`;
  try {
    const last = await memory.get(name);
    if (counter <= Number(last ?? 0)) return "replayed";
    // The stored counters may be lost: a command signed before this start may have been used already.
    if (last === undefined && notBeforeMs + SECOND_MS <= begunWallMs) return "replayed";
    await memory.set(name, String(counter));
    return undefined;
  } catch {
    return "memory-failed";
  }
}

function readClaims(value: Readonly<Record<string, unknown>>): Claims | undefined {
  const read = commandClaimsSchema.safeParse(value);
  if (!read.success) return undefined;
  const { aud, jti, nbf, exp, cnt, why, cmd } = read.data;
  return {
    audience: aud,
    id: jti,
    notBeforeMs: nbf * 1_000,
    expiresMs: exp * 1_000,
    counter: cnt,
    why,
    command: cmd,
  };
}
