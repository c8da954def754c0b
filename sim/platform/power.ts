/** Where a simulated unit's uplink is plugged in: connected as the unit boots, gone as it stops. */
import { createUplink, type Uplink, type UplinkOptions } from "../../src/uplink/uplink.ts";
import type { Backend } from "../doorway/doorway.ts";

export interface UplinkSocket extends Pick<Backend, "connect" | "disconnect"> {
  /** Of the unit now running. */
  uplink(): Uplink | undefined;
}

/**
 * Makes the half of a backend that carries records away.
 *
 * @param options of the uplink of the n-th boot, counted from 1
 */
export function createUplinkSocket(
  options: (boot: number) => Omit<UplinkOptions, "onDelivered">,
): UplinkSocket {
  let boots = 0;
  let uplink: Uplink | undefined;
  let forget: () => void = () => {};
  return {
    uplink: () => uplink,
    connect(unit) {
      boots += 1;
      uplink = createUplink({
        ...options(boots),
        onDelivered: (from, to) => unit.delivered(from, to),
      });
      forget = uplink.onLink((ok) => {
        unit.dispatch({ kind: "link-changed", link: "broker", ok });
      });
      uplink.onCommand(({ command, commandId, authority }) => {
        const { name } = command;
        const judged =
          name === "settings"
            ? { name, version: command.version, problem: "a simulated unit has no settings" }
            : command;
        unit.dispatch({ kind: "commanded", command: judged, commandId, authority });
      });
      uplink.start();
    },
    async disconnect() {
      const stopping = uplink;
      // Saying goodbye is no loss of the broker.
      forget();
      uplink = undefined;
      await stopping?.stop();
    },
  };
}
