import { describe, expect, it } from "vitest";
import { createClockSyncProbe } from "../../../hal/linux/clock-sync.ts";

describe("the kernel's clock state", () => {
  it("can be asked again and again, and answers the same while nothing changes", () => {
    const probe = createClockSyncProbe();
    const first = probe();
    expect(typeof first).toBe("boolean");
    expect(Array.from({ length: 100 }, () => probe())).toEqual(
      Array.from({ length: 100 }, () => first),
    );
  });
});
