/** The newest state of the unit, and whether it is still being told. */
import { useEffect, useState } from "preact/hooks";
import type { OpeningSummary, ScreenView, VisitSummary } from "../../core/view/view.ts";
import type { GalleryVisitor, WorldControls } from "../ports.ts";

/** What does not change while the unit runs. */
export interface UnitInfo {
  unitId: string;
  venueName: { zh: string; en: string };
  utcOffsetMinutes?: number;
  simulated: boolean;
  /** There is a camera picture for the aim hint. */
  aims: boolean;
  /** Staff at another machine can sign in. */
  staffToken: boolean;
}

/** What the stream has told so far; the page asks for the parts beyond the view. */
export interface LiveParts {
  view?: ScreenView;
  visits?: readonly VisitSummary[];
  /** Openings of the gate without a visit. */
  openings?: readonly OpeningSummary[];
  /** This browser signed in with the staff's token, or no longer; absent where it did not. */
  signedIn?: boolean;
  atDoor?: string | null;
  world?: WorldControls;
  broker?: readonly { topic: string; payload: string; atMs: number }[];
}

export interface Live extends LiveParts {
  /** False before the first message, and when the unit has been silent for too long. */
  live: boolean;
  /** When the last message came, by this page's clock. */
  heardAtMs: number;
}

/** The unit sends once a second even if nothing happens: this much silence means it is not live. */
export const SILENCE_MS = 3_000;

/**
 * Follows the unit, anew where `round` is another one.
 * @param parts names of the stream's further parts, separated by commas
 */
export function useLive(parts = "", round = 0): Live {
  const [state, setState] = useState<Live>({ live: false, heardAtMs: 0 });
  useEffect(() => {
    setState({ live: false, heardAtMs: 0 });
    const source = new EventSource(`/api/live?with=${parts}`);
    let silence: number | undefined;
    let alive = false;
    source.addEventListener("message", (event: MessageEvent<string>) => {
      clearTimeout(silence);
      silence = window.setTimeout(() => {
        alive = false;
        setState((before) => ({ ...before, live: false }));
      }, SILENCE_MS);
      const changed = JSON.parse(event.data) as LiveParts;
      const heardAtMs = Date.now();
      // A beat that says nothing new does not draw the page again.
      if (alive && Object.keys(changed).length === 0) return;
      alive = true;
      setState((before) => ({ ...before, ...changed, live: true, heardAtMs }));
    });
    return () => {
      clearTimeout(silence);
      source.close();
    };
  }, [parts, round]);
  return state;
}

/** What the unit says once, by path. */
interface Once {
  "/api/unit": UnitInfo;
  "/api/doorway": { visitors: readonly GalleryVisitor[] };
}

/** Something fetched once; tried again every second until it comes. */
export function useOnce<P extends keyof Once>(path: P): Once[P] | undefined {
  const [data, setData] = useState<Once[P]>();
  useEffect(() => {
    let timer: number | undefined;
    let gone = false;
    const load = async (): Promise<void> => {
      try {
        const response = await fetch(path);
        if (!response.ok) throw new Error(`${path} answered ${response.status}`);
        const loaded = (await response.json()) as Once[P];
        if (!gone) setData(loaded);
      } catch {
        if (!gone) timer = window.setTimeout(() => void load(), 1_000);
      }
    };
    void load();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [path]);
  return data;
}

/** What the unit said no to, in its own words. */
export class Refused extends Error {
  readonly status: number;
  /** The whole answer, e.g. with a code that the page has its own words for. */
  readonly answer: unknown;

  constructor(status: number, why: string, answer: unknown) {
    super(why);
    this.status = status;
    this.answer = answer;
  }
}

/** Sends a request to the unit and gives its answer; rejects with `Refused` when it says no. */
export async function post(path: string, body: unknown = {}): Promise<unknown> {
  const response = await fetch(path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
  const answer: unknown = await response.json();
  if (response.ok) return answer;
  const { error } = answer as { error?: string };
  throw new Refused(response.status, error ?? `the unit answered ${response.status}`, answer);
}

export type { GalleryVisitor, WorldControls };
