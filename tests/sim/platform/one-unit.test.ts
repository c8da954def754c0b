import { beforeAll, describe, expect, it } from "vitest";
import { createInlineEngine } from "../../../hal/drivers/code-reader/engine/engine.ts";
import type { DataSetFlaw } from "../../../sim/actors/data-publisher.ts";
import { drive } from "../../../sim/kernel/drive.ts";
import type { BrokerMessage } from "../../../sim/platform/broker-conditions.ts";
import { UNIT_FILES } from "../../../sim/platform/unit-files.ts";
import { loadFields } from "../../../sim/scenario/load.ts";
import { directoryEntry } from "../../../sim/scenario/people-schema.ts";
import { visitor } from "../../../sim/scenario/schema.ts";
import { openSession, type Session, type SessionOptions } from "../../../sim/scenario/session.ts";
import { telemetrySchema } from "../../../src/protocol/message-schemas.ts";
import { unitTopics } from "../../../src/protocol/topics.ts";
import { CREDENTIAL_SHAPES } from "../../../src/credential/shapes.ts";

const engine = createInlineEngine({ cacheFrames: 200, wanted: CREDENTIAL_SHAPES });
beforeAll(() => engine.ready());

const UNIT = "unit-sim";
const TOPICS = unitTopics("simulated", UNIT);
const TOKEN = "abcdefghij0123456789";
const PAPER_AND_CARD = [{ pass: "wang", on: "paper" }, { card: "own" }];
const FIELDS = {
  name: "one unit",
  unit: { id: UNIT, camera: { width: 640, height: 480, framesPerSecond: 5 } },
  people: { Wang: {}, Li: {} },
  passes: { wang: { holder: "Wang", form: "paper", issued: "1h ago", ...healthy() } },
  visitors: [],
};

function healthy() {
  return { colour: "green", nucleicAcidTest: { result: "negative", sampled: "10h ago" } };
}

interface Play extends Session {
  messages: BrokerMessage[];
  /** Somebody comes, shows it and leaves. @returns the outcome and its reasons */
  visit: (shows: object) => Promise<{ outcome: string | undefined; reasons: string[] }>;
  run: (ms: number) => Promise<void>;
}

/** Starts the unit in virtual time and plays; nothing here waits for real time. */
async function play(
  act: (play: Play) => Promise<void>,
  options: Partial<SessionOptions> = {},
): Promise<void> {
  const messages: BrokerMessage[] = [];
  const session = await openSession(await loadFields(FIELDS, "one unit"), {
    engine,
    onMessage: (message) => messages.push(message),
    ...options,
  });
  const { clock, doorway, cast } = session.stage;
  let visitors = 0;
  try {
    await doorway.start();
    await clock.run(2_000);
    await act({
      ...session,
      messages,
      run: (ms) => clock.run(ms),
      async visit(shows) {
        visitors += 1;
        const plan = cast.plan(
          visitor.parse({ person: "Wang", shows, temperatureC: 34.5 }),
          `visitor-${visitors}`,
        );
        await drive(clock, doorway.world.send(plan));
        await clock.run(10_000);
        const [visit] = doorway.gateway().visits();
        return { outcome: visit?.outcome, reasons: (visit?.reasons ?? []).map(({ code }) => code) };
      },
    });
    await drive(clock, doorway.stop());
  } finally {
    session.close();
  }
}

const sentOn = (messages: readonly BrokerMessage[], topic: string): BrokerMessage[] =>
  messages.filter((message) => message.topic === topic);

describe("the unit in virtual time", { timeout: 60_000 }, () => {
  it("publishes its telemetry at the connection, at changes and at intervals", async () => {
    await play(async ({ messages, visit, run }) => {
      expect(await visit(PAPER_AND_CARD)).toMatchObject({ outcome: "granted" });
      const before = sentOn(messages, TOPICS.telemetry).length;
      await run(60_000);
      const sent = sentOn(messages, TOPICS.telemetry);
      expect(before).toBeGreaterThan(0);
      expect(sent.length).toBeGreaterThanOrEqual(before + 2);
      const last = telemetrySchema.parse(JSON.parse(sent.at(-1)?.payload ?? ""));
      expect(last).toMatchObject({ visits: { granted: 1 }, releases: 1, memoryBytes: 100_000_000 });
    });
  });

  it("changes its settings on a signed command, reports them, and keeps them over a power cut", async () => {
    await play(async ({ stage, messages, run }) => {
      const { operator } = stage.backend;
      const reported = (): unknown => JSON.parse(stage.backend.retained(TOPICS.settings) ?? "{}");
      expect(reported()).toMatchObject({ version: 0, values: { telemetrySeconds: 30 } });
      operator.publishSettings({ telemetrySeconds: 5 });
      await run(1_000);
      expect(reported()).toMatchObject({ version: 1, values: { telemetrySeconds: 5 } });
      const before = sentOn(messages, TOPICS.telemetry).length;
      await run(30_000);
      expect(sentOn(messages, TOPICS.telemetry).length).toBeGreaterThanOrEqual(before + 6);
      operator.publishSettings({ telemetrySeconds: 0 });
      await run(1_000);
      expect(reported()).toMatchObject({ version: 1, refused: { version: 2 } });
      await drive(stage.clock, stage.doorway.cutPower());
      await drive(stage.clock, stage.doorway.restorePower());
      await run(3_000);
      expect(reported()).toMatchObject({ version: 1, values: { telemetrySeconds: 5 } });
    });
  });

  it("changes no settings on a forged command", async () => {
    await play(async ({ stage, run }) => {
      stage.backend.operator.publishSettings({ telemetrySeconds: 5 }, "forged");
      await run(1_000);
      const text = stage.backend.retained(TOPICS.settings) ?? "{}";
      expect(JSON.parse(text)).toMatchObject({ version: 0 });
      const refused = stage.doorway.unit().uplink()?.counters().commandsRefused ?? {};
      expect(Object.values(refused).reduce((sum, count) => sum + count, 0)).toBe(1);
    });
  });

  it("switches over to a new data set, and goes on with it after a power cut", async () => {
    await play(async ({ stage, visit, run }) => {
      expect(await visit(PAPER_AND_CARD)).toMatchObject({ outcome: "granted" });
      const { district, cast, backend, clock } = stage;
      district.revoke(cast.serialsOf(["wang"]), "revoked", clock.wallMs());
      const version = backend.publisher.publish(district.dataSet("revocation"));
      await run(5_000);
      expect(stage.doorway.unit().dataSets?.reports()).toMatchObject({ revocation: { version } });
      const refused = { outcome: "denied", reasons: expect.arrayContaining(["revoked"]) };
      expect(await visit(PAPER_AND_CARD)).toMatchObject(refused);
      await drive(clock, stage.doorway.cutPower());
      await drive(clock, stage.doorway.restorePower());
      expect(stage.doorway.unit().dataSets?.reports()).toMatchObject({ revocation: { version } });
      await run(3_000);
      expect(await visit(PAPER_AND_CARD)).toMatchObject(refused);
    });
  });

  it("takes a whole directory as a data set", async () => {
    await play(async ({ stage, visit, run }) => {
      const shown = { token: TOKEN };
      expect((await visit(shown)).reasons).toContain("holder-unknown");
      stage.cast.know(directoryEntry.parse({ person: "Wang", token: TOKEN, ...known() }));
      stage.backend.publisher.publish(stage.district.dataSet("directory"));
      await run(5_000);
      expect(await visit(shown)).toMatchObject({ outcome: "granted" });
    });
  });

  it.each<[DataSetFlaw, string]>([
    ["forged", "signature-invalid"],
    ["expired", "expired"],
    ["damaged", "part-damaged"],
    ["invalid", "content-invalid"],
    ["withheld", "parts-missing"],
  ])("goes on with what it has when a data set is %s, and says %s", async (flaw, reason) => {
    await play(async ({ stage, trace, visit, run }) => {
      const { district, cast, backend, clock, doorway } = stage;
      district.revoke(cast.serialsOf(["wang"]), "revoked", clock.wallMs());
      backend.publisher.publish({ ...district.dataSet("revocation"), flaw });
      await run(300_000);
      const failures = doorway.unit().dataSets?.figures().failures.revocation ?? {};
      expect(Object.keys(failures)).toEqual([reason]);
      const raised = trace.entries.some(
        (entry) =>
          entry.what === "turn" && entry.event.kind === "data-set-changed" && !entry.event.ok,
      );
      expect(raised).toBe(true);
      expect(await visit(PAPER_AND_CARD)).toMatchObject({ outcome: "granted" });
    });
  });

  it("asks the online resolver for a token that its directory does not know", async () => {
    await play(
      async ({ stage, visit }) => {
        stage.cast.know(directoryEntry.parse({ person: "Li", token: TOKEN, ...known() }));
        expect(await visit({ token: TOKEN })).toMatchObject({ outcome: "granted" });
        expect(stage.backend.resolver.asked()).toBe(1);
      },
      { resolver: true },
    );
  });

  it.each(["slow", "wrong", "down"] as const)(
    "refers a visitor whose token only a resolver that is %s knows",
    async (state) => {
      await play(
        async ({ stage, visit }) => {
          stage.cast.know(directoryEntry.parse({ person: "Li", token: TOKEN, ...known() }));
          stage.backend.resolver.set(state);
          expect((await visit({ token: TOKEN })).outcome).toBe("referred");
          expect(stage.backend.resolver.asked()).toBeGreaterThan(0);
        },
        { resolver: true },
      );
    },
  );

  it("announces itself to Home Assistant, and takes that back when a setting asks for it", async () => {
    const topic = `homeassistant/device/simulated/${UNIT}/config`;
    await play(
      async ({ stage, run }) => {
        const announced = (): string | undefined => stage.backend.retained(topic);
        expect(JSON.parse(announced() ?? "{}")).toMatchObject({
          dev: { ids: [`sentinel_simulated_${UNIT}`] },
        });
        stage.backend.operator.publishSettings({ homeAssistant: false });
        await run(2_000);
        expect(announced()).toBe("");
      },
      { homeAssistant: true },
    );
  });

  it("keeps a lock-down over a power cut, in a file of its own", async () => {
    await play(async ({ stage, run }) => {
      const { backend, doorway, clock } = stage;
      backend.operator.give({ name: "lock-down", active: true }, "order-1", "a threat");
      await run(1_000);
      const file = `${UNIT_FILES.database}.orders`;
      expect(backend.files.peek(file)?.toString()).toContain("a threat");
      // The card costs the unit what its database said of it.
      await backend.disk.store.settings.set("orders", "{}");
      await drive(clock, doorway.cutPower());
      await drive(clock, doorway.restorePower());
      expect(doorway.view().mode).toBe("locked-down");
    });
  });

  it("reads its files again on demand, and keeps what it has where one cannot be used", async () => {
    await play(async ({ stage, visit, run }) => {
      const { district, cast, backend, clock, doorway } = stage;
      district.revoke(cast.serialsOf(["wang"]), "revoked", clock.wallMs());
      district.handOver(backend.files);
      backend.files.put(`${UNIT_FILES.trustFolder}/issuers.json`, "no JSON");
      await doorway.unit().reload();
      const alarm = expect.objectContaining({
        kind: "input-unavailable",
        subject: "trust.files[0]",
      });
      expect(doorway.view().alarms).toContainEqual(alarm);
      const { reasons } = await visit(PAPER_AND_CARD);
      expect(reasons).toContain("revoked");
      expect(reasons).not.toContain("issuer-unknown");
      district.handOver(backend.files);
      await run(60_000);
      expect(doorway.view().alarms).not.toContainEqual(alarm);
    });
  });
});

function known() {
  const sampled = "10h ago";
  return { colour: "green", nucleicAcidTests: [{ result: "negative", sampled }] };
}
