/**
 * Evidence that a device observes during a visit. A new kind (a face match, a badge) is a member of
 * `Evidence`, one entry here and the rule that rests on it: the visit waits for it, asks its device
 * for it and takes it in as it does with a temperature.
 */
import type { DeviceName } from "../alarm.ts";
import type { Evidence } from "./evidence.ts";

/** The kinds of evidence that a device of this unit observes of the visitor. */
export type ObservedKind = Extract<Evidence["kind"], "temperature">;

/** Asks a device for evidence. */
export interface ObservationRequest {
  kind: "measure-temperature";
}

/** Where evidence of one kind comes from. */
export interface ObservedSource {
  /** While it is down, evidence of this kind cannot come. */
  device: DeviceName;
  request: ObservationRequest;
}

export const OBSERVED_SOURCES: Readonly<Record<ObservedKind, ObservedSource>> = {
  temperature: { device: "thermometer", request: { kind: "measure-temperature" } },
};

/** Whether a device of this unit can observe evidence of this kind. */
export const isObservedKind = (kind: string): kind is ObservedKind => kind in OBSERVED_SOURCES;

/** Whether a device observes evidence, so that a visit may wait for it. */
export const isObserver = (device: DeviceName): boolean =>
  Object.values(OBSERVED_SOURCES).some((source) => source.device === device);

/** The kinds that cannot come now, for their device is down. */
export function kindsOutOfReach(
  devices: Readonly<Partial<Record<DeviceName, boolean>>>,
): readonly ObservedKind[] {
  return Object.keys(OBSERVED_SOURCES)
    .filter(isObservedKind)
    .filter((kind) => devices[OBSERVED_SOURCES[kind].device] === false);
}

/** The first piece of each kind; the newest where newer ones stand first. */
export function onePerKind(evidence: readonly Evidence[]): Evidence[] {
  return evidence.filter(
    (piece, index) => evidence.findIndex(({ kind }) => kind === piece.kind) === index,
  );
}
