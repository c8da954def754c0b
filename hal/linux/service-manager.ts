/** Talks to systemd as sd_notify(3) does, from this very process, so that its watchdog believes it. */
import { createRequire } from "node:module";
import process from "node:process";
import type Koffi from "koffi";

/** What a unit tells its service manager. All of it is silence where there is none. */
export interface ServiceManager {
  ready(): void;
  stopping(): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  /** Proof of life; only ever call it when the unit really made progress. */
  alive(): void;
  /** How often `alive` is expected (ms), or undefined when nobody watches. */
  readonly watchdogMs: number | undefined;
}

type Send = (message: string) => void;

// From <sys/socket.h> on Linux.
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_NOSIGNAL = 0x4000;

/** sockaddr_un: family in the machine's order (little-endian here), then the path. */
function socketAddress(path: string): Buffer {
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  // A leading @ stands for the zero byte of an abstract address, which has no terminator.
  return path.startsWith("@")
    ? Buffer.concat([family, Buffer.from(`\0${path.slice(1)}`)])
    : Buffer.concat([family, Buffer.from(`${path}\0`)]);
}

function openSocket(path: string): Send {
  // Loaded only where it is needed: Node has no datagram sockets of this family.
  const koffi = createRequire(import.meta.url)("koffi") as typeof Koffi;
  const libc = koffi.load("libc.so.6");
  const socket = libc.func("int socket(int domain, int type, int protocol)");
  const sendto = libc.func(
    "long sendto(int fd, const void *data, size_t length, int flags, const void *to, uint32_t size)",
  );
  const descriptor = Number(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const address = socketAddress(path);
  return (message) => {
    const data = Buffer.from(message);
    // A manager that is not listening is not a fault of the door.
    sendto(descriptor, data, data.length, MSG_NOSIGNAL, address, address.length);
  };
}

/** @param environment where systemd put NOTIFY_SOCKET and WATCHDOG_USEC */
export function connectServiceManager(
  environment: NodeJS.ProcessEnv = process.env,
): ServiceManager {
  const path = environment.NOTIFY_SOCKET;
  const send: Send = path === undefined || path === "" ? () => {} : openSocket(path);
  const microseconds = Number(environment.WATCHDOG_USEC ?? Number.NaN);
  const forUs =
    environment.WATCHDOG_PID === undefined || Number(environment.WATCHDOG_PID) === process.pid;
  return {
    ready: () => send("READY=1"),
    stopping: () => send("STOPPING=1"),
    status: (text) => send(`STATUS=${text.replaceAll("\n", " ")}`),
    alive: () => send("WATCHDOG=1"),
    watchdogMs: forUs && Number.isFinite(microseconds) ? microseconds / 1_000 : undefined,
  };
}
