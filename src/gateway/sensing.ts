/** Readings become events: each device's listeners, turned into what the core understands. */
import type { Clock } from "../../hal/clock.ts";
import type {
  CardReader,
  CodePart,
  CodeReader,
  Device,
  DoorContacts,
  Gate,
  Panel,
  TemperatureReading,
  Thermometer,
} from "../../hal/devices.ts";
import { CARD_READERS, CODE_READERS } from "../core/alarm.ts";
import type { CardReaderName, CodeReaderName, DeviceName } from "../core/alarm.ts";
import type { Event } from "../core/event.ts";
import type { Credential, EvidenceOf } from "../core/evidence/evidence.ts";
import type { Instant } from "../core/time.ts";
import type { CredentialVerifier } from "./ports.ts";

/** The devices of a unit. A gate is a must; whatever else is missing is simply not there. */
export interface Devices {
  /** Named in their order: the first `code-reader`, the next `code-reader-2`, and so on. */
  codeReaders?: readonly CodeReader[];
  cardReaders?: readonly CardReader[];
  thermometer?: Thermometer;
  gate: Gate;
  panel?: Panel;
  doorContacts?: DoorContacts;
}

type Bare = Event extends infer E ? (E extends Event ? Omit<E, "at" | "ref"> : never) : never;

/** An event as sensing knows it: the gateway adds the moment and the reference. */
export type UndatedEvent = Bare;

/** Where events go. `marks` are monotonic times for the visit this event may open. */
export type Emit = (event: UndatedEvent, marks?: ReadTimings) => void;

/** When a reading passed each stage, monotonic ms. */
export interface ReadTimings {
  /** First frame or last byte that held it. */
  readyAtMs: number;
  decodedAtMs: number;
  verifiedAtMs: number;
}

/** Connects every device; returns how each one is named. Nothing is started yet. */
export function connectDevices(
  devices: Devices,
  clock: Clock,
  verifier: CredentialVerifier,
  emit: Emit,
): [DeviceName, Device][] {
  const named: [DeviceName, Device][] = [["gate", devices.gate]];
  // Until the contacts report that they work, they report the state in which they were found.
  let looking = false;
  const { codeReaders = [], cardReaders = [], thermometer, panel, doorContacts } = devices;
  devices.gate.onChange((state) => emit({ kind: "gate-changed", state }));
  for (const [name, reader] of numbered(CODE_READERS, codeReaders)) {
    named.push([name, reader]);
    senseCodes(name, reader, { clock, verifier, emit });
  }
  for (const [name, reader] of numbered(CARD_READERS, cardReaders)) {
    named.push([name, reader]);
    senseCards(name, reader, { clock, verifier, emit });
  }
  if (thermometer !== undefined) {
    named.push(["thermometer", thermometer]);
    senseTemperature(thermometer, clock, emit);
  }
  if (doorContacts !== undefined) {
    named.push(["door-contacts", doorContacts]);
    doorContacts.onContact((contact, active) =>
      emit({ kind: "contact-changed", contact, active, ...(looking ? {} : { found: true }) }),
    );
  }
  if (panel !== undefined) named.push(["panel", panel]);
  for (const [device, each] of named) {
    each.onHealth((health) => {
      if (health.state === "starting") return;
      if (device === "door-contacts" && health.state === "ok") looking = true;
      const detail = health.state === "failed" ? `${health.kind}: ${health.detail}` : "";
      emit({ kind: "device-changed", device, ok: health.state === "ok", detail });
    });
  }
  return named;
}

/** This moment on both clocks. */
export function instantOf(clock: Clock): Instant {
  return {
    monotonicMs: clock.monotonicMs(),
    wallMs: clock.wallMs(),
    wallTrusted: clock.wallTrusted(),
  };
}

/**
 * Each reader with its name, in their order.
 * @throws RangeError for more readers than there are names
 */
function numbered<N extends DeviceName, R>(
  names: readonly N[],
  readers: readonly R[],
): (readonly [N, R])[] {
  return readers.map((reader, index) => {
    const name = names[index];
    if (name !== undefined) return [name, reader] as const;
    throw new RangeError(`a unit has at most ${names.length} devices named ${names[0]}`);
  });
}

/** Where readings of a reader go. */
interface ReadingPath {
  clock: Clock;
  verifier: CredentialVerifier;
  emit: Emit;
}

function senseCodes(
  name: CodeReaderName,
  reader: CodeReader,
  { clock, verifier, emit }: ReadingPath,
): void {
  reader.onReading(({ code, frameAtMs, decodedAtMs }) => {
    verifier.code(code.bytes, code.text, instantOf(clock)).then(
      (verified) => {
        const verifiedAtMs = clock.monotonicMs();
        const credential = code.part === undefined ? verified : partOf(verified, code.part);
        emit(
          { kind: "credential-presented", credential, by: "code", shownAtMs: frameAtMs },
          { readyAtMs: frameAtMs, decodedAtMs, verifiedAtMs },
        );
      },
      // The verifier promises not to reject; if it does, nothing was established about the code.
      (error: unknown) => emit({ kind: "read-failed", device: name, detail: nameOf(error) }),
    );
  });
}

/** One of several symbols that carry a code together is no credential by itself, whatever its text is. */
function partOf({ reference }: Credential, { number, of }: CodePart): Credential {
  const reasons = [{ code: "parts-missing" as const, params: { part: number, of } }];
  return { kind: "unknown", isValid: false, reasons, reference, evidence: [] };
}

function senseCards(
  name: CardReaderName,
  reader: CardReader,
  { clock, verifier, emit }: ReadingPath,
): void {
  reader.onReading(({ content, foundAtMs, lastByteAtMs }) => {
    const decodedAtMs = clock.monotonicMs();
    verifier.card(content, instantOf(clock)).then(
      (credential) => {
        const verifiedAtMs = clock.monotonicMs();
        emit(
          { kind: "credential-presented", credential, by: "card", shownAtMs: foundAtMs },
          { readyAtMs: lastByteAtMs, decodedAtMs, verifiedAtMs },
        );
      },
      (error: unknown) => emit({ kind: "read-failed", device: name, detail: nameOf(error) }),
    );
  });
  reader.onFailure(({ kind }) => emit({ kind: "read-failed", device: name, detail: kind }));
}

// A message may quote what it choked on, and that may be a person's name: only the kind is kept.
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : "unknown");

function senseTemperature(thermometer: Thermometer, clock: Clock, emit: Emit): void {
  let measurements = 0;
  thermometer.onReading((reading) => {
    measurements += 1;
    const evidence = temperatureEvidence(reading, `temperature-${measurements}`, clock);
    emit({ kind: "temperature-measured", evidence });
  });
  thermometer.onFailure((failure) => emit({ kind: "temperature-failed", failure }));
  thermometer.onPresence((present) => emit({ kind: "presence-changed", present }));
}

function temperatureEvidence(
  reading: TemperatureReading,
  id: string,
  clock: Clock,
): EvidenceOf<"temperature"> {
  const { estimateC, skinC, ambientC, spreadK } = reading;
  return {
    id,
    kind: "temperature",
    trust: "observed",
    source: { name: "thermometer" },
    observedAt: instantOf(clock),
    estimateC,
    skinC,
    ambientC,
    spreadK,
  };
}
