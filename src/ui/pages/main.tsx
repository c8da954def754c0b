/** Starts the unit's pages. */
import { SCREENS } from "../screens.ts";
import { openScreen, type ScreenModule } from "./shared/open-screen.tsx";
import "./shared/base.css";

void openScreen(SCREENS, import.meta.glob<ScreenModule>("./*/screen.tsx"));
