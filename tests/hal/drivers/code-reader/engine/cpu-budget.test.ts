/** The budget of the slower attempts. */
import { describe, expect, test } from "vitest";
import {
  JOB_COST,
  JOB_OVERHEAD,
  createCpuBudget,
} from "../../../../../hal/drivers/code-reader/engine/cpu-budget.ts";
import { FURTHER_ATTEMPTS } from "../../../../../hal/drivers/code-reader/decode/attempts.ts";

const costOf = (steps: readonly number[]): number =>
  steps.reduce((sum, index) => sum + (FURTHER_ATTEMPTS[index]?.cost ?? 0), 0);

describe("a plan", () => {
  test("tries the whole ladder within ten frames of something new", () => {
    const plan = createCpuBudget(FURTHER_ATTEMPTS);
    for (let frame = 0; frame < 300; frame++) plan.startFrame(false);
    const tried = new Set<number>();
    for (let frame = 0; frame < 10; frame++) {
      plan.startFrame(frame === 0);
      for (const index of plan.nextAttempts(JOB_COST)) tried.add(index);
    }
    expect(tried.size).toBe(FURTHER_ATTEMPTS.length);
  });

  test.each([
    ["moving", true],
    ["still", false],
  ])(
    "spends its share on average over a %s stream without codes, and no more",
    (_name, changed) => {
      const plan = createCpuBudget(FURTHER_ATTEMPTS, { share: 0.3, maximumSavings: 90 });
      let spent = 0;
      const frames = 3_000;
      for (let frame = 0; frame < frames; frame++) {
        plan.startFrame(changed || frame === 0);
        spent += costOf(plan.nextAttempts(JOB_COST));
      }
      expect(spent).toBeLessThanOrEqual(90 + 0.3 * frames);
    },
  );

  test.each([
    ["twice as dear as reckoned", 2],
    ["cheaper than reckoned", 0.7],
  ])("spends its share of what steps take on this machine: %s", (_name, factor) => {
    const plan = createCpuBudget(FURTHER_ATTEMPTS, { share: 0.3, maximumSavings: 135 });
    let taken = 0;
    const play = (frames: number): void => {
      for (let frame = 0; frame < frames; frame++) {
        plan.startFrame(true);
        const steps = plan.nextAttempts(JOB_COST);
        if (steps.length === 0) continue;
        const cost = factor * (costOf(steps) + JOB_OVERHEAD);
        taken += cost;
        plan.reportCost(cost);
      }
    };
    play(5_000);
    taken = 0;
    const frames = 20_000;
    play(frames);
    // A third of the share is for the ladder.
    expect(taken / frames).toBeCloseTo(0.3 / 3, 2);
  });

  test("is not put off by one attempt that took long", () => {
    const plan = createCpuBudget(FURTHER_ATTEMPTS, { share: 3, maximumSavings: 150 });
    plan.startFrame(true);
    plan.nextAttempts(JOB_COST);
    plan.reportCost(10_000);
    const tried = new Set<number>();
    for (let frame = 0; frame < 20; frame++) {
      plan.startFrame(true);
      for (const index of plan.nextAttempts(JOB_COST)) tried.add(index);
    }
    expect(tried.size).toBe(FURTHER_ATTEMPTS.length);
  });

  test("does not try a still picture twice with what failed on it", () => {
    const plan = createCpuBudget(FURTHER_ATTEMPTS);
    const tried: number[] = [];
    for (let frame = 0; frame < 2_000; frame++) {
      plan.startFrame(frame === 0);
      tried.push(...plan.nextAttempts(JOB_COST));
    }
    expect(tried).toHaveLength(FURTHER_ATTEMPTS.length);
  });

  test("starts at the top of the ladder when something new comes after a pause", () => {
    const plan = createCpuBudget(FURTHER_ATTEMPTS);
    plan.startFrame(true);
    plan.nextAttempts(JOB_COST);
    for (let frame = 0; frame < 10; frame++) plan.startFrame(false);
    plan.startFrame(true);
    expect(plan.nextAttempts(JOB_COST)[0]).toBe(0);
  });

  test("puts the step that read a code first", () => {
    const plan = createCpuBudget(FURTHER_ATTEMPTS);
    plan.reportSuccess(7);
    plan.startFrame(true);
    expect(plan.nextAttempts(JOB_COST)[0]).toBe(7);
  });

  test("has everything again after a code was read", () => {
    const plan = createCpuBudget(FURTHER_ATTEMPTS, { share: 0 });
    const tryAll = (): number => {
      let tried = 0;
      for (let frame = 0; frame < 20; frame++) {
        plan.startFrame(true);
        tried += plan.nextAttempts(JOB_COST).length;
      }
      return tried;
    };
    expect(tryAll()).toBeGreaterThanOrEqual(FURTHER_ATTEMPTS.length);
    expect(tryAll()).toBe(0);
    plan.refill();
    expect(tryAll()).toBeGreaterThanOrEqual(FURTHER_ATTEMPTS.length);
    // Not again so soon: twenty frames, then as many as it takes to a hundred and fifty.
    plan.refill();
    expect(tryAll()).toBe(0);
    for (let frame = 40; frame < 149; frame++) plan.startFrame(false);
    plan.refill();
    expect(plan.nextAttempts(JOB_COST)).toEqual([]);
    plan.startFrame(true);
    plan.refill();
    expect(plan.nextAttempts(JOB_COST)).not.toEqual([]);
  });

  test("deals out nothing that it cannot afford", () => {
    const plan = createCpuBudget(FURTHER_ATTEMPTS, { share: 0, maximumSavings: 1 });
    plan.startFrame(true);
    expect(plan.nextAttempts(JOB_COST)).toEqual([]);
    expect(plan.secondAttempt(1)).toBe(true);
    expect(plan.secondAttempt(1)).toBe(false);
  });

  test("gives everything new a second look, and in an unending bustle every tenth frame", () => {
    const plan = createCpuBudget(FURTHER_ATTEMPTS);
    const looksIn = (frames: number): number => {
      let looks = 0;
      for (let frame = 0; frame < frames; frame++) {
        plan.startFrame(true);
        if (plan.secondAttempt(1)) looks += 1;
      }
      return looks;
    };
    expect(looksIn(60)).toBe(60);
    looksIn(600);
    expect(looksIn(100)).toBe(10);
  });

  test("keeps attempts for the first symbol that is made out after minutes of bustle", () => {
    const plan = createCpuBudget(FURTHER_ATTEMPTS);
    for (let frame = 0; frame < 5_000; frame++) {
      plan.startFrame(true);
      plan.nextAttempts(JOB_COST);
    }
    const tried = new Set<number>();
    for (let frame = 0; frame < 10; frame++) {
      plan.startFrame(true);
      // The look that makes out symbols is not every frame's.
      for (const index of plan.nextAttempts(JOB_COST, frame === 0)) tried.add(index);
    }
    expect(costOf([...tried])).toBeGreaterThan(45);
  });
});
