/** The key under which limits count a client, so that one machine counts as one. */
import { isIPv6 } from "node:net";

/** A machine has as many IPv6 addresses as it likes; the first four groups name its network (/64). */
const NETWORK_GROUPS = 4;

/** The address, or for IPv6 its /64 network. */
export function clientKeyOf(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  // Link-local addresses of all machines share their first groups: the whole address counts.
  if (/^fe[89ab]/i.test(address)) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length);
  const whole = [...groups, ...Array.from({ length: zeros }, () => "0"), ...after];
  return whole.slice(0, NETWORK_GROUPS).join(":");
}
