/** What people at the door and staff are told by the whole unit: the truth, in time, and to the right one. */
import { mkdirSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startSimulatedDoorway, type RunningDoorway } from "../../sim/demo/main.ts";
import type { WorldControls } from "../../sim/demo/ports.ts";
import { openBrowser, openPage, type Size } from "./browser.ts";

const PICTURES = "out/browser";

let browser: Browser;
let doorway: RunningDoorway;

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  browser = await openBrowser();
});
afterAll(() => browser.close());
beforeEach(async () => {
  doorway = await startSimulatedDoorway({ port: 0 });
});
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
  await doorway.stop();
});

const at = (path: string): string => new URL(path, doorway.url).href;

async function post(path: string, body: unknown = {}): Promise<Response> {
  return fetch(at(path), {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
}

const send = (visitor: string): Promise<Response> => post(`/api/doorway/present/${visitor}`);
const leave = (): Promise<Response> => post("/api/doorway/dismiss");
const world = (change: Partial<WorldControls>): Promise<Response> =>
  post("/api/doorway/world", change);

async function kiosk(size: Size = "kiosk"): Promise<Page> {
  const { page } = await openPage(browser, size, at("/kiosk"));
  await phase(page, "welcome");
  await page.waitForSelector('[data-inviting="code card"]');
  return page;
}

async function staff(name: string): Promise<Page> {
  const { page } = await openPage(browser, "desktop", at("/staff"));
  await page.getByLabel("您的姓名").fill(name);
  return page;
}

const phase = (page: Page, name: string): Promise<unknown> =>
  page.waitForSelector(`[data-phase="${name}"]`);
const picture = (page: Page, name: string): Promise<Buffer> =>
  page.screenshot({ path: `${PICTURES}/people-${name}.png`, fullPage: true });

describe("staff", () => {
  it("decide about the visitor they typed for, never about who came next", async () => {
    const screen = await kiosk();
    const page = await staff("林");
    await send("stranger");
    await phase(screen, "referred");
    await page.getByLabel("理由").fill("熟客，查过护照");
    await send("red-phone");
    await phase(screen, "denied");
    await page.getByRole("status").filter({ hasText: "表单已关闭" }).waitFor();
    const letIn = page.getByRole("button", { name: "放行" });
    expect(await letIn.isDisabled()).toBe(true);
    await picture(page, "next-visitor");
    // Whoever means it says so, and once more.
    await page.getByRole("button", { name: "用在这里" }).click();
    await letIn.click();
    await page.getByRole("alert").filter({ hasText: "红码" }).waitFor();
    await picture(page, "second-step");
    expect(await screen.locator(".kiosk").getAttribute("data-phase")).toBe("denied");
    await page.getByRole("button", { name: "仍然放行" }).click();
    await phase(screen, "granted");
  });

  it("are told who decided, and nothing opens twice", async () => {
    const screen = await kiosk();
    const [first, second] = [await staff("王"), await staff("李")];
    await send("stranger");
    await phase(screen, "referred");
    await second.getByLabel("理由").fill("本楼住户");
    await first.getByLabel("理由").fill("本楼住户");
    const visitRef = await second.locator("[data-visit]").getAttribute("data-visit");
    await first.getByRole("button", { name: "放行" }).click();
    await second.getByRole("status").filter({ hasText: "这次来访已由王决定" }).waitFor();
    await picture(second, "second-of-two");
    const late = { verdict: "grant", visitRef, operator: "李", why: "本楼住户" };
    const answer = await post("/api/operator/decide", late);
    expect([answer.status, await answer.json()]).toMatchObject([
      409,
      { code: "already-decided", by: "王", outcome: "granted" },
    ]);
  });

  it("open the gate without a visit; the kiosk and the list say so", async () => {
    const screen = await kiosk();
    const page = await staff("林");
    await page.getByRole("button", { name: "凭理由开门一次" }).click();
    await page.getByLabel("理由").fill("送药");
    await page.getByRole("button", { name: "开门一次", exact: true }).click();
    await phase(screen, "opened");
    await picture(screen, "opened");
    await page.locator('[data-opening="operator"]').filter({ hasText: "林: 送药" }).waitFor();
    await phase(screen, "welcome");
    await post("/api/doorway/order", { order: "release" });
    await page.locator('[data-opening="command"]').waitFor();
    await picture(page, "openings");
  });
});

describe("a decision whose answer is lost", () => {
  it("is not carried out again when staff press again", async () => {
    const screen = await kiosk();
    const page = await staff("林");
    await page.getByRole("button", { name: "凭理由开门一次" }).click();
    await page.getByLabel("理由").fill("送药");
    let lost = 0;
    await page.route("**/api/operator/decide", async (route) => {
      lost += 1;
      await route.fetch();
      await route.abort("connectionreset");
    });
    const open = page.getByRole("button", { name: "开门一次", exact: true });
    await open.click();
    await page.getByRole("status").filter({ hasText: "没有及时答复" }).waitFor();
    await phase(screen, "welcome");
    expect(lost).toBe(1);
    await page.unroute("**/api/operator/decide");
    await open.click();
    await page.getByRole("status").filter({ hasText: "已记录" }).waitFor();
    expect(await page.locator('[data-opening="operator"]').count()).toBe(1);
  });
});

describe("the kiosk", () => {
  it("invites only to what works, within a second", async () => {
    const screen = await kiosk();
    const within = async (change: Partial<WorldControls>, selector: string): Promise<void> => {
      await world(change);
      await screen.waitForSelector(selector, { timeout: 3_000 });
    };
    await within({ cameraPlugged: false }, '[data-inviting="card"]');
    await picture(screen, "camera-down");
    const aim = await fetch(at("/api/aim"));
    expect(aim.status).toBe(204);
    expect((await fetch(at("/api/doorway/frame"))).status).toBe(204);
    await within({ readerPlugged: false }, '[data-inviting=""]');
    expect(await screen.locator(".kiosk").innerText()).toContain("请按铃");
    await picture(screen, "both-down");
    await within({ cameraPlugged: true }, '[data-inviting="code"]');
    await within({ thermometerPlugged: false }, "text=测温暂停");
    await picture(screen, "thermometer-down");
  });

  it("shows a fever while its owner stands there, and to nobody else", async () => {
    const screen = await kiosk();
    await send("fever");
    await phase(screen, "referred");
    await screen.getByText("体温偏高").first().waitFor();
    await leave();
    await screen.waitForSelector('[data-phase="welcome"]', { timeout: 4_000 });
    await send("stranger");
    await phase(screen, "referred");
    expect(await screen.locator(".kiosk").innerText()).not.toContain("体温偏高");
  });

  it("takes a payment code for a mistake, not for a refusal", async () => {
    const screen = await kiosk();
    const page = await staff("林");
    await send("payment-code");
    await screen.getByText("这不是健康码").waitFor();
    expect(await screen.locator(".kiosk").getAttribute("data-phase")).toBe("welcome");
    expect(await screen.locator(".sign-denied").count()).toBe(0);
    await picture(screen, "wrong-code");
    expect(await page.locator("details.visit").count()).toBe(0);
  });
});
