/** The camera's picture on a canvas, fetched again as soon as the last one is drawn. */
import { useEffect, useRef, useState } from "preact/hooks";

/** A picture that could not be renewed for this long is out of date. */
const STALE_MS = 2_000;

interface PictureProps {
  path: string;
  /** Milliseconds between two requests for a newer picture. */
  everyMs: number;
  class?: string;
  label?: string;
  /** Called when there is a picture, and when there is none any more. */
  onPresence?: (present: boolean) => void;
}

export function Picture({ path, everyMs, class: name = "", label, onPresence }: PictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [frame, setFrame] = useState("");
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    let timer: number | undefined;
    let after = "";
    let gone = false;
    let seenAtMs = performance.now();
    const show = (drawn: string): void => {
      seenAtMs = performance.now();
      if (gone || drawn === after) return;
      if (drawn === "") clear(element);
      after = drawn;
      setFrame(drawn);
      onPresence?.(drawn !== "");
    };
    const refresh = async (): Promise<void> => {
      if (!document.hidden) {
        try {
          show(await drawNewest(element, path, after));
        } catch {
          // The unit cannot be reached: the page around shows it, and the next attempt may succeed.
          if (performance.now() - seenAtMs > STALE_MS) show("");
        }
      }
      if (!gone) timer = window.setTimeout(() => void refresh(), everyMs);
    };
    void refresh();
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [path, everyMs]);
  return (
    <canvas
      ref={canvas}
      class={`picture ${name}`}
      width="640"
      height="480"
      data-frame={frame}
      {...(label === undefined ? { "aria-hidden": true } : { role: "img", "aria-label": label })}
    />
  );
}

/** An old picture would show a visitor who may have left. */
function clear(canvas: HTMLCanvasElement): void {
  canvas.getContext("2d")?.clearRect(0, 0, canvas.width, canvas.height);
}

/** Draws what is newer than `after`; gives the number of the picture now shown, empty for none. */
async function drawNewest(canvas: HTMLCanvasElement, path: string, after: string): Promise<string> {
  const response = await fetch(`${path}?after=${after}`);
  if (!response.ok) return "";
  const frame = response.headers.get("x-frame") ?? "";
  if (response.status === 204) return frame;
  const bitmap = await createImageBitmap(await response.blob());
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return frame;
}
