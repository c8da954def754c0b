/** What says nothing by itself: cards and tokens, the directory, and the resolver's patience. */
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../../sim/kernel/virtual-clock.ts";
import type {
  DirectoryEntry,
  DirectoryKey,
  DirectoryLookup,
} from "../../../../src/core/evidence/directory.ts";
import {
  maskName,
  pseudonymOf,
  pseudonymOfNameAndBirth,
  tokenReferenceOf,
} from "../../../../src/credential/pseudonym.ts";
import { opaqueToken } from "../../../../src/credential/formats/opaque-token/opaque-token.ts";
import { isResidentNumber } from "../../../../src/credential/formats/resident-id/card-number.ts";
import {
  TokenResolver,
  type ResolverClient,
} from "../../../../src/credential/directory/resolver.ts";
import { DISTRICT_KEY, instant, NOW, NUMBER, verifierOf } from "../passes.ts";

const ENTRY: DirectoryEntry = {
  pseudonym: pseudonymOf(DISTRICT_KEY, NUMBER),
  maskedName: "王**",
  birthYear: 1949,
  roles: ["resident"],
  colour: "green",
  nucleicAcidTests: [
    { result: "negative", sampledAtMs: NOW - 9_000_000, reportedAtMs: NOW - 1_000_000 },
    { result: "pending", sampledAtMs: NOW - 1_000 },
  ],
  antigenTests: [{ result: "negative", sampledAtMs: NOW - 5_000 }],
  vaccination: { doses: 2, dosesNeeded: 3, lastDoseAtMs: NOW - 1e9 },
  asOfMs: NOW - 60_000,
};
const TOKEN = "A1b2C3d4E5f6G7h8J9k0";

const directory: DirectoryLookup = {
  lookup: (key: DirectoryKey) => {
    const known =
      "pseudonym" in key
        ? key.pseudonym === ENTRY.pseudonym
        : key.tokenReference === tokenReferenceOf(DISTRICT_KEY, TOKEN);
    return Promise.resolve({ directoryAsOfMs: NOW - 30_000, ...(known ? { entry: ENTRY } : {}) });
  },
};
const broken: DirectoryLookup = { lookup: () => Promise.reject(new Error("disk")) };

const CARD = {
  document: "resident-id" as const,
  name: "王小明",
  number: NUMBER,
  birth: { year: 1949, month: 12, day: 31 },
};

describe("resident ID card", () => {
  const card = (change: object = {}, at = NOW, lookup = directory) =>
    verifierOf({ directory: lookup }).card({ ...CARD, ...change }, instant(at));

  it("is not accepted where no format knows the document", async () => {
    expect(await card({ document: "library-card" })).toMatchObject({
      kind: "unknown",
      isValid: false,
      reasons: [{ code: "not-accepted-here" }],
    });
  });

  it("is looked up by pseudonym; every piece of evidence carries the entry's age", async () => {
    const credential = await card();
    expect(credential).toMatchObject({
      kind: "resident-id",
      isValid: true,
      holder: { pseudonym: ENTRY.pseudonym, maskedName: "王**", birthYear: 1949 },
      basis: "directory",
      basisAsOfMs: NOW - 30_000,
    });
    expect(credential.evidence.map(({ id }) => id)).toEqual([
      "colour-1",
      "nat-1",
      "nat-2",
      "antigen-1",
      "vaccination-1",
      "membership-1",
    ]);
    expect(
      credential.evidence.flatMap((piece) => ("disease" in piece ? [piece.disease] : [])),
    ).toEqual(["covid-19", "covid-19", "covid-19", "covid-19"]);
    for (const piece of credential.evidence) {
      expect(piece).toMatchObject({
        trust: "looked-up",
        source: { name: "directory", asOfMs: ENTRY.asOfMs },
      });
    }
    expect(JSON.stringify(credential)).not.toContain(NUMBER);
  });

  it("of somebody unknown still names its holder, so that a paper pass can be matched", async () => {
    const credential = await card({ number: "110101199001011237" });
    expect(credential.reasons.map(({ code }) => code)).toEqual(["holder-unknown"]);
    expect(credential.holder?.pseudonym).toBe(pseudonymOf(DISTRICT_KEY, "110101199001011237"));
  });

  it("says when the directory cannot be asked", async () => {
    expect((await card({}, NOW, broken)).reasons).toEqual([{ code: "directory-unreachable" }]);
    const without = await verifierOf({}).card(CARD, instant(NOW));
    expect(without.reasons).toEqual([{ code: "directory-unreachable" }]);
  });

  it("with a wrong check digit is not looked up at all", async () => {
    const credential = await card({ number: "110105194912310020" });
    expect(credential).toMatchObject({ isValid: false, reasons: [{ code: "number-invalid" }] });
    expect(credential.holder).toBeUndefined();
  });

  // The last day ends at midnight in China, 16:00 UTC.
  it.each([
    ["is good to the end of its last day", "2026-05-02T15:59:59.999Z", true],
    ["is expired after it", "2026-05-02T16:00:00Z", false],
  ])("%s", async (_name, at, holds) => {
    const validTo = { year: 2026, month: 5, day: 2 };
    const credential = await card({ validTo }, Date.parse(at));
    expect(credential.isValid).toBe(holds);
    expect(credential.holder?.pseudonym).toBe(ENTRY.pseudonym);
  });

  it("that looks expired to a clock nobody can believe is looked up all the same", async () => {
    const validTo = { year: 2026, month: 5, day: 1 };
    const at = { ...instant(NOW), wallTrusted: false };
    const credential = await verifierOf({ directory }).card({ ...CARD, validTo }, at);
    expect(credential).toMatchObject({ isValid: false, reasons: [{ code: "card-expired" }] });
    expect(credential.evidence[0]).toMatchObject({ kind: "code-colour", colour: "green" });
    const unknown = await verifierOf({ directory: broken }).card({ ...CARD, validTo }, at);
    expect(unknown.reasons.map(({ code }) => code)).toEqual([
      "card-expired",
      "directory-unreachable",
    ]);
  });

  it("whose last day nobody can read neither holds nor is expired, and names its holder", async () => {
    const credential = await card({ validTo: "unknown" });
    expect(credential).toMatchObject({
      isValid: false,
      reasons: [{ code: "card-validity-unknown" }],
      holder: { pseudonym: ENTRY.pseudonym },
    });
  });

  it("without a name and a day of birth that can be read is looked up all the same", async () => {
    const credential = await card({ name: "", birth: "unknown" });
    expect(credential.isValid).toBe(true);
    expect(credential.holder).toEqual({ pseudonym: ENTRY.pseudonym });
  });

  it.each([
    ["11010519491231002X", true],
    ["440524188001010014", true],
    ["11010519491231002x", false],
    ["110105194912310021", false],
    ["ABC123456789012", false],
    ["AB1123456789012", false],
    ["", false],
  ])("number %s: %s", (number, good) => {
    expect(isResidentNumber(number)).toBe(good);
  });
});

describe("opaque token", () => {
  const show = async (given: Parameters<typeof verifierOf>[0], token = TOKEN) =>
    verifierOf(given).code(Buffer.from(token), token, instant(NOW));

  it.each([
    ["a1".repeat(10), true],
    ["a1".repeat(32), true],
    ["a1".repeat(9) + "b", false],
    [`${"a1".repeat(32)}b`, false],
    ["12345678901234567890", false],
    ["abcdefghijklmnopqrst", false],
    [`DT1:${"1".repeat(20)}`, true],
    [`DT1:${"1".repeat(19)}`, false],
    ["a1-".repeat(8), false],
  ])("%s: %s", (text, isToken) => {
    expect(opaqueToken.code.recognise(text)).toBe(isToken ? "recognised" : undefined);
  });

  it("is resolved by its keyed hash", async () => {
    expect(await show({ directory })).toMatchObject({
      kind: "opaque-token",
      isValid: true,
      holder: { pseudonym: ENTRY.pseudonym },
      basis: "directory",
    });
  });

  it("that nobody knows is no entry", async () => {
    const { isValid, reasons, evidence } = await show({ directory }, "Z9".repeat(12));
    expect({ isValid, reasons, evidence }).toEqual({
      isValid: false,
      reasons: [{ code: "holder-unknown" }],
      evidence: [],
    });
  });

  it("goes to the resolver where the directory does not know it, with the answer's date", async () => {
    const clock = new VirtualClock(NOW);
    const client: ResolverClient = { ask: () => Promise.resolve(ENTRY) };
    const resolver = new TokenResolver({ client, clock });
    const credential = await show({ directory, resolver }, "Z9".repeat(12));
    expect(credential).toMatchObject({
      isValid: true,
      basis: "resolver",
      basisAsOfMs: ENTRY.asOfMs,
    });
    expect(credential.evidence[0]?.source).toEqual({ name: "resolver", asOfMs: ENTRY.asOfMs });
  });

  it("cannot be judged where the resolver cannot be asked", async () => {
    const client: ResolverClient = { ask: () => Promise.reject(new Error("offline")) };
    const resolver = new TokenResolver({ client, clock: new VirtualClock(NOW) });
    const { reasons } = await show({ directory, resolver }, "Z9".repeat(12));
    expect(reasons).toEqual([{ code: "directory-unreachable" }]);
  });
});

describe("the resolver", () => {
  function resolverOn(answers: (Promise<DirectoryEntry | undefined> | "never")[]) {
    const clock = new VirtualClock(NOW);
    const signals: AbortSignal[] = [];
    const client: ResolverClient = {
      ask: (_token, signal) => {
        signals.push(signal);
        const answer = answers[signals.length - 1] ?? "never";
        return answer === "never" ? new Promise<undefined>(() => {}) : answer;
      },
    };
    return { clock, signals, resolver: new TokenResolver({ client, clock, cacheSize: 2 }) };
  }

  it("waits 300 ms and not a millisecond longer, and stops the question", async () => {
    const { clock, signals, resolver } = resolverOn(["never"]);
    let outcome = "";
    const done = resolver.resolve("t", "r").then((resolution) => {
      outcome = resolution.outcome;
    });
    await clock.run(299);
    expect([outcome, signals[0]?.aborted]).toEqual(["", false]);
    await clock.run(1);
    await done;
    expect([outcome, signals[0]?.aborted]).toEqual(["unreachable", true]);
  });

  it("tells once that the service is given up, and once that it answers again", async () => {
    const clock = new VirtualClock(NOW);
    const told: boolean[] = [];
    let up = false;
    const resolver = new TokenResolver({
      client: { ask: () => (up ? Promise.resolve(ENTRY) : Promise.reject(new Error("down"))) },
      clock,
      onReachable: (reachable) => told.push(reachable),
    });
    for (let round = 0; round < 2; round++) await resolver.resolve("t", "r");
    expect(told).toEqual([]);
    await resolver.resolve("t", "r");
    await clock.run(30_000);
    await resolver.resolve("t", "r");
    expect(told).toEqual([false]);
    await clock.run(30_000);
    up = true;
    for (let round = 0; round < 2; round++) await resolver.resolve(`t${round}`, `r${round}`);
    expect(told).toEqual([false, true]);
  });

  it("leaves the service alone after three failures, then asks once", async () => {
    const failure = () => Promise.reject<undefined>(new Error("down"));
    const down = resolverOn([]);
    const { clock, signals } = down;
    const client: ResolverClient = {
      ask: (_token, signal) => {
        signals.push(signal);
        return failure();
      },
    };
    const resolver = new TokenResolver({ client, clock });
    for (let round = 0; round < 5; round++) await resolver.resolve("t", "r");
    expect([signals.length, resolver.isCircuitOpen()]).toEqual([3, true]);
    await clock.run(30_000);
    expect(resolver.isCircuitOpen()).toBe(false);
    await resolver.resolve("t", "r");
    expect([signals.length, resolver.isCircuitOpen()]).toEqual([4, true]);
  });

  it("keeps an answer for ten minutes under the keyed hash, with its date", async () => {
    const known = resolverOn([Promise.resolve(ENTRY), Promise.resolve(undefined)]);
    const first = await known.resolver.resolve("t", "r");
    await known.clock.run(599_999);
    expect(await known.resolver.resolve("t", "r")).toEqual(first);
    await known.clock.run(1);
    expect(await known.resolver.resolve("t", "r")).toEqual({
      outcome: "unknown",
      asOfMs: NOW + 600_000,
    });
    expect(known.signals).toHaveLength(2);
  });

  it("asks anew after fifteen seconds about somebody it did not know: they may have registered", async () => {
    const later = resolverOn([Promise.resolve(undefined), Promise.resolve(ENTRY)]);
    const outcome = async (): Promise<string> => (await later.resolver.resolve("t", "r")).outcome;
    expect(await outcome()).toBe("unknown");
    await later.clock.run(14_999);
    expect(await outcome()).toBe("unknown");
    await later.clock.run(1);
    expect(await outcome()).toBe("known");
  });

  it("gives an older answer, with its date, while the service cannot be asked", async () => {
    const answers = [Promise.resolve(ENTRY), Promise.reject(new Error("down"))];
    for (const answer of answers) answer.catch(() => undefined);
    const { clock, resolver, signals } = resolverOn([...answers, ...answers.slice(1), "never"]);
    const first = await resolver.resolve("t", "r");
    await clock.run(600_000);
    expect(await resolver.resolve("t", "r")).toEqual(first);
    await resolver.resolve("t", "r");
    const third = resolver.resolve("t", "r");
    await clock.run(300);
    expect([await third, resolver.isCircuitOpen()]).toEqual([first, true]);
    expect([await resolver.resolve("t", "r"), signals.length]).toEqual([first, 4]);
    // Who was not known then may be known by now: nobody can say.
    expect(await resolver.resolve("another", "r2")).toEqual({ outcome: "unreachable" });
  });

  it("keeps no more answers than it may", async () => {
    const full = resolverOn([1, 2, 3, 4].map(() => Promise.resolve(ENTRY)));
    for (const reference of ["a", "b", "c", "c", "b", "a"]) {
      await full.resolver.resolve("t", reference);
    }
    expect(full.signals).toHaveLength(4);
  });
});

describe("names and pseudonyms", () => {
  it.each([
    ["王小明", "王**"],
    ["Smith Bill", "S**** ****"],
    ["李", "李"],
    [" 𠮷田 ", "𠮷*"],
    ["", ""],
    ["\u001b[2J王五", "[****"],
    ["\u202e王\u2066五", "王*"],
    ["\u009b王", "王"],
    ["\ud83d王", "王"],
    ["\u2028", ""],
  ])("%s is shown as %s", (name, masked) => {
    expect(maskName(name)).toBe(masked);
  });

  it("a pseudonym is the same however the number is typed, and another under another key", () => {
    const pseudonym = pseudonymOf(DISTRICT_KEY, NUMBER);
    expect(pseudonym).toMatch(/^[\w-]{43}$/);
    expect(pseudonymOf(DISTRICT_KEY, "110105 19491231 002x")).toBe(pseudonym);
    expect(pseudonymOf(new Uint8Array(32), NUMBER)).not.toBe(pseudonym);
    expect(tokenReferenceOf(DISTRICT_KEY, NUMBER)).not.toBe(pseudonym);
    expect(pseudonymOfNameAndBirth(DISTRICT_KEY, NUMBER, "")).not.toBe(pseudonym);
  });
});
