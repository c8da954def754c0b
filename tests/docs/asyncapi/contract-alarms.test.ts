/** An alarm of each device and each link is published when it is raised, and when it is cleared. */
import { describe, expect, it } from "vitest";
import { DEVICE_NAMES } from "../../../src/core/alarm.ts";
import type { Event } from "../../../src/core/event.ts";
import { canonicalJson, sha256Hex } from "../../../src/base/canonical-json.ts";
import { recordEvent } from "../../../src/protocol/cloud-event.ts";
import { unitTopics } from "../../../src/protocol/topics.ts";
import { at, event } from "../../support/core.ts";
import { ContractWatch } from "../../support/contract.ts";
import { CoreUnderTest } from "../../support/doorway-core.ts";

const SENDER = { district: "pudong", unitId: "door-1" };

/** The CloudEvents of what the core wants recorded, as the uplink sends them. */
function published(core: CoreUnderTest): string[] {
  return core.effects
    .flatMap((effect) => (effect.kind === "commit-record" ? [effect.record.body] : []))
    .map((body, index) => {
      const seq = index + 1;
      const record = { unit: "door-1", epoch: "e1", seq, prev: sha256Hex(""), at: at(), body };
      const canonical = canonicalJson(record);
      return recordEvent(SENDER, { seq, canonical, hash: sha256Hex(canonical) });
    });
}

const FAULTS: [name: string, (ok: boolean) => Event][] = [
  ...DEVICE_NAMES.map((device): [string, (ok: boolean) => Event] => [
    device,
    (ok) => event({ kind: "device-changed", device, ok, detail: "unplugged" }),
  ]),
  ...(["broker", "directory"] as const).map((link): [string, (ok: boolean) => Event] => [
    `link to the ${link}`,
    (ok) => event({ kind: "link-changed", link, ok }),
  ]),
  ...(["broker-restricted", "unit-name-in-use", "input-unavailable"] as const).map(
    (fault): [string, (ok: boolean) => Event] => [
      fault,
      (ok) => event({ kind: "fault-changed", fault, subject: "mqtt.tls.ca", active: !ok }),
    ],
  ),
];

function saidOf(name: string): { alarm: string; subject?: string } {
  if (name.startsWith("link")) return { alarm: `${name.split(" ").at(-1)}-unreachable` };
  const isDevice = (DEVICE_NAMES as readonly string[]).includes(name);
  return isDevice
    ? { alarm: "device-failed", subject: name }
    : { alarm: name, subject: "mqtt.tls.ca" };
}

describe("a fault", () => {
  it.each(FAULTS)("of the %s is published as an alarm, and so is its end", (name, change) => {
    const core = new CoreUnderTest();
    core.take(change(false));
    core.take(change(true));
    const texts = published(core);
    const watch = new ContractWatch();
    const topic = unitTopics("pudong", "door-1").events;
    for (const text of texts) watch.heard({ topic, payload: Buffer.from(text), qos: 1 });
    expect(watch.problems).toEqual([]);
    const bodies = texts.map(
      (text) => (JSON.parse(text) as { data: { record: { body: object } } }).data.record.body,
    );
    const said = saidOf(name);
    expect(bodies).toEqual([
      { type: "alarm-raised", ...said },
      { type: "alarm-cleared", ...said },
    ]);
  });
});
