/** What is written about the configuration is what the schemas say. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PRESET_POLICIES, presetPolicy, presetPolicyText } from "../../../src/config/policy.ts";
import { referenceDocuments } from "../../../docs/generate/config/reference.ts";

test.each([...referenceDocuments()])("%s is current (npm run docs:config)", (path, text) => {
  expect(readFileSync(path, "utf8")).toBe(text);
});

describe("a policy to begin with", () => {
  test.each(PRESET_POLICIES)("for a %s is whole and says whom it is for", (name) => {
    const policy = presetPolicy(name);
    expect(policy.id).toBe(name);
    expect(policy.venueCategory).toBe(name);
    expect(policy.rules.length).toBeGreaterThan(0);
    expect(policy.issuedAtMs).toBe(Date.UTC(2025, 11, 31, 16));
    expect(presetPolicyText(name)).toMatch(/^# .+\n/);
  });

  test.each(PRESET_POLICIES)("for a %s grants nothing that is unknown", (name) => {
    const policy = presetPolicy(name);
    expect(Object.values(policy.whenCredentialFails)).not.toContain("grant");
    expect([
      policy.clock.whenUntrusted,
      policy.freshness.whenOlder,
      policy.record.whenNotCommitted,
      policy.liveCode.whenReused,
    ]).not.toContain("grant");
    const colour = policy.rules.find((rule) => rule.kind === "code-colour");
    expect([colour?.whenUnmet, colour?.whenMissing, colour?.whenUnreachable]).not.toContain(
      "grant",
    );
  });
});
