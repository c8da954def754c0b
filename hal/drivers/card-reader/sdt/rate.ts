/** Finds the rate a reader is set to by asking for its status at each one it can have. */
import { BusError } from "../../../bus/errors.ts";
import { REQUESTS } from "./frame.ts";
import type { SdtLink } from "./link.ts";

/** Rates of command 60, parameters 00 to 04; the first is the one readers leave the factory with. */
export const BAUD_RATES: readonly number[] = [115_200, 57_600, 38_400, 19_200, 9_600];

// The shortest answer takes 12 ms at 9600 baud; a module answers its status at once.
const ANSWER_WAIT_MS = 500;

/**
 * Leaves the line at the rate at which a whole answer came, and returns that rate.
 * @throws BusError `timeout` when the reader is silent at all of them
 */
export async function detectBaudRate(link: SdtLink, path: string): Promise<number> {
  // Twice at the usual rate: a module that has just got power sleeps through the first question.
  for (const rate of [...BAUD_RATES.slice(0, 1), ...BAUD_RATES]) {
    await link.setBaudRate(rate);
    const reply = await link.ask(REQUESTS.samStatus, ANSWER_WAIT_MS);
    if (reply.kind === "answer") return rate;
    // A request at the wrong rate may have made the reader answer in what looks like noise.
    await link.drain();
  }
  throw new BusError("timeout", {
    bus: path,
    during: "asking the card reader for its status",
    detail: `no answer at ${BAUD_RATES.join(", ")} baud; is this the reader's port?`,
  });
}
