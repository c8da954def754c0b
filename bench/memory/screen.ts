/** What a unit's pages show, followed on its live stream as its staff follow it. */
import type { ScreenView } from "../../src/core/view/view.ts";

export interface Screen {
  /** Resolves with the first view that fits, the present one included; undefined when none does in time. */
  until(fits: (view: ScreenView) => boolean, withinMs: number): Promise<ScreenView | undefined>;
  close(): Promise<void>;
}

/**
 * @param url of the unit's pages
 * @param token of its staff: a stranger's stream has no alarms
 */
export async function openScreen(url: string, token: string): Promise<Screen> {
  const response = await fetch(`${url}api/live`, { headers: { authorization: `Bearer ${token}` } });
  const reader = response.body?.getReader();
  if (reader === undefined) throw new Error("the unit's live stream has no body");
  let view: ScreenView | undefined;
  const waiting = new Set<() => void>();
  const listen = async (): Promise<void> => {
    const decoder = new TextDecoder();
    let pending = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const events = (pending + decoder.decode(value, { stream: true })).split("\n\n");
      pending = events.pop() ?? "";
      for (const event of events) {
        const parts = JSON.parse(event.replace(/^data: /, "")) as { view?: ScreenView };
        view = parts.view ?? view;
      }
      for (const wake of waiting) wake();
    }
  };
  // A stream that breaks shows as a view that never comes.
  listen().catch(() => {});
  return {
    async until(fits, withinMs) {
      const end = performance.now() + withinMs;
      for (;;) {
        if (view !== undefined && fits(view)) return view;
        const left = end - performance.now();
        if (left <= 0) return undefined;
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            clearTimeout(timer);
            waiting.delete(wake);
            resolve();
          };
          const timer = setTimeout(wake, left);
          waiting.add(wake);
        });
      }
    },
    close: () => reader.cancel(),
  };
}
