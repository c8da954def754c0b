/** Reads a drawn code back, through the engine that stands at the door. */
import { createInlineEngine } from "../../../hal/drivers/code-reader/engine/engine.ts";
import { readPicture } from "../../../src/picture/read.ts";

/** The texts in a picture. */
export async function textsIn(bytes: Uint8Array): Promise<string[]> {
  const engine = createInlineEngine();
  await engine.ready();
  const { codes } = await engine.decode(readPicture(bytes));
  await engine.close();
  return codes.map(({ text }) => text);
}
