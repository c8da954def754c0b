/** The cast of a scenario: from what was written down to people, passes, cards and plans. */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { decodeBase45, encodeBase45 } from "../../src/credential/codecs/base45.ts";
import {
  HEALTH_PASS_PREFIX,
  type HealthPassContent,
} from "../../src/credential/formats/health-pass/health-pass.ts";
import { maskName } from "../../src/credential/pseudonym.ts";
import type { DirectoryEntry } from "../../src/core/evidence/directory.ts";
import type { Picture } from "../camera/picture.ts";
import type { Conditions } from "../camera/picture.ts";
import { encodeCard } from "../chips/sam-v.ts";
import type { SimulatedDistrict } from "../actors/district.ts";
import { cardOf, dayOf, makePerson, type Person, type PersonWish } from "../actors/people.ts";
import type { Random } from "../kernel/random.ts";
import {
  ANYBODY,
  type CardInHand,
  type Showing,
  type Shown,
  type VisitorPlan,
} from "../actors/visitors.ts";
import type {
  CardFields,
  DirectoryFields,
  PassFields,
  PersonFacts,
  ShowingFields,
} from "./people-schema.ts";
import type { VisitorFields } from "./schema.ts";
import { durationMs, momentMs } from "./values.ts";
import { statementsOf, testOf, vaccinationOf } from "./statements.ts";

/** Somebody by name, or described on the spot. */
type Whose = string | PersonFacts;

export interface CastOptions {
  district: SimulatedDistrict;
  random: Random;
  /** The true time, epoch ms. */
  nowMs: () => number;
  people: Readonly<Record<string, PersonFacts>>;
  passes: Readonly<Record<string, PassFields>>;
  /** Pictures by the name the scenario gives them. */
  pictures: ReadonlyMap<string, Picture>;
}

/** Turns descriptions into things. Unknown names were refused before a run begins. */
export class Cast {
  readonly #district: SimulatedDistrict;
  readonly #random: Random;
  readonly #nowMs: () => number;
  readonly #people: Readonly<Record<string, PersonFacts>>;
  readonly #pictures: ReadonlyMap<string, Picture>;
  readonly #known = new Map<string, Person>();
  readonly #passes = new Map<string, { text: string; serial: string; holder: Person }>();

  constructor(options: CastOptions) {
    this.#district = options.district;
    this.#random = options.random;
    this.#nowMs = options.nowMs;
    this.#people = options.people;
    this.#pictures = options.pictures;
    for (const [name, fields] of Object.entries(options.passes)) {
      const serial = fields.serial ?? this.#district.nextSerial();
      const holder = this.person(fields.holder ?? name);
      const text = this.#issue({ ...fields, serial }, holder);
      this.#passes.set(name, { text, serial, holder });
    }
  }

  /** Somebody by name or description; a name nobody described is a made-up person of that name. */
  person(whose: Whose): Person {
    const key = typeof whose === "string" ? whose : JSON.stringify(whose);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const facts = typeof whose === "string" ? (this.#people[whose] ?? {}) : whose;
    const person = makePerson(this.#random.fork(`person/${key}`), wishOf(facts));
    this.#known.set(key, person);
    return person;
  }

  pseudonymOf(person: Person): string {
    return this.#district.pseudonymOf(person.number);
  }

  /** Serials of named passes; anything else is a serial already. */
  serialsOf(names: readonly string[]): string[] {
    return names.map((name) => this.#passes.get(name)?.serial ?? name);
  }

  /** Tells the district's directory. */
  know(fields: DirectoryFields): void {
    const now = this.#nowMs();
    const person = this.person(fields.person);
    const entry: DirectoryEntry = {
      pseudonym: this.pseudonymOf(person),
      maskedName: maskName(person.name),
      birthYear: person.birth.year,
      roles: fields.roles,
      nucleicAcidTests: fields.nucleicAcidTests.map((test) => testOf(test, now)),
      antigenTests: fields.antigenTests.map((test) => testOf(test, now)),
      asOfMs: momentMs(fields.asOf, now),
    };
    if (fields.colour !== undefined) entry.colour = fields.colour;
    if (fields.vaccination !== undefined) {
      entry.vaccination = vaccinationOf(fields.vaccination, now);
    }
    this.#district.know(entry, fields.token);
  }

  /** A visitor's plan. `id` names them in the output. */
  plan(fields: VisitorFields, id: string): VisitorPlan {
    const visitor = this.person(fields.person ?? id);
    const shows = Array.isArray(fields.shows) ? fields.shows : [fields.shows];
    const holders = shows.flatMap((showing) => this.#holdersOf(showing, visitor));
    const plan: VisitorPlan = {
      id,
      skinC: fields.temperatureC,
      showings: shows.map((showing) => this.#showing(showing, visitor)),
      patienceMs: durationMs(fields.patience),
      staffPatienceMs: durationMs(fields.waitsForStaff),
      walksThrough: fields.walksThrough,
      pushesIn: fields.pushesIn,
      pseudonyms: [
        ...new Set(
          [visitor, ...holders].map((who) => (who === ANYBODY ? ANYBODY : this.pseudonymOf(who))),
        ),
      ],
    };
    if (fields.holdsDoor !== undefined) plan.holdsDoorMs = durationMs(fields.holdsDoor);
    return plan;
  }

  /** Whose credential it is; `ANYBODY` where only the unit can tell. */
  #holdersOf(showing: ShowingFields, visitor: Person): (Person | typeof ANYBODY)[] {
    const { pass, card } = showing;
    if (typeof pass === "string") return [this.#passes.get(pass)?.holder ?? ANYBODY];
    if (pass !== undefined) return pass.holder === undefined ? [] : [this.person(pass.holder)];
    if (typeof card === "object") return [this.#cardHolder(card, visitor)];
    if (card !== undefined) return card === "own" ? [] : [this.person(card)];
    return [ANYBODY];
  }

  #showing(fields: ShowingFields, visitor: Person): Showing {
    const label = SHOWN.find((key) => fields[key] !== undefined) ?? "nothing";
    const showing: Showing = { label, prepare: () => this.#prepare(fields, visitor) };
    // A card is what it is: what does not fit on it is told before the run, not in it.
    if (fields.card !== undefined) {
      const card = this.#card(fields.card, visitor);
      showing.prepare = () => ({ kind: "card", card });
    }
    if (fields.after !== undefined) showing.afterMs = durationMs(fields.after);
    if (fields.holds !== undefined) showing.holdsMs = durationMs(fields.holds);
    return showing;
  }

  #prepare(fields: ShowingFields, visitor: Person): Shown {
    const conditions = conditionsOf(fields);
    if (fields.image !== undefined) {
      const picture = this.#pictures.get(fields.image);
      if (picture === undefined) throw new Error(`the picture ${fields.image} was not loaded`);
      return { kind: "image", picture, conditions };
    }
    const text = this.#text(fields, visitor);
    return {
      kind: "code",
      conditions,
      scene: {
        text,
        medium: fields.on === "paper" ? "paper" : "phone",
        cracked: fields.on === "cracked-phone",
        errorCorrection: levelFor(text),
        ...(fields.widthMm === undefined ? {} : { widthMm: fields.widthMm }),
        ...(fields.darkMode === undefined ? {} : { darkMode: fields.darkMode }),
        ...(fields.brightness === undefined ? {} : { brightness: fields.brightness }),
      },
    };
  }

  #text(fields: ShowingFields, visitor: Person): string | Uint8Array {
    const { pass, code, codeBase64, token } = fields;
    if (code !== undefined) return code;
    if (token !== undefined) return token;
    if (codeBase64 !== undefined) return new Uint8Array(Buffer.from(codeBase64, "base64"));
    if (typeof pass === "string") return this.#passes.get(pass)?.text ?? "";
    if (pass === undefined) return "";
    const holder = pass.holder === undefined ? visitor : this.person(pass.holder);
    return this.#issue(pass, holder);
  }

  #issue(fields: PassFields, holder: Person): string {
    const now = this.#nowMs();
    const issuedAtMs = momentMs(fields.issued, now);
    const content: HealthPassContent = {
      form: fields.form,
      serial: fields.serial ?? this.#district.nextSerial(),
      issuedAtMs,
      holder: { pseudonym: this.pseudonymOf(holder), maskedName: maskName(holder.name) },
      ...(fields.validUntil === undefined
        ? {}
        : { validUntilMs: momentMs(fields.validUntil, now) }),
      ...(fields.colour === undefined ? {} : { colour: fields.colour }),
      ...statementsOf(fields, now),
    };
    const text = this.#district.issue(fields.issuer, content);
    switch (fields.damage) {
      case undefined:
        return text;
      case "truncated":
        return text.slice(0, -12);
      case "signature":
        return resigned(text, Buffer.alloc(SIGNATURE_BYTES, 0x5a));
      case "content": {
        // The colour was changed by somebody who cannot sign: the signature is the old content's.
        const forged = this.#district.issue(fields.issuer, { ...content, colour: "green" });
        const honest = this.#district.issue(fields.issuer, { ...content, colour: "red" });
        return resigned(forged, signatureOf(honest));
      }
    }
  }

  #cardHolder(fields: CardFields, visitor: Person): Person {
    return fields.of === undefined ? visitor : this.person(fields.of);
  }

  #card(fields: string | CardFields, visitor: Person): CardInHand {
    if (typeof fields === "string") {
      const holder = fields === "own" ? visitor : this.person(fields);
      return { text: encodeCard(cardOf(holder)), readsAs: "good" };
    }
    const { of: _of, readsAs, ...wish } = fields;
    const card = cardOf(this.#cardHolder(fields, visitor), wish);
    const number = readsAs === "damaged" ? miswritten(card.number) : card.number;
    return { text: encodeCard({ ...card, number }), readsAs };
  }
}

/** Another last digit: no check character any more. */
function miswritten(number: string): string {
  const last = number.endsWith("1") ? "2" : "1";
  return number.slice(0, -1) + last;
}

/** Long codes are printed at the lowest level: their modules are small enough as it is. */
function levelFor(text: string | Uint8Array): "L" | "M" {
  const length = typeof text === "string" ? Buffer.byteLength(text) : text.length;
  return length > LONG_CODE_BYTES ? "L" : "M";
}

const LONG_CODE_BYTES = 900;

const SHOWN = ["pass", "token", "code", "codeBase64", "image", "card"] as const;

function wishOf(facts: PersonFacts): PersonWish {
  const { birth, ...rest } = facts;
  return birth === undefined ? rest : { ...rest, birth: dayOf(birth) };
}

const CONDITIONS = ["distanceM", "tiltDeg", "rollDeg", "glare", "blur", "moire"] as const;

function conditionsOf(fields: ShowingFields): Partial<Conditions> {
  const conditions: Partial<Conditions> = {};
  for (const key of CONDITIONS) {
    const value = fields[key];
    if (value !== undefined) conditions[key] = value;
  }
  return conditions;
}

// Both algorithms of a health pass sign with 64 bytes, and they stand last in COSE_Sign1.
const SIGNATURE_BYTES = 64;

function unpacked(text: string): Buffer {
  const packed = decodeBase45(text.slice(HEALTH_PASS_PREFIX.length));
  if (packed === undefined) throw new Error("an issued pass is not in base45");
  return inflateRawSync(packed);
}

function signatureOf(text: string): Buffer {
  return unpacked(text).subarray(-SIGNATURE_BYTES);
}

/** The same pass with another signature behind it. */
function resigned(text: string, signature: Buffer): string {
  const message = unpacked(text);
  const forged = Buffer.concat([message.subarray(0, -SIGNATURE_BYTES), signature]);
  return HEALTH_PASS_PREFIX + encodeBase45(deflateRawSync(forged, { level: 9 }));
}
