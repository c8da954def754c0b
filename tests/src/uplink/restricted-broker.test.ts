/** Brokers that refuse one thing: the records arrive all the same, and what was refused is named. */
import { describe, expect, it } from "vitest";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { NameConflict } from "../../../src/uplink/name-conflict.ts";
import { START_MS } from "../../support/records.ts";
import {
  startScriptedBroker,
  type Script,
  type ScriptedBroker,
} from "../../support/scripted-broker.ts";
import { uplinkRigs, type UplinkRig } from "../../support/uplink-rig.ts";
import { until } from "../../support/until.ts";

const { ending, unit } = uplinkRigs();

async function brokerOf(script: Script): Promise<ScriptedBroker> {
  const broker = await startScriptedBroker(script);
  ending.push(() => broker.close());
  return broker;
}

/** All records arrive, and the connection then stands. @returns what is refused */
async function served({ uplink, store, commit }: UplinkRig): Promise<string[]> {
  await commit(1, 5);
  await until("the outbox is empty", () => store.outbox.pending() === 0, 15_000);
  await until("the connection stands", () => uplink.online(), 15_000);
  return uplink.restrictions().map(({ what }) => what);
}

const isCommand = (filter: string): boolean => filter.includes("/cmd/");
const isRecord = (topic: string): boolean => topic.endsWith("/evt");

describe.each(["5", "3.1.1"] as const)("a broker of version %s", (version) => {
  const first = async (script: Script, what: readonly string[]): Promise<ScriptedBroker> => {
    const broker = await brokerOf(script);
    const made = unit({ url: broker.url, version }, { acknowledgedBy: "broker" });
    const refused = await served(made);
    // That 3.1.1 cannot confirm a delivery is said each time.
    expect(refused.filter((each) => each !== "delivery").sort()).toEqual([...what].sort());
    return broker;
  };

  it("that refuses no thing is told no thing is refused", async () => {
    const broker = await first({}, []);
    expect(broker.connects).toMatchObject([{ will: true, willRetain: true }]);
  });

  it("that drops whoever publishes a retained message gets none any more", async () => {
    const broker = await first(
      { onPublish: ({ retain }, answer, line) => (retain ? line.drop() : answer()) },
      ["retain"],
    );
    expect(broker.published.at(-1)?.retain).toBe(false);
  });

  it("that denies the commands refuses nothing else", async () => {
    const denied = version === "5" ? 0x87 : 0x80;
    const broker = await first({ onSubscribe: (filter) => (isCommand(filter) ? denied : 1) }, [
      "commands",
    ]);
    expect(broker.connections()).toBe(1);
  });

  it("that drops whoever subscribes to commands is not asked for them again", async () => {
    await first({ onSubscribe: (filter) => (isCommand(filter) ? undefined : 1) }, ["commands"]);
  });

  it.each([["by a code"], ["by ending the line"]])("that refuses any will, %s", async (how) => {
    const code = version === "5" ? 0x87 : 0x05;
    const broker = await first(
      { refuse: ({ will }) => (will ? (how === "by a code" ? code : undefined) : 0) },
      ["will"],
    );
    expect(broker.connects.at(-1)?.will).toBe(false);
  });
});

describe("a broker that does not retain", () => {
  it("and refuses a retained will with 0x9a gets a will that is not retained", async () => {
    const broker = await brokerOf({ refuse: ({ willRetain }) => (willRetain ? 0x9a : 0) });
    expect(await served(unit({ url: broker.url }))).toEqual(["retain"]);
    expect(broker.connects.at(-1)).toMatchObject({ will: true, willRetain: false });
    expect(broker.published.some(({ retain }) => retain)).toBe(false);
  });

  it("and says so in its CONNACK gets no retained message", async () => {
    const broker = await brokerOf({ retainAvailable: false });
    const made = unit({ url: broker.url });
    expect(await served(made)).toEqual(["retain"]);
    await made.uplink.publish(made.uplink.topics.settings, "{}", { retain: true });
    expect(broker.published.filter(({ retain }) => retain)).toEqual([]);
    expect(broker.connections()).toBe(1);
  });

  it("and ends the connection with 0x9a is believed at once", async () => {
    const broker = await brokerOf({
      onPublish: ({ retain }, answer, line) => (retain ? line.dismiss(0x9a) : answer()),
    });
    expect(await served(unit({ url: broker.url }))).toEqual(["retain"]);
    expect(broker.connections()).toBe(2);
  });
});

describe("a broker that was unkind for another reason", () => {
  it("is shown the will again as soon as it lets the unit in", async () => {
    let refusals = 3;
    const broker = await brokerOf({ refuse: () => (refusals-- > 0 ? 0x87 : 0) });
    expect(await served(unit({ url: broker.url }))).toEqual([]);
    expect(broker.connects.at(-1)).toMatchObject({ will: true, willRetain: true });
  });

  it("that goes down for maintenance in the middle of the greeting is asked for everything again", async () => {
    let dismissals = 0;
    const broker = await brokerOf({
      onSubscribe(_filter, line) {
        if (dismissals++ === 0) line.dismiss(0x8b, "maintenance");
        return 1;
      },
    });
    expect(await served(unit({ url: broker.url }))).toEqual([]);
    expect(broker.filters.length).toBeGreaterThan(3);
  });
});

describe("what the broker will not write", () => {
  it("of the unit's state or settings is named, and hinders nothing", async () => {
    const broker = await brokerOf({
      onPublish: ({ topic }, answer) => answer(isRecord(topic) ? 0 : 0x87),
    });
    const made = unit({ url: broker.url });
    expect(await served(made)).toEqual(["state"]);
    await made.uplink.publish(made.uplink.topics.settings, "{}", { retain: true });
    expect(made.uplink.restrictions()).toMatchObject([
      { what: "state", why: "Not authorized (0x87)" },
      { what: "settings" },
    ]);
    expect(broker.connections()).toBe(1);
  });

  it("of the records themselves is named, and they stay in the outbox", async () => {
    const broker = await brokerOf({
      onPublish: ({ topic }, answer) => answer(isRecord(topic) ? 0x87 : 0),
    });
    const made = unit({ url: broker.url });
    await made.commit(1, 3);
    await until("it is named", () => made.uplink.restrictions().length > 0);
    expect(made.uplink.restrictions()).toEqual([{ what: "records", why: "Not authorized (0x87)" }]);
    expect(made.store.outbox.pending()).toBe(3);
  });

  it("with more than QoS 0 keeps records that no collector confirms in the outbox", async () => {
    const broker = await brokerOf({ maximumQoS: 0 });
    const made = unit({ url: broker.url });
    await made.commit(1, 3);
    await until("the unit is online", () => made.uplink.online());
    expect(made.uplink.restrictions().map(({ what }) => what)).toEqual(["records"]);
    expect(made.store.outbox.pending()).toBe(3);
    expect(broker.published.every(({ qos }) => qos === 0)).toBe(true);
  });

  it("with more than QoS 0 still carries records that a collector confirms", async () => {
    const broker = await brokerOf({ maximumQoS: 0 });
    const made = unit({ url: broker.url }, { acknowledgedBy: "collector" });
    await made.commit(1, 3);
    const arrived = (): number => broker.published.filter(({ topic }) => isRecord(topic)).length;
    await until("they are sent", () => arrived() === 3);
    expect(made.store.outbox.pending()).toBe(3);
  });
});

describe("version 3.1.1 without a collector", () => {
  it("says that what nobody hears counts as delivered", async () => {
    const broker = await brokerOf({});
    const made = unit({ url: broker.url, version: "3.1.1" });
    await until("the unit is online", () => made.uplink.online());
    expect(made.uplink.restrictions()).toMatchObject([
      { what: "delivery", why: /nobody is subscribed.*mqtt\.collector/ },
    ]);
  });

  it("and with one says nothing of it", async () => {
    const broker = await brokerOf({});
    const made = unit({ url: broker.url, version: "3.1.1" }, { acknowledgedBy: "collector" });
    await until("the unit is online", () => made.uplink.online());
    expect(made.uplink.restrictions()).toEqual([]);
  });
});

describe("why the broker is away", () => {
  it("is said in its own words, without what a terminal would obey", async () => {
    const broker = await brokerOf({ refuse: () => 0x8a, reasonString: "unpaid\u001b[2J bill" });
    const { uplink } = unit({ url: broker.url });
    await until("a try has failed", () => uplink.lastFailure() !== undefined);
    expect(uplink.lastFailure()).toBe("Connection refused: Banned (0x8a): unpaid [2J bill");
  });

  it("is said also where the connection stood before", async () => {
    let line: { dismiss(reason: number, text?: string): void } | undefined;
    const broker = await brokerOf({
      onPublish(_message, answer, itsLine) {
        line ??= itsLine;
        answer();
      },
    });
    const { uplink } = unit(
      { url: broker.url },
      { reconnect: { firstMs: 5_000, longestMs: 5_000 } },
    );
    await until("the unit is online", () => uplink.online());
    line?.dismiss(0x98, "moved to another hall");
    await until("the connection is over", () => !uplink.online());
    expect(uplink.lastFailure()).toBe(
      "the broker ended the connection: Administrative action (0x98): moved to another hall",
    );
  });

  it("is told once as long as it stays the same", async () => {
    const broker = await brokerOf({ refuse: () => 0x88 });
    const { uplink } = unit({ url: broker.url });
    let told = 0;
    uplink.onTrouble(() => {
      told += 1;
    });
    await until("some tries have failed", () => uplink.counters().failedConnections > 3);
    expect(told).toBe(1);
  });
});

describe("another client of the same name", () => {
  it("is named, with the broker's reason", async () => {
    const broker = await brokerOf({
      onPublish(_message, answer, line) {
        answer();
        setImmediate(() => line.dismiss(0x8e));
      },
    });
    const { uplink } = unit({ url: broker.url });
    await until("the name is in use", () => uplink.nameInUse());
    expect(uplink.lastFailure()).toMatch(/Session taken over \(0x8e\)/);
    expect(uplink.counters().takenOver).toBe(1);
  });

  it("is met with longer and longer pauses, until the name is left alone", async () => {
    const clock = new VirtualClock(START_MS);
    let changes = 0;
    const watch = new NameConflict(
      clock,
      () => 1,
      () => (changes += 1),
    );
    const pauses: number[] = [];
    for (let time = 0; time < 8; time++) {
      watch.connected();
      await clock.run(60_000);
      watch.ended(0x8e);
      pauses.push(watch.pauseMs(1_000) / 1_000);
    }
    expect(pauses).toEqual([15, 30, 60, 120, 240, 480, 600, 600]);
    expect([watch.inUse(), watch.count, changes]).toEqual([true, 8, 1]);
    // Any other end is no news of the name.
    watch.ended(undefined);
    expect([watch.pauseMs(1_000), watch.inUse()]).toEqual([1_000, true]);
    watch.connected();
    await clock.run(901_000);
    expect([watch.inUse(), changes]).toEqual([false, 2]);
  });

  it("shows where the broker has no word for it: connections that stood are closed soon, in a row", async () => {
    const clock = new VirtualClock(START_MS);
    const watch = new NameConflict(
      clock,
      () => 1,
      () => {},
    );
    const stood = async (ms: number, silently = true): Promise<boolean> => {
      watch.connected();
      await clock.run(ms);
      watch.ended(undefined, silently);
      return watch.inUse();
    };
    expect([await stood(100), await stood(100), await stood(100, false)]).toEqual(
      Array(3).fill(false),
    );
    expect([await stood(100), await stood(100), await stood(61_000)]).toEqual(Array(3).fill(false));
    // A broker that was away in between is another kind of trouble.
    expect([await stood(100), await stood(100)]).toEqual([false, false]);
    watch.ended(undefined, false);
    expect([await stood(100), await stood(100), await stood(100)]).toEqual([false, false, true]);
  });
});

describe("a packet that is too long", () => {
  it("ends the connection at its header, before any of it is gathered", async () => {
    const broker = await brokerOf({});
    const { uplink } = unit(
      { url: broker.url },
      { reconnect: { firstMs: 5_000, longestMs: 5_000 } },
    );
    await until("the unit is online", () => uplink.online());
    // A PUBLISH of 200 MiB (MQTT 5 §2.1.4: 0x80 0x80 0x80 0x64).
    broker.send(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x64]));
    await until("the connection is over", () => !uplink.online());
    expect(uplink.lastFailure()).toMatch(/began a packet of 209715205 bytes; 524288 are the most/);
  });
});
