/** Values in a driver's settings, each with a message that says what would be right. */
import { z } from "zod";

/** A number between two bounds, both included. */
export function numberFrom(least: number, most: number): z.ZodNumber {
  const message = `expected a number from ${least} to ${most}`;
  return z.number(message).min(least, message).max(most, message);
}

/** A whole number between two bounds, both included. */
export function wholeFrom(least: number, most: number): z.ZodNumber {
  const message = `expected a whole number from ${least} to ${most}`;
  return z.number(message).int(message).min(least, message).max(most, message);
}

/** Characters that cannot be seen and change how the rest is shown, or end the line. */
const UNSEEN = /^[^\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]*$/u;

/** A text that is not blank and holds no control characters. */
export function text(most = 200): z.ZodString {
  const message = `expected a text of 1 to ${most} characters`;
  return z
    .string(message)
    .min(1, message)
    .max(most, message)
    .regex(/\S/, message)
    .refine((value) => UNSEEN.test(value), "expected a text without control characters");
}

/** A path of a file or device (Linux takes 4,096 bytes at most). */
export const path = (): z.ZodString => text(4_096);

/** A line of the board's header, as its documentation numbers it. */
export const headerLine = (): z.ZodNumber => wholeFrom(0, 53).describe("BCM number");
