/** Makes the README's picture from the real unit on the simulated doorway: `node tests/browser/picture.ts`. */
import { mkdirSync, statSync } from "node:fs";
import { startSimulatedDoorway } from "../../sim/demo/main.ts";
import { openBrowser, openPage } from "./browser.ts";

const PICTURE = "docs/images/doorway.png";

mkdirSync("docs/images", { recursive: true });
const doorway = await startSimulatedDoorway({ port: 0 });
const browser = await openBrowser();
try {
  const { page } = await openPage(browser, "desktop", doorway.url);
  for (const [visitor, phase] of [
    ["red-phone", "denied"],
    ["green-phone", "granted"],
  ] as const) {
    await page.waitForSelector('[data-phase="welcome"]');
    await page.locator(`[data-visitor="${visitor}"]`).click();
    await page.waitForSelector(`[data-phase="${phase}"]`);
    if (phase === "denied") await page.waitForSelector('[data-at-door=""]');
  }
  await page.locator("details.visit").first().getByText("已送达").waitFor();
  await page.waitForSelector(".moment:not([hidden])");
  await page.screenshot({ path: PICTURE });
} finally {
  await browser.close();
  await doorway.stop();
}
console.log(`${PICTURE}: ${Math.round(statSync(PICTURE).size / 1024)} kB`);
