/** How the tests of staff and commands ask, and read what was answered. */
import { expect } from "vitest";
import type { OperatorAnswer } from "../../../../src/core/authority/answer.ts";
import type { ReasonCode } from "../../../../src/core/reason.ts";
import { at, card, event, lays, measured } from "../../../support/core.ts";
import { CoreUnderTest } from "../../../support/doorway-core.ts";

export const by = (name: string) => ({ by: name, why: "known customer, checked passport" });

interface Decision {
  verdict?: "grant" | "deny";
  visitRef?: string | undefined;
  confirm?: readonly ReasonCode[];
  confirmFor?: string | undefined;
  who?: string;
  atMs?: number;
}

export const decides = ({
  verdict = "grant",
  visitRef,
  confirm,
  confirmFor,
  who = "li",
  atMs = 0,
}: Decision = {}) =>
  event(
    {
      kind: "operator-decided",
      verdict,
      authority: by(who),
      ...(visitRef === undefined ? {} : { visitRef }),
      ...(confirm === undefined ? {} : { confirm }),
      ...(confirmFor === undefined ? {} : { confirmFor }),
    },
    at(atMs),
  );

export const answers = (core: CoreUnderTest): OperatorAnswer[] =>
  core.of("answer-operator").map((effect) => effect.answer);

/** A stranger whose card nobody knows: referred. */
export function referred(): CoreUnderTest {
  const core = new CoreUnderTest();
  core.take(measured(36.5));
  const reasons = [{ code: "holder-unknown" as const }];
  core.take(lays({ ...card("stranger"), isValid: false, reasons }));
  expect(core.outcome()).toBe("referred");
  return core;
}
