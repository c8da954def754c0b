/** A real mosquitto for a test: its own process, port and folder, gone when the test is. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROGRAM = "/usr/sbin/mosquitto";

export interface Mosquitto {
  readonly port: number;
  readonly url: string;
  /** Where its configuration and its database are. */
  readonly folder: string;
  /** Starts it again, at the same port and with the same configuration. */
  start(): Promise<void>;
  /** SIGTERM: it saves what it is configured to save. */
  stop(): Promise<void>;
  /** SIGKILL: it saves nothing. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT: connections stand, nothing answers. */
  pause(paused: boolean): void;
  /** Ends it and removes its folder. */
  dispose(): Promise<void>;
}

/** A port nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/**
 * Starts a broker on a free port.
 *
 * @param settings lines of mosquitto.conf beside listener and user; `{folder}` stands for its folder
 */
export async function startMosquitto(
  settings: readonly string[] = ["allow_anonymous true"],
  listen = true,
): Promise<Mosquitto> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "sentinel-mosquitto-"));
  const config = join(folder, "mosquitto.conf");
  // Root is the user it would otherwise leave, together with the folder it may write to.
  const lines = [
    "user root",
    ...(listen ? [`listener ${port} 127.0.0.1`] : []),
    ...settings.map((line) => line.replaceAll("{folder}", folder).replaceAll("{port}", `${port}`)),
  ];
  writeFileSync(config, `${lines.join("\n")}\n`);
  let child: ChildProcess | undefined;
  let output = "";

  const start = async (): Promise<void> => {
    const started = spawn(PROGRAM, ["-c", config], { stdio: ["ignore", "pipe", "pipe"] });
    child = started;
    const keep = (text: Buffer): void => {
      output = (output + text.toString()).slice(-4_000);
    };
    started.stdout.on("data", keep);
    started.stderr.on("data", keep);
    for (let attempt = 0; attempt < 200; attempt++) {
      if (started.exitCode !== null) throw new Error(`mosquitto ended at once: ${output}`);
      if (await answers(port)) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`mosquitto does not listen on ${port}: ${output}`);
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child;
    child = undefined;
    if (ending === undefined || ending.exitCode !== null) return;
    const gone = once(ending, "exit");
    ending.kill(signal);
    await gone;
  };

  await start();
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    folder,
    start,
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    pause(paused) {
      child?.kill(paused ? "SIGSTOP" : "SIGCONT");
    },
    async dispose() {
      await end("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
