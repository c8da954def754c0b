import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createSystemClock } from "../../../hal/linux/clock.ts";
import { doorwayExtension } from "../../../sim/demo/routes.ts";
import { startUiServer, type UiServer } from "../../../src/ui/server.ts";
import { createStubDoorway, type StubDoorway } from "../../src/ui/support/stub-doorway.ts";
import { createStubUnit } from "../../src/ui/support/stub-unit.ts";

let doorway: StubDoorway;
let server: UiServer;
let pagesDir: string;

beforeEach(async () => {
  pagesDir = mkdtempSync(join(tmpdir(), "sentinel-pages-"));
  writeFileSync(join(pagesDir, "index.html"), "<!doctype html><title>pages</title>");
  const unit = createStubUnit();
  doorway = createStubDoorway(unit);
  const extension = doorwayExtension(doorway, unit);
  server = await startUiServer({ feed: unit, extension, clock: createSystemClock(), pagesDir });
});

afterEach(async () => {
  await server.close();
  rmSync(pagesDir, { recursive: true });
});

const get = (path: string): Promise<Response> => fetch(new URL(path, server.url));

const post = (path: string, body: unknown): Promise<Response> =>
  fetch(new URL(path, server.url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

const problemOf = async (response: Response): Promise<string> =>
  String(((await response.json()) as { error?: unknown }).error);

describe("the page of the simulated doorway", () => {
  it("keeps the picture in which a code was read, and none for a card", async () => {
    expect((await get("/api/doorway/moment")).status).toBe(204);
    await doorway.present("green");
    const picture = await get("/api/doorway/moment");
    expect(picture.status).toBe(200);
    expect(picture.headers.get("x-frame")).toBe("1");
    doorway.expose();
    expect((await get("/api/doorway/moment?after=1")).status).toBe(204);
    await doorway.present("old-lady");
    expect((await get("/api/doorway/moment?after=1")).headers.get("x-frame")).toBeNull();
  });

  it("lists its visitors", async () => {
    const { visitors } = (await (await get("/api/doorway")).json()) as { visitors: unknown };
    expect(visitors).toEqual(doorway.visitors());
  });

  it("sends a visitor to the door and away again", async () => {
    expect((await post("/api/doorway/present/green", {})).status).toBe(200);
    expect(doorway.atDoor()).toBe("green");
    expect((await post("/api/doorway/dismiss", {})).status).toBe(200);
    expect(doorway.atDoor()).toBeUndefined();
  });

  it("does not know a visitor who is not in the gallery", async () => {
    const response = await post("/api/doorway/present/nobody", {});
    expect(response.status).toBe(404);
    expect(await problemOf(response)).toContain("nobody");
  });

  it("forwards an order of the district, and answers with its result", async () => {
    const response = await post("/api/doorway/order", { order: "lock-down" });
    expect(await response.json()).toEqual({ result: "done", detail: "lock-down" });
    expect((await post("/api/doorway/order", { order: "open-for-ever" })).status).toBe(400);
    doorway.setWorld({ brokerUp: false });
    const lost = await post("/api/doorway/order", { order: "release" });
    expect([lost.status, await problemOf(lost)]).toEqual([503, "nobody answers as a broker"]);
    doorway.setWorld({ brokerUp: true });
  });

  it("changes the world within its limits", async () => {
    expect((await post("/api/doorway/world", { light: 0, brokerUp: false })).status).toBe(200);
    expect(doorway.world()).toMatchObject({ light: 0, brokerUp: false });
  });

  it.each([
    [{ light: 1.01 }, /light/],
    [{ light: -0.01 }, /light/],
    [{ light: "bright" }, /light/],
    [{ noise: 1e9 }, /noise/],
    [{ distanceM: 0 }, /distanceM/],
    [{ brokerUp: 1 }, /brokerUp/],
    [{ weather: "rain" }, /weather/],
  ])("refuses %j", async (change, complaint) => {
    const before = doorway.world();
    const response = await post("/api/doorway/world", change);
    expect(response.status).toBe(400);
    expect(await problemOf(response)).toMatch(complaint);
    expect(doorway.world()).toEqual(before);
  });

  it("shows what the camera sees as a picture, and nothing when it is unplugged", async () => {
    const picture = await get("/api/doorway/frame");
    expect(picture.headers.get("content-type")).toBe("image/png");
    expect(new Uint8Array(await picture.arrayBuffer()).subarray(1, 4)).toEqual(
      new TextEncoder().encode("PNG"),
    );
    doorway.setWorld({ cameraPlugged: false });
    expect((await get("/api/doorway/frame")).status).toBe(204);
  });
});
