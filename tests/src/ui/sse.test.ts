import { describe, expect, it } from "vitest";
import { createChangeEncoder } from "../../../src/ui/sse.ts";

describe("changes between two messages", () => {
  it("tells every part at first, and nothing while nothing changes", () => {
    const changes = createChangeEncoder({ view: () => ({ phase: "welcome" }), atDoor: () => null });
    expect(JSON.parse(changes())).toEqual({ view: { phase: "welcome" }, atDoor: null });
    expect(changes()).toBe("{}");
  });

  it("tells only the part that changed", () => {
    let phase = "welcome";
    const changes = createChangeEncoder({ view: () => ({ phase }), visits: () => [1, 2] });
    changes();
    phase = "granted";
    expect(JSON.parse(changes())).toEqual({ view: { phase: "granted" } });
  });

  it("notices a change inside the same list", () => {
    const visits = ["first"];
    const changes = createChangeEncoder({ visits: () => visits });
    changes();
    visits.unshift("second");
    expect(JSON.parse(changes())).toEqual({ visits: ["second", "first"] });
  });

  it("tells that a part is gone", () => {
    let atDoor: string | undefined = "somebody";
    const changes = createChangeEncoder({ atDoor: () => atDoor });
    changes();
    atDoor = undefined;
    expect(changes()).toBe('{"atDoor":null}');
    expect(changes()).toBe("{}");
  });
});
