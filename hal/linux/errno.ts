/** Errors of Linux as errors of the bus contracts. */
import { BusError } from "../bus/errors.ts";
import type { BusErrorContext, BusErrorKind } from "../bus/errors.ts";

// Documentation/i2c/fault-codes.rst of the kernel for the I2C codes; the adapters of the Raspberry
// Pi answer a missing chip with EREMOTEIO (bcm2835) or ENXIO, i2c-stub with ENODEV.
const KINDS: Readonly<Record<string, BusErrorKind>> = {
  ENOENT: "absent",
  ENODEV: "absent",
  EINVAL: "absent",
  EACCES: "denied",
  EPERM: "denied",
  EROFS: "denied",
  EBUSY: "busy",
  EAGAIN: "busy",
  EREMOTEIO: "no-acknowledge",
  ENXIO: "no-acknowledge",
  EIO: "no-acknowledge",
  ETIMEDOUT: "timeout",
  EBADMSG: "corrupt",
  EPROTO: "corrupt",
  EOPNOTSUPP: "unsupported",
  ENOTSUP: "unsupported",
  ENOTTY: "unsupported",
  EBADF: "closed",
  ERR_MODULE_NOT_FOUND: "absent",
  MODULE_NOT_FOUND: "absent",
  ERR_DLOPEN_FAILED: "unsupported",
};

/**
 * Wraps a system error. What has no known meaning counts as `absent`: the device cannot be used.
 * @param overrides meanings that differ in this situation, e.g. ENODEV during a transaction
 */
export function toBusError(
  error: unknown,
  context: BusErrorContext,
  overrides: Readonly<Record<string, BusErrorKind>> = {},
): BusError {
  if (error instanceof BusError) return error;
  const code = codeOf(error);
  const kind = overrides[code] ?? KINDS[code] ?? "absent";
  const detail = error instanceof Error ? error.message : String(error);
  return new BusError(kind, { ...context, detail }, { cause: error });
}

function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return String(error.code);
}
