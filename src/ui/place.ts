/** Where somebody asks from, so that limits count one machine as one. */
import { isIPv6 } from "node:net";

/** A machine has as many IPv6 addresses as it likes; the first four groups are its network's. */
const GROUPS_OF_A_PLACE = 4;

/** The address, or for IPv6 the network it belongs to. */
export function placeOf(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  // On a link every machine makes its own: there the groups in front are the same for all.
  if (/^fe[89ab]/i.test(address)) return address;
  const [head = "", tail] = address.split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - after.length);
  const whole = [...groups, ...Array.from({ length: zeros }, () => "0"), ...after];
  return whole.slice(0, GROUPS_OF_A_PLACE).join(":");
}
