// What ends a command with a message for the person who typed it, and no stack trace.
export class Failure extends Error {}

/** What has to be made in a folder, and this user may not. */
export const mayNotWrite = (what, folder) =>
  new Failure(
    `${what}, and this user may not write in ${folder}: run the command once as the user who owns it, or in a copy of your own.`,
  );

export function say(message) {
  console.log(`digital-sentinel: ${message}`);
}
