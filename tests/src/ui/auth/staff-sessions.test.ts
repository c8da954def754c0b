/** How long staff stay signed in. */
import { beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../../../../sim/kernel/virtual-clock.ts";
import { MAX_SESSIONS, SESSION_MS, StaffSessions } from "../../../../src/ui/auth/staff-sessions.ts";

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
    expect(sessions.isSignedIn(cookie)).toBe(true);
    await clock.run(1);
    expect(sessions.isSignedIn(cookie)).toBe(false);
  });

  it("is kept from scripts and from other sites", () => {
    expect(sessions.begin()).toMatch(/; Max-Age=43200; Path=\/api; HttpOnly; SameSite=Strict$/);
  });

  it("makes room for newer ones", () => {
    const cookies = Array.from({ length: MAX_SESSIONS + 1 }, () => cookieOf(sessions.begin()));
    expect(cookies.map((cookie) => sessions.isSignedIn(cookie))).toEqual([
      false,
      ...Array.from({ length: MAX_SESSIONS }, () => true),
    ]);
  });

  it("of one browser ends without those of others", () => {
    const [one, other] = [cookieOf(sessions.begin()), cookieOf(sessions.begin())];
    expect(sessions.end(one)).toContain("Max-Age=0");
    expect([sessions.isSignedIn(one), sessions.isSignedIn(other)]).toEqual([false, true]);
  });
});
