/** The online resolver over HTTPS: one question a token, small answers, no redirects. */
import type { DirectoryEntry } from "../core/evidence/directory.ts";
import type { ResolverClient } from "../credential/directory/resolver.ts";
import { directoryEntry } from "../data-sets/directory/entry.ts";

/** An entry has a few hundred bytes. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Asks with `POST {"token": …}`; 200 with a directory entry, or 404 where the token is not known.
 * @param secret asked at each question for what is sent as a bearer token
 */
export function createResolverClient(url: string, secret?: () => Promise<string>): ResolverClient {
  return {
    async ask(token, signal) {
      const bearer = await secret?.();
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        },
        body: JSON.stringify({ token }),
        // Whoever redirects could send the token anywhere.
        redirect: "error",
        signal,
      });
      if (response.status === 404) {
        await response.body?.cancel();
        return undefined;
      }
      if (!response.ok) throw new Error(`the resolver answered ${response.status}`);
      return readEntry(response);
    },
  };
}

async function readEntry(response: Response): Promise<DirectoryEntry> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER_BYTES) throw new Error("the resolver's answer is too long");
    chunks.push(chunk);
  }
  return directoryEntry.parse(JSON.parse(Buffer.concat(chunks).toString("utf8")));
}
