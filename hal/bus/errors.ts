/** What can go wrong on a bus, as a closed set, so that a driver can decide on the kind. */

/**
 * - `absent`: the bus or its device node is not there (unplugged, never plugged, wrong path)
 * - `no-acknowledge`: the addressed chip did not answer
 * - `timeout`: nothing came within the time the protocol allows
 * - `corrupt`: bytes came, but their check (PEC, checksum, framing) failed
 * - `busy`: someone else holds it
 * - `denied`: the operating system refused access
 * - `closed`: used after it was closed or lost
 * - `unsupported`: this implementation cannot do that
 */
export type BusErrorKind =
  | "absent"
  | "no-acknowledge"
  | "timeout"
  | "corrupt"
  | "busy"
  | "denied"
  | "closed"
  | "unsupported";

/** Where it happened; every field is safe to log (never a card's or a code's content). */
export interface BusErrorContext {
  /** e.g. `i2c-1`, `/dev/ttyUSB0`, `gpio`, `camera` */
  bus: string;
  /** What was attempted, as a short phrase: `reading register 0x07`. */
  during: string;
  /** 7-bit I2C address, where there is one. */
  address?: number;
  /** What the other side or the system reported. */
  detail?: string;
}

/** An operating fault of a bus. It becomes a device status the core decides on, never a crash. */
export class BusError extends Error {
  override readonly name = "BusError";
  readonly kind: BusErrorKind;
  readonly context: BusErrorContext;

  constructor(kind: BusErrorKind, context: BusErrorContext, options?: ErrorOptions) {
    const where =
      context.address === undefined
        ? context.bus
        : `${context.bus} address 0x${context.address.toString(16).padStart(2, "0")}`;
    const detail = context.detail === undefined ? "" : ` (${context.detail})`;
    super(`${kind} on ${where} while ${context.during}${detail}`, options);
    this.kind = kind;
    this.context = context;
  }
}
