/** A real nginx for a test: its own process, ports and folder, gone when the test is. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROGRAM = "/usr/sbin/nginx";

export interface Nginx {
  /** Ends it and removes its folder. */
  dispose(): Promise<void>;
}

/**
 * Starts nginx; resolves when it listens on the port.
 * @param servers what stands in its `http` block
 */
export async function startNginx(servers: string, port: number): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), "sentinel-nginx-"));
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join("\n");
  const config = join(folder, "nginx.conf");
  writeFileSync(
    config,
    `daemon off; pid ${join(folder, "pid")}; error_log stderr;\nevents {}\nhttp { access_log off;\n${temporary}\n${servers}\n}\n`,
  );
  const child = spawn(PROGRAM, ["-p", folder, "-e", "stderr", "-c", config], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await listens(port, () => {
    if (child.exitCode !== null) throw new Error(`nginx ended at once: ${said}`);
  });
  return {
    async dispose() {
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when something listens on a port of this machine. @param check throws when nothing ever will */
export async function listens(port: number, check: () => void): Promise<void> {
  for (;;) {
    check();
    const socket = connect(port, "127.0.0.1");
    const answered = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (answered) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
