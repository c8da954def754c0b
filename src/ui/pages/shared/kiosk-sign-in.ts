/** Makes the page that the unit's own screen opens first known to the unit. */
import { post, RefusedError } from "../shared/unit-stream.ts";

const SECRET = /^#screen=([\w-]+)$/;
const RETRY_MS = 1_000;

/**
 * Shows the unit the secret in the page's address, and takes it out of there. Resolves when the unit
 * has answered: whoever is refused sees what anybody sees.
 */
export async function signInKiosk(): Promise<void> {
  const secret = SECRET.exec(location.hash)?.[1];
  if (secret === undefined) return;
  for (;;) {
    try {
      await post("/api/screen/open", { secret });
      break;
    } catch (error) {
      if (error instanceof RefusedError) break;
      await new Promise((resolve) => {
        setTimeout(resolve, RETRY_MS);
      });
    }
  }
  history.replaceState(null, "", location.pathname);
}
