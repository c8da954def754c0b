import { describe, expect, it } from "vitest";
import {
  MAX_FAILURES,
  ATTACK_OVER_MS,
  SignInLimit,
  BLOCK_MS,
} from "../../../../src/ui/auth/sign-in-limit.ts";
import { VirtualClock } from "../../../../sim/kernel/virtual-clock.ts";

interface Trial {
  clock: VirtualClock;
  attempts: SignInLimit;
  told: boolean[];
}

function trial(): Trial {
  const clock = new VirtualClock(0);
  const told: boolean[] = [];
  return { clock, told, attempts: new SignInLimit(clock, (guessing) => told.push(guessing)) };
}

function guess(attempts: SignInLimit, address: string, times = MAX_FAILURES): void {
  for (let time = 0; time < times; time++) attempts.recordFailure(address);
}

describe("whoever guesses tokens", () => {
  it("waits after the fifth wrong one, for a minute", async () => {
    const { clock, attempts } = trial();
    guess(attempts, "192.0.2.7", MAX_FAILURES - 1);
    expect(attempts.blockedMs("192.0.2.7")).toBe(0);
    guess(attempts, "192.0.2.7", 1);
    expect(attempts.blockedMs("192.0.2.7")).toBe(BLOCK_MS);
    await clock.run(BLOCK_MS - 1);
    expect(attempts.blockedMs("192.0.2.7")).toBe(1);
    await clock.run(1);
    expect(attempts.blockedMs("192.0.2.7")).toBe(0);
  });

  it("has others go on", () => {
    const { attempts } = trial();
    guess(attempts, "192.0.2.7");
    expect(attempts.blockedMs("192.0.2.8")).toBe(0);
  });

  it("does not wait for mistakes that lie far apart, or before the right one", async () => {
    const { clock, attempts } = trial();
    guess(attempts, "192.0.2.7", MAX_FAILURES - 1);
    await clock.run(BLOCK_MS);
    guess(attempts, "192.0.2.7", MAX_FAILURES - 1);
    attempts.recordSuccess("192.0.2.7");
    guess(attempts, "192.0.2.7", MAX_FAILURES - 1);
    expect(attempts.blockedMs("192.0.2.7")).toBe(0);
  });

  it.each([
    ["192.0.2.7", "::ffff:192.0.2.7", true],
    ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true],
    ["2001:db8::1", "2001:db8:0:0:5::", true],
    ["2001:db8:1:2::1", "2001:db8:1:3::1", false],
    ["fe80::1", "fe80::2", false],
    ["::2", "::3", true],
  ])("at %s is the same as at %s: %s", (one, other, same) => {
    const { attempts } = trial();
    guess(attempts, one);
    expect(attempts.blockedMs(other) > 0).toBe(same);
  });

  it("takes no more memory however many places they come from", () => {
    const { attempts } = trial();
    guess(attempts, "192.0.2.7");
    for (let place = 0; place < 1_023; place++)
      attempts.recordFailure(`10.0.${place >> 8}.${place & 255}`);
    expect(attempts.blockedMs("192.0.2.7")).toBe(BLOCK_MS);
    attempts.recordFailure("10.1.0.0");
    expect(attempts.blockedMs("192.0.2.7")).toBe(0);
  });

  it("is told of once, and no more when it has been quiet for a while", async () => {
    const { clock, attempts, told } = trial();
    guess(attempts, "192.0.2.7");
    await clock.run(ATTACK_OVER_MS - 1);
    guess(attempts, "192.0.2.8");
    await clock.run(ATTACK_OVER_MS - 1);
    expect(told).toEqual([true]);
    await clock.run(1);
    expect(told).toEqual([true, false]);
  });
});
