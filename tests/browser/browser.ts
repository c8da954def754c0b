/** A real browser for the tests: Debian's Chromium, talking to nobody but the unit's own server. */
import { chromium, type Browser, type Page } from "playwright-core";

/** The sizes every page must work at. */
export const SIZES = {
  kiosk: { width: 1080, height: 1920 },
  phone: { width: 390, height: 844 },
  desktop: { width: 1440, height: 900 },
} as const;
export type Size = keyof typeof SIZES;

/** Starts the browser; the caller closes it. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.SENTINEL_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A page of one size in the venue's time zone, and everything that went wrong in it. */
export async function openPage(
  browser: Browser,
  size: Size,
  url: string,
): Promise<{ page: Page; problems: string[] }> {
  const context = await browser.newContext({
    viewport: SIZES[size],
    timezoneId: "Asia/Shanghai",
    locale: "zh-CN",
    reducedMotion: "reduce",
    deviceScaleFactor: size === "phone" ? 2 : 1,
  });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  const origin = new URL(url).origin;
  page.on("request", (request) => {
    const to = request.url();
    if (!to.startsWith(origin) && !to.startsWith("data:") && !to.startsWith("blob:")) {
      problems.push(`asked for ${to}, which is not on this unit`);
    }
  });
  await page.goto(url);
  return { page, problems };
}

/** How many pixels the page is wider than its window, or an element than its own box. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(
    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  ) as Promise<number>;
}
