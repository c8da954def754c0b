/** The newest state of the unit, and whether it is still being told. */
import { useEffect, useState } from "preact/hooks";
import type { ScreenView, VisitSummary } from "../../core/view.ts";
import type { GalleryVisitor, WorldControls } from "../ports.ts";

export interface UnitInfo {
  unitId: string;
  venueName: { zh: string; en: string };
  simulated: boolean;
}

export interface Live {
  view: ScreenView;
  visits: readonly VisitSummary[];
}

export interface DoorwayLive {
  atDoor: string | null;
  world: WorldControls;
  broker: readonly { topic: string; payload: string; atMs: number }[];
  frame: number;
}

/** The unit sends once a second even if nothing happens: this much silence means it is not live. */
const SILENCE_MS = 3_000;

/** A stream of snapshots; `live` turns false when the stream has been silent for too long. */
export function useStream<T>(path: string): {
  data: T | undefined;
  live: boolean;
  heardAtMs: number;
} {
  const [data, setData] = useState<T>();
  const [heardAtMs, setHeardAtMs] = useState(0);
  const [live, setLive] = useState(false);
  useEffect(() => {
    const source = new EventSource(path);
    let silence: number | undefined;
    source.onmessage = (event: MessageEvent<string>) => {
      setData(JSON.parse(event.data) as T);
      setHeardAtMs(Date.now());
      setLive(true);
      clearTimeout(silence);
      silence = window.setTimeout(() => setLive(false), SILENCE_MS);
    };
    return () => {
      clearTimeout(silence);
      source.close();
    };
  }, [path]);
  return { data, live, heardAtMs };
}

/** Something fetched once. */
export function useOnce<T>(path: string): T | undefined {
  const [data, setData] = useState<T>();
  useEffect(() => {
    fetch(path)
      .then(async (response) => setData((await response.json()) as T))
      .catch(() => setData(undefined));
  }, [path]);
  return data;
}

/** Sends a request to the unit; rejects with its own words when it refuses. */
export async function post(path: string, body?: unknown): Promise<void> {
  const response = await fetch(path, {
    method: "POST",
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  if (response.ok) return;
  const { error } = (await response.json()) as { error?: string };
  throw new Error(error ?? `the unit answered ${response.status}`);
}

export type { GalleryVisitor };
