/** Starts the pages of the simulated doorway: its own screen and those of the unit. */
import { openScreen, type ScreenModule } from "../../../src/ui/pages/shared/open-screen.tsx";
import { SCREENS } from "../../../src/ui/screens.ts";
import { DEMO_SCREENS } from "../screens.ts";
import "../../../src/ui/pages/shared/base.css";

void openScreen([...DEMO_SCREENS, ...SCREENS], {
  ...import.meta.glob<ScreenModule>("./*/screen.tsx"),
  ...import.meta.glob<ScreenModule>("../../../src/ui/pages/*/screen.tsx"),
});
