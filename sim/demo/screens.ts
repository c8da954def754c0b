/** The simulator's own screens, each a folder in `sim/demo/pages`; `/` opens the first. */
export const DEMO_SCREENS: readonly string[] = ["doorway"];
