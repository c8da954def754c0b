/** The visitors of the gallery: who they are, what they show, and what should come of it. */
import type { z } from "zod";
import type { GalleryVisitor } from "./ports.ts";
import type { directoryEntry, person } from "../scenario/people-schema.ts";
import type { visitor } from "../scenario/schema.ts";

/** How the page draws a visitor, and the same visitor as a scenario has it. */
export interface GalleryCase extends GalleryVisitor {
  visitor: z.input<typeof visitor>;
  /** What the directory knows, where it knows them. */
  known?: z.input<typeof directoryEntry>;
}

/** Everybody in the gallery by their id; facts that are left out are made up. */
export const GALLERY_PEOPLE: Readonly<Record<string, z.input<typeof person>>> = {
  "green-phone": { name: "李明", sex: "male", birth: "1990-05-17" },
  "red-phone": { name: "赵磊", sex: "male", birth: "1985-11-02" },
  grandmother: { name: "王桂兰", sex: "female", birth: "1941-03-08" },
  "paper-code": { name: "陈建国", sex: "male", birth: "1950-09-30" },
  fever: { name: "周敏", sex: "female", birth: "1996-01-21" },
  "test-49-hours": { name: "吴俊杰", sex: "male", birth: "1993-07-11" },
  "yellow-phone": { name: "孙丽华", sex: "female", birth: "1979-12-05" },
  "yesterdays-screenshot": { name: "胡强", sex: "male", birth: "2001-02-14" },
  courier: { name: "马志明", sex: "male", birth: "1988-08-19" },
  "hong-kong-permit": {
    name: "何静",
    sex: "female",
    birth: "1983-04-27",
    cardType: "hong-kong-macau-taiwan-permit",
  },
  "foreigner-new-card": {
    name: "魏安娜",
    latinName: "WEBER, ANNA MARIA",
    country: "DEU",
    sex: "female",
    birth: "1981-08-03",
    cardType: "foreigner-2023",
  },
  "foreigner-old-card": {
    name: "高戴维",
    latinName: "GOODWIN, DAVID",
    country: "GBR",
    sex: "male",
    birth: "1975-06-16",
    cardType: "foreigner-2017",
  },
  stranger: { name: "徐文博", sex: "male", birth: "1999-10-10" },
  "cracked-phone": { name: "朱雨桐", sex: "female", birth: "2002-03-03" },
  forger: { name: "郭浩然", sex: "male", birth: "1998-06-06" },
  "payment-code": { name: "林晓燕", sex: "female", birth: "1989-09-09" },
};

const recentTest = { sampled: "20h ago", reported: "13h ago" };
const onRecord = (id: string) => ({
  person: id,
  colour: "green" as const,
  nucleicAcidTests: [recentTest],
  asOf: "25m ago",
});

export const GALLERY: readonly GalleryCase[] = [
  {
    id: "green-phone",
    name: { zh: "绿码青年", en: "Green code on a phone" },
    story: {
      zh: "手机亮出绿码，核酸 20 小时：放行。",
      en: "Shows a fresh green code, tested 20 hours ago: comes in.",
    },
    figure: { age: "young", shows: "phone", hair: "short", tint: "#2f855a", wears: "mask" },
    temperatureC: 36.5,
    visitor: {
      shows: { pass: { colour: "green", nucleicAcidTest: recentTest } },
      expect: { outcome: "granted", credential: "health-pass-live", taken: true },
    },
  },
  {
    id: "red-phone",
    name: { zh: "红码", en: "Red code" },
    story: { zh: "红码：不得入内。", en: "A red code: must not come in." },
    figure: { age: "adult", shows: "phone", hair: "short", tint: "#c53030", wears: "mask" },
    temperatureC: 36.6,
    visitor: {
      shows: { pass: { colour: "red", nucleicAcidTest: recentTest } },
      expect: { outcome: "denied", reasons: ["code-red"], gateOpened: false },
    },
  },
  {
    id: "grandmother",
    name: { zh: "王奶奶，只带身份证", en: "Grandmother with only her ID card" },
    story: {
      zh: "没有手机，刷身份证，本机名录里有她的绿码和核酸：放行。",
      en: "No phone: lays down her ID card, and the unit's directory knows her: comes in.",
    },
    figure: { age: "old", shows: "card", hair: "long", tint: "#805ad5", wears: "glasses" },
    temperatureC: 36.2,
    visitor: {
      shows: { card: "own" },
      expect: { outcome: "granted", credential: "resident-id", taken: true },
    },
    known: onRecord("grandmother"),
  },
  {
    id: "paper-code",
    name: { zh: "纸质码加身份证", en: "Paper code with the ID card" },
    story: {
      zh: "居委会打印的纸质码，另刷身份证核对本人：放行。",
      en: "A printed code counts only with the holder's ID card: shows both, comes in.",
    },
    figure: { age: "old", shows: "paper", hair: "short", tint: "#4a5568", wears: "hat" },
    temperatureC: 36.4,
    visitor: {
      shows: [
        {
          pass: { form: "paper", issued: "30d ago", colour: "green", nucleicAcidTest: recentTest },
          on: "paper",
        },
        { card: "own" },
      ],
      expect: { outcome: "granted", credential: "health-pass-paper", taken: true },
    },
  },
  {
    id: "fever",
    name: { zh: "发热", en: "A fever" },
    story: {
      zh: "绿码，但额温 38.2 ℃：请工作人员复测。",
      en: "A green code, but 38.2 °C: staff are asked to measure again.",
    },
    figure: { age: "young", shows: "phone", hair: "long", tint: "#dd6b20", wears: "mask" },
    temperatureC: 38.2,
    visitor: {
      temperatureC: 38.2,
      shows: { pass: { colour: "green", nucleicAcidTest: recentTest } },
      expect: { outcome: "referred", reasons: ["temperature-high"], gateOpened: false },
    },
  },
  {
    id: "test-49-hours",
    name: { zh: "核酸 49 小时", en: "Test 49 hours old" },
    story: {
      zh: "要求 48 小时内采样，已过 49 小时：不得入内。",
      en: "Sampled 49 hours ago where 48 are asked: must be tested again.",
    },
    figure: { age: "adult", shows: "phone", hair: "short", tint: "#3182ce", wears: "backpack" },
    temperatureC: 36.5,
    visitor: {
      shows: { pass: { colour: "green", nucleicAcidTest: { sampled: "49h ago" } } },
      expect: { outcome: "denied", reasons: ["test-too-old"], gateOpened: false },
    },
  },
  {
    id: "yellow-phone",
    name: { zh: "黄码", en: "Yellow code" },
    story: { zh: "黄码：不得入内。", en: "A yellow code: must not come in." },
    figure: { age: "adult", shows: "phone", hair: "long", tint: "#d69e2e", wears: "glasses" },
    temperatureC: 36.7,
    visitor: {
      shows: { pass: { colour: "yellow", nucleicAcidTest: recentTest } },
      expect: { outcome: "denied", reasons: ["code-yellow"], gateOpened: false },
    },
  },
  {
    id: "yesterdays-screenshot",
    name: { zh: "昨天的截图", en: "Yesterday's screenshot" },
    story: {
      zh: "出示昨天的绿码截图：码已过期，请刷新。",
      en: "Shows a screenshot of yesterday's green code: too old, must be refreshed.",
    },
    figure: { age: "young", shows: "phone", hair: "short", tint: "#718096", wears: "backpack" },
    temperatureC: 36.5,
    visitor: {
      shows: { pass: { issued: "26h ago", colour: "green", nucleicAcidTest: recentTest } },
      expect: { outcome: "denied", reasonsInclude: ["expired"], gateOpened: false },
    },
  },
  {
    id: "courier",
    name: { zh: "没有核酸的骑手", en: "Courier without a test" },
    story: {
      zh: "随申码在名录中查到，绿码但没有核酸记录：不得入内。",
      en: "An opaque token the directory resolves: green, but no test on record: not let in.",
    },
    figure: { age: "adult", shows: "phone", hair: "short", tint: "#ecc94b", wears: "helmet" },
    temperatureC: 36.8,
    visitor: {
      shows: { token: "DT1:8f3kQ2mZx7LpV0sTb9Rw4Yc6" },
      expect: { outcome: "denied", reasons: ["test-missing"], credential: "opaque-token" },
    },
    known: {
      person: "courier",
      token: "8f3kQ2mZx7LpV0sTb9Rw4Yc6",
      colour: "green",
      roles: ["courier"],
      asOf: "25m ago",
    },
  },
  {
    id: "hong-kong-permit",
    name: { zh: "港澳台居民居住证", en: "Hong Kong permit holder" },
    story: {
      zh: "刷港澳台居民居住证，名录中有记录：放行。",
      en: "Lays down a residence permit for Hong Kong residents, known to the directory: comes in.",
    },
    figure: { age: "adult", shows: "card", hair: "long", tint: "#b83280", wears: "mask" },
    temperatureC: 36.4,
    visitor: {
      shows: { card: "own" },
      expect: { outcome: "granted", credential: "resident-id", taken: true },
    },
    known: onRecord("hong-kong-permit"),
  },
  {
    id: "foreigner-new-card",
    name: { zh: "外国人永居证（新版）", en: "Foreign resident, new card" },
    story: {
      zh: "2023 版外国人永久居留身份证（五星卡）：放行。",
      en: "A foreigner's permanent resident card of 2023: comes in.",
    },
    figure: { age: "adult", shows: "card", hair: "long", tint: "#319795", wears: "glasses" },
    temperatureC: 36.6,
    visitor: {
      shows: { card: "own" },
      expect: { outcome: "granted", credential: "resident-id", taken: true },
    },
    known: onRecord("foreigner-new-card"),
  },
  {
    id: "foreigner-old-card",
    name: { zh: "外国人永居证（旧版）", en: "Foreign resident, old card" },
    story: {
      zh: "2017 版外国人永久居留身份证，15 位号码：放行。",
      en: "A foreigner's permanent resident card of 2017 with its 15 characters: comes in.",
    },
    figure: { age: "adult", shows: "card", hair: "short", tint: "#2c5282", wears: "hat" },
    temperatureC: 36.5,
    visitor: {
      shows: { card: "own" },
      expect: { outcome: "granted", credential: "resident-id", taken: true },
    },
    known: onRecord("foreigner-old-card"),
  },
  {
    id: "stranger",
    name: { zh: "名录里没有的人", en: "Someone unknown" },
    story: {
      zh: "身份证有效，但名录查无此人：转工作人员。",
      en: "A good ID card, but not in the directory: staff decide.",
    },
    figure: { age: "adult", shows: "card", hair: "short", tint: "#744210" },
    temperatureC: 36.5,
    visitor: {
      shows: { card: "own" },
      expect: { outcome: "referred", reasons: ["holder-unknown"], gateOpened: false },
    },
  },
  {
    id: "cracked-phone",
    name: { zh: "碎屏反光的手机", en: "Cracked and glaring phone" },
    story: {
      zh: "屏幕碎裂、反光：照样读得出来，放行。",
      en: "Cracked glass and a lamp's reflection: it is read all the same, comes in.",
    },
    figure: {
      age: "young",
      shows: "cracked-phone",
      hair: "long",
      tint: "#38a169",
      wears: "backpack",
    },
    temperatureC: 36.6,
    visitor: {
      shows: {
        pass: { colour: "green", nucleicAcidTest: recentTest },
        on: "cracked-phone",
        glare: 0.35,
      },
      expect: { outcome: "granted", credential: "health-pass-live", taken: true },
    },
  },
  {
    id: "forger",
    name: { zh: "改过颜色的码", en: "A forged colour" },
    story: {
      zh: "把红码改成绿码，签名对不上：不得入内。",
      en: "A red code altered to green: the signature does not match, not let in.",
    },
    figure: { age: "young", shows: "phone", hair: "short", tint: "#1a202c", wears: "mask" },
    temperatureC: 36.5,
    visitor: {
      shows: { pass: { colour: "red", nucleicAcidTest: recentTest, damage: "content" } },
      expect: { outcome: "denied", reasons: ["signature-invalid"], gateOpened: false },
    },
  },
  {
    id: "payment-code",
    name: { zh: "错拿付款码", en: "A payment code by mistake" },
    story: {
      zh: "打开的是付款码：提示这不是健康码，不算拒绝。",
      en: "Opens the wrong app: a hint, and no refusal.",
    },
    figure: { age: "adult", shows: "phone", hair: "long", tint: "#2b6cb0", wears: "mask" },
    temperatureC: 36.4,
    visitor: {
      shows: { code: "https://pay.example/q/281474976710655" },
      expect: { outcome: "none", visits: 0, gateOpened: false },
    },
  },
];
