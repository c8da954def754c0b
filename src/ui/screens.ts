/**
 * The screens a unit serves, by the name in their address; `/` opens the first. Each is a folder of
 * its name in `src/ui/pages` with a `screen.tsx`: see docs/developers/adding-a-screen.md.
 */
export const SCREENS: readonly string[] = ["kiosk", "staff"];
