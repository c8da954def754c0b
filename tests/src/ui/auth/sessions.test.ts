/** How long staff stay signed in. */
import { beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../../../sim/kernel/virtual-clock.ts";
import { MOST_SESSIONS, SESSION_MS, StaffSessions } from "../../../../src/ui/auth/sessions.ts";

let clock: VirtualClock;
let sessions: StaffSessions;

beforeEach(() => {
  clock = new VirtualClock(0);
  sessions = new StaffSessions(clock);
});

const cookieOf = (setCookie: string): string => setCookie.split(";")[0] ?? "";

describe("a session", () => {
  it("is for a shift", async () => {
    const cookie = cookieOf(sessions.begin());
    await clock.run(SESSION_MS - 1);
    expect(sessions.holds(cookie)).toBe(true);
    await clock.run(1);
    expect(sessions.holds(cookie)).toBe(false);
  });

  it("is kept from scripts and from other sites", () => {
    expect(sessions.begin()).toMatch(/; Max-Age=43200; Path=\/api; HttpOnly; SameSite=Strict$/);
  });

  it("makes room for newer ones", () => {
    const cookies = Array.from({ length: MOST_SESSIONS + 1 }, () => cookieOf(sessions.begin()));
    expect(cookies.map((cookie) => sessions.holds(cookie))).toEqual([
      false,
      ...Array.from({ length: MOST_SESSIONS }, () => true),
    ]);
  });

  it("of one browser ends without those of others", () => {
    const [one, other] = [cookieOf(sessions.begin()), cookieOf(sessions.begin())];
    expect(sessions.end(one)).toContain("Max-Age=0");
    expect([sessions.holds(one), sessions.holds(other)]).toEqual([false, true]);
  });
});
