/** The three decoders, loaded once for a process or worker. */
import { loadRxing } from "./rxing.ts";
import type { Rxing } from "./rxing.ts";
import { loadZbar } from "./zbar.ts";
import type { Zbar } from "./zbar.ts";
import { loadZxing } from "./zxing.ts";
import type { Zxing } from "./zxing.ts";

export interface Decoders {
  zxing: Zxing;
  zbar: Zbar;
  rxing: Rxing;
}

let loading: Promise<Decoders> | undefined;

/** Every decoder's wasm from disk; later calls share the first one's. */
export function loadDecoders(): Promise<Decoders> {
  loading ??= (async () => {
    const [zxing, zbar] = await Promise.all([loadZxing(), loadZbar()]);
    return { zxing, zbar, rxing: loadRxing() };
  })();
  return loading;
}
