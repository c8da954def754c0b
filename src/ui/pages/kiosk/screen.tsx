/** The kiosk as a page of its own. */
import { useFetched, useUnitStream } from "../shared/unit-stream.ts";
import { Kiosk } from "./kiosk.tsx";

export function Screen() {
  const unit = useFetched("/api/unit");
  const { view, live, lastMessageAtMs } = useUnitStream();
  return <Kiosk view={view} unit={unit} live={live} lastMessageAtMs={lastMessageAtMs} aim />;
}
