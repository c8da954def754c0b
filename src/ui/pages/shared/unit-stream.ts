/** The newest state of the unit, and whether it is current. */
import { useEffect, useState } from "preact/hooks";
import type { OperatorAnswer, OperatorRefusal } from "../../../core/authority/answer.ts";
import type { OpeningSummary, ScreenView, VisitSummary } from "../../../core/view/view.ts";

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

/** The newest value of each part of the stream; a page asks for the parts beyond the view. */
export interface StreamState {
  view?: ScreenView;
  visits?: readonly VisitSummary[];
  /** Openings of the gate without a visit. */
  openings?: readonly OpeningSummary[];
  /** This browser signed in with the staff token, or is signed out again; absent where it did not. */
  signedIn?: boolean;
}

/** Whether the state is current. */
interface Liveness {
  /** False before the first message, and when the unit has been silent for too long. */
  live: boolean;
  /** When the last message came, by this page's clock. */
  lastMessageAtMs: number;
}

/** The unit sends once a second even if nothing happens: after this much silence it is not live. */
export const SILENCE_MS = 3_000;

const NO_MESSAGE = { parts: undefined, live: false, lastMessageAtMs: 0 };

/**
 * Follows the unit; connects again when `round` changes.
 * @param parts names of the stream's further parts, separated by commas
 * @typeParam Parts what the parts hold
 */
export function useUnitStream<Parts extends StreamState = StreamState>(
  parts = "",
  round = 0,
): Partial<Parts> & Liveness {
  const [state, setState] = useState<Liveness & { parts: Partial<Parts> | undefined }>(NO_MESSAGE);
  useEffect(() => {
    setState(NO_MESSAGE);
    const source = new EventSource(`/api/live?with=${parts}`);
    let silence: number | undefined;
    let alive = false;
    source.addEventListener("message", (event: MessageEvent<string>) => {
      clearTimeout(silence);
      silence = window.setTimeout(() => {
        alive = false;
        setState((before) => ({ ...before, live: false }));
      }, SILENCE_MS);
      const changed: Partial<Parts> = JSON.parse(event.data);
      const lastMessageAtMs = Date.now();
      // A heartbeat without a change does not draw the page again.
      if (alive && Object.keys(changed).length === 0) return;
      alive = true;
      setState((before) => ({
        parts: { ...before.parts, ...changed },
        live: true,
        lastMessageAtMs,
      }));
    });
    return () => {
      clearTimeout(silence);
      source.close();
    };
  }, [parts, round]);
  const { live, lastMessageAtMs } = state;
  return Object.assign({ live, lastMessageAtMs }, state.parts);
}

/** What the unit answers, by path. A program with further paths adds them by declaration merging. */
export interface Answers {
  "/api/unit": UnitInfo;
}

/** Something fetched once; tried again every second until it comes. */
export function useFetched<P extends keyof Answers>(path: P): Answers[P] | undefined {
  const [data, setData] = useState<Answers[P]>();
  useEffect(() => {
    let timer: number | undefined;
    let gone = false;
    const load = async (): Promise<void> => {
      try {
        const response = await fetch(path);
        if (!response.ok) throw new Error(`${path} answered ${response.status}`);
        const loaded: Answers[P] = await response.json();
        if (!gone) setData(() => loaded);
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

/** What the unit answers to a request that it refuses. */
export interface RefusalBody extends Partial<OperatorRefusal> {
  error?: string;
}

/** The unit refused a request; the message is its reason. */
export class RefusedError extends Error {
  readonly status: number;
  /** The whole answer, e.g. with a code that the page has words for. */
  readonly answer: RefusalBody;

  constructor(status: number, why: string, answer: RefusalBody) {
    super(why);
    this.status = status;
    this.answer = answer;
  }
}

/** What the unit answers to requests that change something, by path; merged like `Answers`. */
export interface PostAnswers {
  "/api/operator/decide": OperatorAnswer;
}

/** Sends a request to the unit and gives its answer; rejects with `RefusedError` when the unit refuses. */
export function post<P extends keyof PostAnswers>(path: P, body?: unknown): Promise<PostAnswers[P]>;
export function post(path: string, body?: unknown): Promise<unknown>;
export async function post(path: string, body: unknown = {}): Promise<unknown> {
  const response = await fetch(path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
  if (response.ok) return response.json();
  const answer: RefusalBody = await response.json();
  const why = answer.error ?? `the unit answered ${response.status}`;
  throw new RefusedError(response.status, why, answer);
}
