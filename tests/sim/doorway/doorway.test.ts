import { mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GALLERY } from "../../../sim/demo/gallery.ts";
import { startSimulatedDoorway, type RunningDoorway } from "../../../sim/demo/main.ts";

interface Live {
  visits: { outcome: string; reasons: { code: string }[]; ending?: string; delivered: boolean }[];
}

let doorway: RunningDoorway;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "doorway-"));
  doorway = await startSimulatedDoorway({ port: 0, folder });
});
afterAll(() => doorway.stop());

/** Follows the unit's live data until it is as wanted. */
async function until(wanted: (live: Live) => boolean): Promise<Live> {
  const response = await fetch(new URL("api/live?with=visits", doorway.url));
  let text = "";
  let live: Live = { visits: [] };
  if (response.body === null) throw new Error("the stream has no body");
  const decoder = new TextDecoder();
  for await (const chunk of response.body) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data === undefined) continue;
      // Each message brings the parts that changed.
      live = { ...live, ...(JSON.parse(data) as Partial<Live>) };
      if (wanted(live)) return live;
    }
  }
  throw new Error("the stream ended");
}

async function present(visitor: string): Promise<void> {
  const origin = new URL(doorway.url).origin;
  const address = new URL(`api/doorway/present/${visitor}`, doorway.url);
  const response = await fetch(address, { method: "POST", headers: { origin } });
  expect(response.status).toBe(200);
}

describe("the simulated doorway in real time", { timeout: 60_000 }, () => {
  it("shows the whole gallery", async () => {
    const response = await fetch(new URL("api/doorway", doorway.url));
    const { visitors } = (await response.json()) as { visitors: { id: string }[] };
    expect(visitors.map((visitor) => visitor.id)).toEqual(GALLERY.map((each) => each.id));
  });

  it("lets the green code in, and the record arrives at the broker over a real socket", async () => {
    await present("green-phone");
    const { visits } = await until((live) => {
      const [visit] = live.visits;
      return visit?.ending !== undefined && visit.delivered;
    });
    expect(visits[0]).toMatchObject({ outcome: "granted", ending: "taken" });
    expect(await readdir(folder)).toContain("records.db");
  });

  it("is well: a collector acknowledges its records, and nothing is out of order", async () => {
    const response = await fetch(new URL("readyz", doorway.url));
    const { parts } = (await response.json()) as { parts: { name: string; ok: boolean }[] };
    expect(parts.map(({ name }) => name)).toContain("link/broker");
    expect(parts.filter(({ ok }) => !ok)).toEqual([]);
    expect(await readdir(folder)).toContain("collector.db");
  });

  it("turns the red code away, though somebody else is still there", async () => {
    await present("stranger");
    await present("red-phone");
    const { visits } = await until(
      ({ visits: [visit] }) => visit?.reasons.some((reason) => reason.code === "code-red") === true,
    );
    expect(visits[0]?.outcome).toBe("denied");
  });
});
