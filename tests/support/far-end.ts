/** The far end of a pseudo-terminal pair, as a device there would hold it. */
import { SerialPort } from "serialport";

export interface FarEnd {
  send(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Opens the terminal and hands on what arrives. */
export async function openFarEnd(
  path: string,
  receive: (bytes: Uint8Array) => void,
): Promise<FarEnd> {
  const port = new SerialPort({ path, baudRate: 115_200, autoOpen: false });
  port.on("error", () => {});
  port.on("data", receive);
  await new Promise<void>((resolve, reject) => {
    port.open((error) => {
      if (error) reject(error);
      else resolve();
    });
  });
  return {
    send: (bytes) =>
      new Promise((resolve, reject) => {
        port.write(Buffer.from(bytes), (error) => {
          if (error) reject(error);
          else resolve();
        });
      }),
    close: () =>
      new Promise((resolve) => {
        if (port.isOpen) port.close(() => resolve());
        else resolve();
      }),
  };
}
