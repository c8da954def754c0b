import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, it } from "vitest";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { parseUnitConfig } from "../../src/config/unit.ts";
import type { ScreenView } from "../../src/core/view/view.ts";
import { doorwayExtension } from "../../sim/demo/routes.ts";
import { startUiServer, type UiServer } from "../../src/ui/server.ts";
import { placeScreenPage, recallSecrets, screenPage } from "../../src/linux/door-secrets.ts";
import { createStubDoorway, type StubDoorway } from "../src/ui/support/stub-doorway.ts";
import {
  createStubUnit,
  STUB_NOW_MS,
  STUB_VIEWS,
  STUB_VISITS,
  type StubUnit,
} from "../src/ui/support/stub-unit.ts";
import { openBrowser, openPage, overflow, SIZES, type Size } from "./browser.ts";

const PICTURES = "out/browser";
const sizes = Object.keys(SIZES) as Size[];

let browser: Browser;
let unit: StubUnit;
let doorway: StubDoorway;
let server: UiServer;

beforeAll(async () => {
  mkdirSync(PICTURES, { recursive: true });
  browser = await openBrowser();
});
afterAll(() => browser.close());

beforeEach(async () => {
  unit = createStubUnit();
  doorway = createStubDoorway(unit);
  server = await startUiServer({
    feed: unit,
    extension: doorwayExtension(doorway, unit),
    clock: createSystemClock(),
  });
});
afterEach(async () => {
  await Promise.all(browser.contexts().map((context) => context.close()));
  await server.close();
});

const waitForPhase = (page: Page, phase: ScreenView["phase"]): Promise<unknown> =>
  page.waitForSelector(`[data-phase="${phase}"]`);

const textOf = (page: Page, selector: string): Promise<string> =>
  page.locator(selector).first().innerText();

describe.each(sizes)("the kiosk screen at %s size", (size) => {
  it.each<[keyof typeof STUB_VIEWS, readonly string[]]>([
    ["welcome", ["请出示健康码或身份证", "Show your health code or ID card"]],
    [
      "checking",
      ["请把身份证放在读卡区", "Lay your ID card", "请正对测温口", "Face the thermometer"],
    ],
    ["granted", ["请进", "Please enter", "王**", "36.6"]],
    ["denied", ["不能进入", "Entry denied", "这是 13:02 的码", "This code is from 13:02"]],
    ["referred", ["请找工作人员", "Please see the staff", "此处没有您的信息", "not known here"]],
    ["lockedDown", ["暂停进入", "Entry suspended"]],
    ["evacuation", ["请立即离开", "Please leave now"]],
    ["opened", ["请进", "Please come in"]],
    ["exit", ["有人出来", "Somebody is coming out"]],
    ["wrongCode", ["这不是健康码", "This is not a health code", "手机对准摄像头"]],
    ["onlyCards", ["请放上身份证", "Lay down your ID card"]],
    ["nothingWorks", ["请按铃", "Please ring", "由工作人员开门", "Staff open the door"]],
    ["entryOver", ["门已重新锁上", "The gate has locked again"]],
    ["troubled", ["时间未校准", "离线", "读卡器", "Card reader", "测温", "Thermometer"]],
  ])("says what %s means, in both languages", async (name, texts) => {
    const view = STUB_VIEWS[name];
    unit.show(view);
    const { page, problems } = await openPage(browser, size, `${server.url}kiosk`);
    await waitForPhase(page, view.phase);
    const shown = await textOf(page, "body");
    for (const text of texts) expect(shown).toContain(text);
    expect(await overflow(page)).toBe(0);
    expect(await clipped(page)).toEqual([]);
    await page.screenshot({ path: `${PICTURES}/kiosk-${size}-${name}.png` });
    expect(problems).toEqual([]);
  });
});

describe("the kiosk screen", () => {
  it("tells a screen reader the result when it changes", async () => {
    const { page } = await openPage(browser, "kiosk", `${server.url}kiosk`);
    await waitForPhase(page, "welcome");
    unit.show(STUB_VIEWS.denied);
    await waitForPhase(page, "denied");
    expect(await textOf(page, "[aria-live]")).toContain("请刷新健康码");
  });

  it("says so and shows nothing as current when the unit falls silent", async () => {
    unit.show(STUB_VIEWS.granted);
    const { page } = await openPage(browser, "kiosk", `${server.url}kiosk`);
    await waitForPhase(page, "granted");
    await server.close();
    await page.waitForSelector('[data-phase="not-live"]');
    const shown = await textOf(page, "body");
    expect(shown).toContain("画面已停止更新");
    expect(shown).toContain("not live");
    expect(shown).not.toContain("王**");
    await page.screenshot({ path: `${PICTURES}/kiosk-kiosk-silent.png` });
  });
});

describe("the staff list", () => {
  it.each(sizes)("shows visits, alarms and the whole explanation at %s size", async (size) => {
    unit.show(STUB_VIEWS.troubled);
    const { page, problems } = await openPage(browser, size, `${server.url}staff`);
    await page.locator("details", { hasText: "李**" }).locator("summary").click();
    const opened = await page.locator("details[open]", { hasText: "李**" }).innerText();
    expect(opened).toContain("码的新鲜度");
    expect(opened).toContain("不符合");
    expect(opened).toMatch(/1 小时 30 分钟/);
    expect(await textOf(page, "body")).toMatch(/设备故障：\S/);
    expect(await overflow(page)).toBe(0);
    await page.screenshot({ path: `${PICTURES}/staff-${size}.png`, fullPage: true });
    await page.getByRole("button", { name: "English" }).click();
    expect(await textOf(page, ".alarms")).toMatch(/: Thermometer\b/);
    expect(problems).toEqual([]);
  });

  it("lets a referred visitor in with a name and a reason", async () => {
    unit.show(STUB_VIEWS.referred);
    const { page, problems } = await openPage(browser, "desktop", `${server.url}staff`);
    const letIn = page.getByRole("button", { name: "放行" });
    await page.getByLabel("您的姓名").fill("林");
    await page.getByLabel("理由").fill("本楼住户");
    await letIn.click();
    await page.getByRole("status").filter({ hasText: "已记录" }).waitFor();
    expect(unit.asked).toEqual([
      { verdict: "grant", visitRef: "visit-3", operator: "林", why: "本楼住户" },
    ]);
    expect(problems).toEqual([]);
  });

  it("asks once more before a red code is overruled, and names it", async () => {
    unit.show(STUB_VIEWS.red);
    const { page, problems } = await openPage(browser, "desktop", `${server.url}staff`);
    await page.getByLabel("您的姓名").fill("林");
    await page.getByLabel("理由").fill("查过护照");
    await page.getByRole("button", { name: "放行" }).click();
    await page.getByRole("alert").filter({ hasText: "红码" }).waitFor();
    expect(unit.asked).toEqual([]);
    await page.screenshot({ path: `${PICTURES}/staff-confirm.png`, fullPage: true });
    await page.getByRole("button", { name: "仍然放行" }).click();
    await page.getByRole("status").filter({ hasText: "已记录" }).waitFor();
    expect(unit.asked).toMatchObject([{ visitRef: "visit-4", confirm: ["code-red"] }]);
    expect(problems).toEqual([]);
  });

  it("takes the second step also where only the unit knows that it is needed", async () => {
    unit.show(STUB_VIEWS.referred);
    unit.refuseStaff({ done: false, code: "confirm-needed", confirm: ["test-positive"] });
    const { page } = await openPage(browser, "desktop", `${server.url}staff`);
    await page.getByLabel("您的姓名").fill("林");
    await page.getByLabel("理由").fill("查过护照");
    await page.getByRole("button", { name: "放行" }).click();
    await page.getByRole("alert").filter({ hasText: "阳性" }).waitFor();
    unit.refuseStaff(undefined);
    await page.getByRole("button", { name: "仍然放行" }).click();
    await expect.poll(() => unit.asked).toMatchObject([{ confirm: ["test-positive"] }]);
  });

  it("closes the form with its visit, keeps the text, and is never about the next", async () => {
    unit.show(STUB_VIEWS.referred);
    const { page, problems } = await openPage(browser, "desktop", `${server.url}staff`);
    await page.getByLabel("您的姓名").fill("林");
    await page.getByLabel("理由").fill("熟客，查过护照");
    unit.show(STUB_VIEWS.red);
    await page.locator('[data-visit="visit-4"]').waitFor();
    await page.getByRole("status").filter({ hasText: "表单已关闭" }).waitFor();
    expect(await page.locator('[data-visit="visit-3"]').count()).toBe(0);
    expect(await page.getByRole("button", { name: "放行" }).isDisabled()).toBe(true);
    expect(await textOf(page, ".kept")).toContain("熟客，查过护照");
    await page.screenshot({ path: `${PICTURES}/staff-closed.png`, fullPage: true });
    expect(unit.asked).toEqual([]);
    expect(problems).toEqual([]);
  });

  it("says who decided, to the second of two staff", async () => {
    unit.show(STUB_VIEWS.referred);
    const { page } = await openPage(browser, "desktop", `${server.url}staff`);
    await page.getByLabel("您的姓名").fill("李");
    await page.getByLabel("理由").fill("本楼住户");
    const authority = { by: "王", why: "本楼住户" };
    const decided = STUB_VISITS.map((visit) =>
      visit.visitRef === "visit-3" ? { ...visit, outcome: "granted" as const, authority } : visit,
    );
    unit.show({ ...STUB_VIEWS.granted, visitRef: "visit-3" }, decided);
    await page.getByRole("status").filter({ hasText: "已由王决定" }).waitFor();
    expect(await page.getByRole("button", { name: "放行" }).count()).toBe(0);
  });

  it("opens without a visit only as an action of its own, and lists who did and why", async () => {
    const { page, problems } = await openPage(browser, "desktop", `${server.url}staff`);
    expect(await page.getByRole("button", { name: "放行" }).count()).toBe(0);
    await page.getByLabel("您的姓名").fill("林");
    await page.getByRole("button", { name: "凭理由开门一次" }).click();
    await page.getByLabel("理由").fill("送货");
    await page.getByRole("button", { name: "开门一次", exact: true }).click();
    await page.getByRole("status").filter({ hasText: "已记录" }).waitFor();
    expect(unit.asked).toEqual([{ verdict: "grant", operator: "林", why: "送货" }]);
    unit.showOpenings([
      {
        releaseRef: "release-1",
        atMs: STUB_NOW_MS,
        cause: "operator",
        authority: { by: "林", why: "送货" },
        notReleased: "gate-failed",
        delivered: false,
      },
    ]);
    const line = page.locator('[data-opening="operator"]');
    await line.waitFor();
    expect(await line.innerText()).toContain("林: 送货");
    expect(await line.innerText()).toContain("门没有打开");
    await page.screenshot({ path: `${PICTURES}/staff-opening.png`, fullPage: true });
    expect(problems).toEqual([]);
  });

  it("shows why the unit refuses, in the page's language", async () => {
    unit.show(STUB_VIEWS.referred);
    const there = {
      visitRef: "visit-9",
      maskedName: "赵*",
      credentialKind: "resident-id",
    } as const;
    unit.refuseStaff({ done: false, code: "visit-over", there });
    const { page } = await openPage(browser, "desktop", `${server.url}staff`);
    await page.getByLabel("您的姓名").fill("林");
    await page.getByLabel("理由").fill("本楼住户");
    await page.getByRole("button", { name: "拒绝" }).click();
    await page.getByText("这次来访已经结束 · 现在门前: 赵* 身份证").waitFor();
  });

  it("speaks English when asked to, and remembers it", async () => {
    const { page } = await openPage(browser, "desktop", `${server.url}staff`);
    await page.getByRole("button", { name: "English" }).click();
    await page.getByText("granted", { exact: true }).first().waitFor();
    await page.reload();
    await page.getByText("granted", { exact: true }).first().waitFor();
  });
});

describe("the staff list at another screen", () => {
  const TOKEN = "the token of this test";
  let afar: UiServer;

  beforeEach(async () => {
    const clock = createSystemClock();
    afar = await startUiServer({ feed: unit, clock, operatorToken: TOKEN });
  });
  afterEach(() => afar.close());

  /** As a proxy would pass it on from a tablet. */
  async function openFromAfar(size: Size): Promise<Page> {
    const { page } = await openPage(browser, size, `${afar.url}staff`);
    await page.context().setExtraHTTPHeaders({ "x-forwarded-for": "203.0.113.7" });
    await page.reload();
    return page;
  }

  it.each(sizes)(
    "takes the token, and shows visits until staff sign out, at %s size",
    async (size) => {
      const page = await openFromAfar(size);
      const token = page.getByLabel("工作人员令牌");
      await token.fill("another");
      await page.getByRole("button", { name: "登录" }).click();
      await page.getByText("令牌不正确").waitFor();
      expect(await textOf(page, "body")).not.toContain("李**");
      await page.screenshot({ path: `${PICTURES}/sign-in-${size}.png`, fullPage: true });
      await token.fill(TOKEN);
      await page.getByRole("button", { name: "登录" }).click();
      await page.locator("details", { hasText: "李**" }).first().waitFor();
      expect(await overflow(page)).toBe(0);
      await page.screenshot({ path: `${PICTURES}/signed-in-${size}.png`, fullPage: true });
      await page.reload();
      await page.locator("details", { hasText: "李**" }).first().waitFor();
      await page.getByRole("button", { name: "退出登录" }).click();
      await token.waitFor();
      expect(await textOf(page, "body")).not.toContain("李**");
    },
  );

  it("has no field where the unit has no token", async () => {
    await afar.close();
    afar = await startUiServer({ feed: unit, clock: createSystemClock() });
    const page = await openFromAfar("phone");
    await page.getByText("本机没有工作人员令牌").waitFor();
    expect(await page.getByLabel("工作人员令牌").count()).toBe(0);
  });
});

describe("the unit's own screen", () => {
  it("is opened by the page that the unit writes for it, and keeps no secret in its address", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sentinel-screen-"));
    const config = parseUnitConfig(
      JSON.stringify({ unitId: "u", district: "d", store: { path: join(folder, "unit.db") } }),
      "unit.yaml",
    );
    const { screenSecret } = await recallSecrets(config, () => {});
    const clock = createSystemClock();
    const own = await startUiServer({ feed: unit, clock, screenSecret });
    try {
      await placeScreenPage(config, screenSecret, own.ownUrl, () => {});
      unit.show(STUB_VIEWS.granted);
      const { page } = await openPage(browser, "kiosk", `file://${screenPage(config)}`);
      await page.getByText("王**").waitFor();
      expect(page.url()).toBe(`${own.url}kiosk`);
      // Another browser at the same address is a stranger.
      const stranger = await openPage(browser, "kiosk", `${own.url}kiosk`);
      await waitForPhase(stranger.page, "granted");
      expect(await textOf(stranger.page, "body")).not.toContain("王**");
      expect(await textOf(stranger.page, "body")).toContain("Please enter");
    } finally {
      await own.close();
      rmSync(folder, { recursive: true });
    }
  });
});

describe("the virtual doorway", () => {
  it.each(sizes)(
    "opens the gate for one visitor and not for the next, at %s size",
    async (size) => {
      const { page, problems } = await openPage(browser, size, `${server.url}doorway`);
      await page.locator('[data-visitor="green"]').click();
      await page.waitForSelector('[data-gate="released"]');
      await waitForPhase(page, "granted");
      expect(await page.locator('[data-at-door="green"]').count()).toBe(1);
      await page.screenshot({ path: `${PICTURES}/doorway-${size}-granted.png`, fullPage: true });
      await page.locator('[data-visitor="screenshot"]').click();
      await page.waitForSelector('[data-gate="locked"]');
      await waitForPhase(page, "denied");
      expect(await textOf(page, "[data-phase]")).toContain("这是 13:02 的码");
      expect(await overflow(page)).toBe(0);
      await page.screenshot({ path: `${PICTURES}/doorway-${size}-denied.png`, fullPage: true });
      expect(problems).toEqual([]);
    },
  );

  it("works from the keyboard alone", async () => {
    const { page } = await openPage(browser, "desktop", `${server.url}doorway`);
    await page.locator('[data-visitor="old-lady"]').focus();
    await page.keyboard.press("Enter");
    await waitForPhase(page, "referred");
    expect(doorway.atDoor()).toBe("old-lady");
  });

  it("takes a visitor dragged to the door", async () => {
    const { page } = await openPage(browser, "desktop", `${server.url}doorway`);
    await page.locator('[data-visitor="green"]').dragTo(page.locator("[data-gate]"));
    await waitForPhase(page, "granted");
    expect(doorway.atDoor()).toBe("green");
  });

  it("sends the visitor away again", async () => {
    const { page } = await openPage(browser, "desktop", `${server.url}doorway`);
    await page.locator('[data-visitor="screenshot"]').click();
    await waitForPhase(page, "denied");
    await page.getByRole("button", { name: "离开" }).click();
    await waitForPhase(page, "welcome");
    expect(doorway.atDoor()).toBeUndefined();
  });

  it("changes the world by switch and slider", async () => {
    const { page } = await openPage(browser, "desktop", `${server.url}doorway`);
    await page.getByLabel("网络").click();
    await expect.poll(() => doorway.world().brokerUp).toBe(false);
    await page.getByLabel("光线").fill("0.1");
    await expect.poll(() => doorway.world().light).toBe(0.1);
  });

  it("shows the newest picture of the camera, and that there is none when it is unplugged", async () => {
    const { page } = await openPage(browser, "desktop", `${server.url}doorway`);
    await page.waitForSelector('[data-frame="1"]');
    doorway.expose();
    await page.waitForSelector('[data-frame="2"]');
    doorway.setWorld({ cameraPlugged: false });
    await page.getByText("摄像头未连接").first().waitFor();
  });
});

/** Texts on the kiosk that do not fit between its head and its foot. */
function clipped(page: Page): Promise<string[]> {
  return page.evaluate(`
    const head = document.querySelector(".kiosk-head").getBoundingClientRect();
    const foot = document.querySelector(".kiosk-foot").getBoundingClientRect();
    [...document.querySelectorAll(".kiosk-body *")]
      .filter((element) => element.children.length === 0 && element.textContent.trim() !== "")
      .filter((element) => {
        const box = element.getBoundingClientRect();
        return box.width > 0 && (box.right > innerWidth + 1 || box.bottom > foot.top + 1 || box.left < -1 || box.top < head.top);
      })
      .map((element) => element.textContent.trim())
  `) as Promise<string[]>;
}
