/** Creates and keeps the two secrets of a unit: that of its own screen, and the token of its staff. */
import { randomBytes, randomInt } from "node:crypto";
import { mkdir, open, readFile, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { UnitConfig } from "../config/unit.ts";
import { screenPageOf, staffTokenOf } from "../store/sidecar-files.ts";
import type { Log } from "../unit/log.ts";
import { errorText } from "../base/errors.ts";

const OWNER_ONLY = 0o600;
const SCREEN_SECRET = /#screen=([\w-]{43})"/;
const SCREEN_SECRET_BYTES = 32;
// Letters and digits that are not mistaken for one another; 24 of them hold 118 bits.
const TOKEN_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";
const TOKEN_GROUPS = 4;
const TOKEN_GROUP = 6;
const SHORTEST_TOKEN = 12;

export interface DoorSecrets {
  screenSecret: string;
  /** Absent where none is configured and none could be kept. */
  operatorToken?: string;
}

/** The page that opens the unit's own screen. */
export const screenPage = ({ http, store }: UnitConfig): string =>
  http.screenPage ?? screenPageOf(store.path);

/** The token that staff sign in with, where the configuration names none. */
export const staffTokenFile = ({ http, store }: UnitConfig): string =>
  http.operatorTokenFile ?? staffTokenOf(store.path);

/**
 * The unit's secrets, made where they are missing. They outlive a restart: the screen stays the
 * unit's own, and staff keep their token. Never rejects: the door works without either, and the log
 * says what could not be kept.
 */
export async function recallSecrets(config: UnitConfig, log: Log): Promise<DoorSecrets> {
  const page = await readPrivate(screenPage(config));
  const known = SCREEN_SECRET.exec(page ?? "")?.[1];
  const operatorToken = config.http.operatorToken ?? (await staffToken(config, log));
  return {
    screenSecret: known ?? randomBytes(SCREEN_SECRET_BYTES).toString("base64url"),
    ...(operatorToken === undefined ? {} : { operatorToken }),
  };
}

/** Writes the page that the kiosk's browser opens first, once it is known where the unit is served. */
export async function placeScreenPage(
  config: UnitConfig,
  secret: string,
  url: string,
  log: Log,
): Promise<void> {
  const file = screenPage(config);
  try {
    // A fragment is sent to no server and stands in no log.
    await writePrivate(file, pageTo(`${url}kiosk#screen=${secret}`));
    log("screen-page", { file });
  } catch (error) {
    log("screen-page-not-written", { file, why: errorText(error) });
  }
}

const pageTo = (url: string): string =>
  `<!doctype html>\n<meta charset="utf-8">\n<title>Digital Sentinel</title>\n` +
  `<meta http-equiv="refresh" content="0; url=${url}">\n`;

async function staffToken(config: UnitConfig, log: Log): Promise<string | undefined> {
  const file = staffTokenFile(config);
  const known = (await readPrivate(file))?.trim();
  if (known !== undefined && known.length >= SHORTEST_TOKEN) return known;
  const token = Array.from({ length: TOKEN_GROUPS }, () =>
    Array.from({ length: TOKEN_GROUP }, () => TOKEN_LETTERS[randomInt(TOKEN_LETTERS.length)]).join(
      "",
    ),
  ).join("-");
  try {
    await writePrivate(file, `${token}\n`);
    log("staff-token-made", { file });
    return token;
  } catch (error) {
    log("staff-token-not-kept", { file, why: errorText(error) });
    return undefined;
  }
}

/** A file's text; none where it is missing or others could read or write it: then it is no secret. */
async function readPrivate(file: string): Promise<string | undefined> {
  try {
    const { mode } = await stat(file);
    return (mode & 0o077) === 0 ? await readFile(file, "utf8") : undefined;
  } catch {
    return undefined;
  }
}

/** All of it or, after a power cut, what was there before. */
async function writePrivate(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const next = await open(`${file}.new`, "w", OWNER_ONLY);
  try {
    await next.chmod(OWNER_ONLY);
    await next.writeFile(text);
    await next.sync();
  } finally {
    await next.close();
  }
  await rename(`${file}.new`, file);
}
