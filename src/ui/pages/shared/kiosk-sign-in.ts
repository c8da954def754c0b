/** Signs the kiosk in, with the secret in the address of its first page. */
import { post, RefusedError } from "../shared/unit-stream.ts";

const SECRET = /^#screen=([\w-]+)$/;
const RETRY_MS = 1_000;

/**
 * Sends the secret in the page's address to the unit, and removes it from the address. Resolves when the
 * unit has answered; after a refusal the page shows what a stranger may see.
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
