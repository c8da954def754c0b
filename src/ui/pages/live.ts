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

/** What the unit sends at each address. */
interface Streams {
  "/api/live": Live;
  "/api/doorway/live": DoorwayLive;
}

interface Answers {
  "/api/unit": UnitInfo;
  "/api/doorway": { visitors: GalleryVisitor[] };
}

/** A stream of snapshots; `live` turns false when the stream has been silent for too long. */
export function useStream<P extends keyof Streams>(
  path: P,
): { data: Streams[P] | undefined; live: boolean; heardAtMs: number } {
  const [data, setData] = useState<Streams[P]>();
  const [heardAtMs, setHeardAtMs] = useState(0);
  const [live, setLive] = useState(false);
  useEffect(() => {
    const source = new EventSource(path);
    let silence: number | undefined;
    source.addEventListener("message", (event: MessageEvent<string>) => {
      setData(JSON.parse(event.data) as Streams[P]);
      setHeardAtMs(Date.now());
      setLive(true);
      clearTimeout(silence);
      silence = window.setTimeout(() => setLive(false), SILENCE_MS);
    });
    return () => {
      clearTimeout(silence);
      source.close();
    };
  }, [path]);
  return { data, live, heardAtMs };
}

/** Something fetched once. */
export function useOnce<P extends keyof Answers>(path: P): Answers[P] | undefined {
  const [data, setData] = useState<Answers[P]>();
  useEffect(() => {
    fetch(path)
      .then(async (response) => setData((await response.json()) as Answers[P]))
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
