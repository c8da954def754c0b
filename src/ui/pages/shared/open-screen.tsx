/** Shows the screen that the page's address names. */
import { render, type ComponentType } from "preact";
import { signInKiosk } from "./kiosk-sign-in.ts";

/** What the `screen.tsx` of a screen's folder exports. */
export interface ScreenModule {
  Screen: ComponentType;
}

/** Loaders by path, as `import.meta.glob("./*\/screen.tsx")` gives them. */
export type ScreenLoaders = Readonly<Record<string, () => Promise<ScreenModule>>>;

/** @param names the screens there are; an address without a known name shows the first */
export async function openScreen(names: readonly string[], loaders: ScreenLoaders): Promise<void> {
  const root = document.querySelector("#app");
  const [, asked = ""] = location.pathname.split("/");
  const name = names.includes(asked) ? asked : names[0];
  const path = Object.keys(loaders).find((each) => each.endsWith(`/${name}/screen.tsx`));
  const load = path === undefined ? undefined : loaders[path];
  if (root === null || load === undefined) throw new Error(`there is no screen "${name}"`);
  document.body.className = `page-${name}`;
  const [{ Screen }] = await Promise.all([load(), signInKiosk()]);
  render(<Screen />, root);
}
