/** Made-up people with numbers that check, and the cards they carry. Nobody here exists. */
import type { CalendarDay } from "../../hal/devices.ts";
import type { CardFields } from "../chips/sam-v.ts";
import type { CardType } from "../chips/sam-v-card.ts";
import type { Random } from "../kernel/random.ts";

/** Somebody, as far as cards and passes need them. */
export interface Person {
  name: string;
  sex: "male" | "female";
  birth: CalendarDay;
  /** As it stands on their card. */
  number: string;
  address: string;
  /** Which card they carry. */
  cardType: CardType;
  latinName: string;
  /** Three letters of ISO 3166-1; of foreigners only it says anything. */
  country: string;
}

/** What is known beforehand; the rest is made up. */
export interface PersonWish {
  name?: string | undefined;
  sex?: "male" | "female" | undefined;
  birth?: CalendarDay | undefined;
  number?: string | undefined;
  address?: string | undefined;
  cardType?: CardType | undefined;
  latinName?: string | undefined;
  country?: string | undefined;
}

const SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗";
const MALE_NAMES = ["伟", "强", "磊", "建国", "志明", "俊杰", "浩然", "文博"] as const;
const FEMALE_NAMES = ["芳", "秀英", "娜", "敏", "静", "丽华", "雨桐", "桂兰"] as const;
// Huangpu, Xuhui, Changning, Jing'an, Putuo, Fengxian (GB/T 2260).
const DISTRICTS = ["310101", "310104", "310105", "310106", "310107", "310120"] as const;
const ROADS = ["南京东路", "淮海中路", "四川北路", "解放中路", "望园路", "人民路"] as const;

/** Completes a person, the same for the same chance. */
export function makePerson(random: Random, wish: PersonWish = {}): Person {
  const told = wish.number === undefined ? undefined : readNumber(wish.number);
  const sex = wish.sex ?? told?.sex ?? random.pick(["male", "female"] as const);
  const birth = wish.birth ??
    told?.birth ?? {
      year: random.integer(1940, 2005),
      month: random.integer(1, 12),
      day: random.integer(1, 28),
    };
  const given = random.pick(sex === "male" ? MALE_NAMES : FEMALE_NAMES);
  const surname = SURNAMES.charAt(random.integer(0, SURNAMES.length - 1));
  const region = random.pick(DISTRICTS);
  // GB 11643: the last of the three running digits is odd for men.
  const running = 2 * random.integer(0, 499) + (sex === "male" ? 1 : 0);
  const cardType = wish.cardType ?? told?.cardType ?? "citizen";
  const country = wish.country ?? "CAN";
  const citizenNumber = withCheck(`${region}${compact(birth)}${String(running).padStart(3, "0")}`);
  const road = `${random.pick(ROADS)}${random.integer(1, 999)}号`;
  return {
    name: wish.name ?? surname + given,
    sex,
    birth,
    number: wish.number ?? numberFor(cardType, citizenNumber, country),
    address: wish.address ?? `上海市${road}`,
    cardType,
    latinName: wish.latinName ?? "DOE, ALEX",
    country,
  };
}

function readNumber(
  number: string,
): { birth?: CalendarDay; sex?: Person["sex"]; cardType: CardType } | undefined {
  if (/^[A-Z]{3}\d{12}$/.test(number)) return { cardType: "foreigner-2017" };
  const found = /^\d{6}(\d{4})(\d{2})(\d{2})\d{2}(\d)[\dX]$/.exec(number);
  if (found === null) return undefined;
  const [, year, month, day, last] = found;
  return {
    birth: { year: Number(year), month: Number(month), day: Number(day) },
    sex: Number(last) % 2 === 1 ? "male" : "female",
    cardType: number.startsWith("9")
      ? "foreigner-2023"
      : /^8[123]0000/.test(number)
        ? "hong-kong-macau-taiwan-permit"
        : "citizen",
  };
}

/** Appends the check character of ISO 7064 MOD 11-2 (GB 11643-1999, §3.4). */
function withCheck(digits: string): string {
  let sum = 0;
  for (const digit of digits) sum = (2 * (sum + Number(digit))) % 11;
  return digits + "0123456789X".charAt((12 - sum) % 11);
}

const compact = ({ year, month, day }: CalendarDay): string =>
  `${year}${String(month).padStart(2, "0")}${String(day).padStart(2, "0")}`;

/** What a card says beyond its holder. Days as the card writes them, `YYYY-MM-DD`, or 长期. */
export interface CardWish {
  type?: CardType | undefined;
  latinName?: string | undefined;
  nationCode?: string | undefined;
  country?: string | undefined;
  issuer?: string | undefined;
  travelPermitNumber?: string | undefined;
  formerLink?: string | undefined;
  validFrom?: string | undefined;
  validTo?: string | undefined;
}

/** A person's card. `number` on it is of the card's type: a permit, or a foreigner's old or new one. */
export function cardOf(person: Person, wish: CardWish = {}): CardFields {
  const type = wish.type ?? person.cardType;
  const { name, sex, address } = person;
  const country = wish.country ?? person.country;
  const common = {
    name,
    sex,
    birth: compact(person.birth),
    number: type === person.cardType ? person.number : numberFor(type, person.number, country),
    validFrom: wish.validFrom ?? "2015-05-01",
    validTo: wish.validTo ?? "2035-05-01",
  };
  const issuer = wish.issuer ?? "上海市公安局";
  const latinName = wish.latinName ?? person.latinName;
  switch (type) {
    case "citizen":
      return { type, ...common, address, issuer, nationCode: wish.nationCode ?? "01" };
    case "hong-kong-macau-taiwan-permit": {
      const travelPermitNumber = wish.travelPermitNumber ?? "H12345678";
      return { type, ...common, address, issuer, travelPermitNumber };
    }
    case "foreigner-2017":
      return { type, ...common, latinName, country, issuer: wish.issuer ?? "1500" };
    case "foreigner-2023":
      return { type, ...common, latinName, country, formerLink: wish.formerLink ?? "" };
  }
}

/** The number that a card of another type would carry for the holder of a citizen's number. */
function numberFor(type: CardType, citizenNumber: string, country: string): string {
  const birth = citizenNumber.slice(6, 14);
  const running = citizenNumber.slice(14, 17);
  switch (type) {
    case "citizen":
      return citizenNumber;
    case "hong-kong-macau-taiwan-permit":
      return withCheck(`810000${birth}${running}`);
    case "foreigner-2023":
      // 9, the place of application, a numeric country (ISO 3166-1: Canada 124), birth, running.
      return withCheck(`931124${birth}${running}`);
    case "foreigner-2017":
      return withTravelCheck(`${country}3101${birth.slice(2)}${running.slice(0, 1)}`);
  }
}

/** Appends the check digit of machine-readable travel documents (ICAO 9303-3 §4.9). */
function withTravelCheck(body: string): string {
  const weights = [7, 3, 1];
  let sum = 0;
  for (let index = 0; index < body.length; index++) {
    sum += Number.parseInt(body.charAt(index), 36) * (weights[index % 3] ?? 0);
  }
  return body + String(sum % 10);
}

/** A day as the scenario and the gallery write it: `1948-03-02`. */
export function dayOf(text: string): CalendarDay {
  const [year = 0, month = 0, day = 0] = text.split("-").map(Number);
  return { year, month, day };
}
