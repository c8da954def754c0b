import { mkdirSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startSimulatedDoorway, type RunningDoorway } from "../../sim/demo/main.ts";
import { openBrowser, openPage, overflow, SIZES, type Size } from "./browser.ts";

const PICTURES = "out/browser";

let browser: Browser;
let doorway: RunningDoorway;

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  doorway = await startSimulatedDoorway({ port: 0 });
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  await doorway.stop();
});
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
});

/** Sends a visitor to the door once nobody stands there, and waits for the answer to this visit. */
async function send(page: Page, visitor: string, phase: string): Promise<void> {
  await page.waitForSelector('.kiosk:not([data-phase="connecting"])');
  await page.waitForSelector('[data-at-door=""]');
  const before = await page.locator(".kiosk").getAttribute("data-visit");
  await page.locator(`[data-visitor="${visitor}"]`).click();
  await page.waitForSelector(`[data-phase="${phase}"]:not([data-visit="${before}"])`);
}

// First of all: a result that still stands on the screen hides the welcome for up to a minute.
describe("the kiosk of a unit nobody has come to yet", () => {
  it("shows on the kiosk where a code is held, without saying whose it is", async () => {
    const { page, problems } = await openPage(
      browser,
      "kiosk",
      new URL("/kiosk", doorway.url).href,
    );
    await page.waitForSelector('[data-phase="welcome"]');
    await page.waitForSelector('.aim-picture:not([data-frame=""])');
    const width = Number(await page.locator(".aim-picture").getAttribute("width"));
    expect(width).toBeGreaterThan(0);
    expect(width).toBeLessThanOrEqual(96);
    await page.screenshot({ path: `${PICTURES}/unit-kiosk-welcome.png` });
    expect(problems).toEqual([]);
  });
});

describe.each(Object.keys(SIZES) as Size[])("the whole unit on its page at %s size", (size) => {
  it("lets the green code in, keeps the red one out, and says why", async () => {
    const { page, problems } = await openPage(browser, size, doorway.url);
    await send(page, "green-phone", "granted");
    await page.waitForSelector('[data-gate="released"]');
    await page.screenshot({ path: `${PICTURES}/unit-${size}-granted.png`, fullPage: true });
    const title = await page.locator(".kiosk-title [lang=zh-CN]").boundingBox();
    expect(title?.height).toBeGreaterThan(15);
    const granted = page.locator('details[data-outcome="granted"]').first();
    await granted.getByText("核酸检测", { exact: true }).waitFor();
    await granted.getByText("已送达").waitFor();
    await page.waitForSelector('[data-gate="locked"]');

    await send(page, "red-phone", "denied");
    expect(await page.locator("[data-gate]").getAttribute("data-gate")).toBe("locked");
    expect(await page.locator(".kiosk").innerText()).toContain("红码");
    expect(await page.locator(".kiosk").innerText()).toContain("Red code");
    await page.screenshot({ path: `${PICTURES}/unit-${size}-denied.png`, fullPage: true });
    await page.locator('details[data-outcome="denied"]').first().waitFor();
    await page.locator(".message code").first().waitFor();
    expect(await overflow(page)).toBe(0);
    expect(problems).toEqual([]);
  });
});

describe("the whole unit on its page", () => {
  it("goes on deciding while the broker is down, and delivers when it is back", async () => {
    const { page } = await openPage(browser, "desktop", doorway.url);
    await page.getByLabel("网络").click();
    await page.getByText("离线运行").first().waitFor();
    await send(page, "grandmother", "granted");
    const visit = page.locator("details.visit").first();
    await visit.getByText("待发送").waitFor();
    await page.getByLabel("网络").click();
    await visit.getByText("已送达").waitFor();
  });

  it("says which device is missing, and refers whom it cannot measure", async () => {
    const { page } = await openPage(browser, "desktop", doorway.url);
    await page.getByLabel("测温").click();
    await page.getByText("测温故障").first().waitFor();
    await send(page, "green-phone", "referred");
    await page.getByLabel("测温").click();
    await page.getByText("测温故障").first().waitFor({ state: "detached" });
    await page.getByRole("button", { name: "离开" }).click();
    await page.waitForSelector('[data-at-door=""]');
  });

  it("lets staff open the gate for somebody who is not known here, and says who did", async () => {
    const { page } = await openPage(browser, "desktop", doorway.url);
    await send(page, "stranger", "referred");
    const staff = (await openPage(browser, "phone", new URL("/staff", doorway.url).href)).page;
    await staff.getByText("这位来访者需要您决定").waitFor();
    await staff.getByLabel("您的姓名").fill("林");
    await staff.getByLabel("理由").fill("本楼住户，已核对证件");
    await staff.screenshot({ path: `${PICTURES}/unit-phone-staff.png`, fullPage: true });
    await staff.getByRole("button", { name: "放行" }).click();
    await page.waitForSelector('[data-gate="released"]');
    await page.locator("details.visit").getByText("由 林: 本楼住户，已核对证件").first().waitFor();
    await page.waitForSelector('[data-at-door=""]');
  });

  it("obeys the district's signed orders, and nobody's forged one", async () => {
    const { page, problems } = await openPage(browser, "desktop", doorway.url);
    const order = (name: string) => page.getByRole("button", { name, exact: true }).click();
    const answer = page.locator(".order-answer");
    await page.waitForSelector('[data-at-door=""]');
    await order("远程开门");
    await page.waitForSelector('[data-gate="released"]');
    await answer.getByText("已执行: release").waitFor();
    await page.waitForSelector('[data-gate="locked"]');
    await order("封闭");
    await answer.getByText("已执行: lock-down").waitFor();
    await order("远程开门");
    await answer.getByText("被拒绝: the unit is locked down").waitFor();
    await page.screenshot({ path: `${PICTURES}/unit-desktop-locked-down.png`, fullPage: true });
    await order("解除封闭");
    await answer.getByText("已执行: lock-down").waitFor();
    await order("伪造的开门指令");
    await answer.getByText("没有答复").waitFor();
    expect(await page.locator("[data-gate]").getAttribute("data-gate")).toBe("locked");
    expect(problems).toEqual([]);
  });

  it("speaks English from the first word to the last reason", async () => {
    const { page } = await openPage(browser, "desktop", doorway.url);
    await page.getByRole("button", { name: "English" }).click();
    await send(page, "test-49-hours", "denied");
    await page.locator(".result").getByText("Please take a new test").waitFor();
    const explained = await page.locator("details.visit").first().innerText();
    expect(explained).toContain("Nucleic acid test");
    expect(explained).toMatch(/49 h/);
    await page.screenshot({ path: `${PICTURES}/unit-desktop-english.png`, fullPage: true });
  });
});
