/** The part of firmata-io 2.3 the panel uses; the package brings no types of its own. */
declare module "firmata-io" {
  import type { EventEmitter } from "node:events";
  import type { IoPlugin } from "johnny-five";

  /** What a Firmata client speaks through: emits `data` and `open`. */
  export interface Transport extends EventEmitter {
    readonly path: string;
    write(bytes: Uint8Array, written: () => void): void;
  }

  export interface FirmataBoard extends IoPlugin {
    /** A timer of the library's own, set at construction. */
    readonly reportVersionTimeoutId: NodeJS.Timeout;
    reportVersion(answered: () => void): void;
    queryFirmware(answered: () => void): void;
  }

  const binding: { Firmata: new (transport: Transport) => FirmataBoard };
  export default binding;
}
