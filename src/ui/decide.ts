/** Decisions of staff over HTTP: each names its visit, or states that it has none. */
import type { FastifyReply } from "fastify";
import { z } from "zod";
import type { OperatorAnswer, OperatorRefusal, RefusalCode } from "../core/authority/answer.ts";
import { CREDENTIAL_REASONS, DECISION_REASONS } from "../core/reason.ts";
import type { OperatorRequest, UnitFeed } from "./ports.ts";
import { describeProblem } from "./request-problem.ts";

const WHO_AND_WHY = {
  operator: z.string().trim().min(1, "say who decides").max(60),
  why: z.string().trim().min(2, "say why, in a few words").max(300),
  confirm: z
    .array(z.enum([...CREDENTIAL_REASONS, ...DECISION_REASONS]))
    .max(20)
    .exactOptional(),
  requestId: z.string().min(8).max(100).exactOptional(),
};
const REQUEST = z.union(
  [
    z.strictObject({
      ...WHO_AND_WHY,
      verdict: z.enum(["grant", "deny"]),
      visitRef: z.string().min(1).max(100),
    }),
    z.strictObject({
      ...WHO_AND_WHY,
      verdict: z.literal("grant"),
      withoutVisit: z.literal(true),
      confirmFor: z.string().min(1).max(100).exactOptional(),
    }),
  ],
  { error: "name the visit (visitRef), or say withoutVisit: true to open the gate once" },
);

/** For programs and for people without the page; the page has words for each code in two languages. */
const SENTENCES: Readonly<Record<RefusalCode, string>> = {
  "visit-over": "that visit is over",
  "already-decided": "that visit is decided already",
  "being-decided": "that visit is being decided at this moment: look again",
  "confirm-needed":
    "this needs a second step: repeat the request with these findings in confirm (without a visit, and with confirmFor: who stands there)",
  "locked-down": "the unit is locked down",
  evacuation: "the way is open for everybody: there is nothing to decide",
  "already-open": "the gate is open already, or about to open",
  "not-recorded": "the decision could not be recorded, so it was not carried out",
  "gate-failed": "the gate did not open",
  replaced: "a newer command took its place",
  "no-answer": "the unit did not answer in time; the list shows whether it was done",
};

type Data = z.output<typeof REQUEST>;

/** Answers kept for requests that are sent again. */
const MAX_ANSWERS = 256;

/**
 * Makes decisions idempotent by `requestId`: a request that is sent again, because its answer was lost,
 * gets the same answer and is not carried out twice. A refused request had no effect and is forgotten.
 */
export class DecisionRequests {
  readonly #feed: UnitFeed;
  readonly #answers = new Map<string, { about: string; answer: Promise<OperatorAnswer> }>();

  constructor(feed: UnitFeed) {
    this.#feed = feed;
  }

  /** @returns undefined where another decision had this `requestId` */
  async decide(data: Data): Promise<OperatorAnswer | undefined> {
    const { requestId, verdict } = data;
    if (requestId === undefined) return this.#feed.operatorDecide(requestOf(data));
    const about = JSON.stringify([verdict, "visitRef" in data ? data.visitRef : null]);
    const before = this.#answers.get(requestId);
    if (before !== undefined) return before.about === about ? before.answer : undefined;
    const answer = this.#feed.operatorDecide(requestOf(data));
    this.#answers.set(requestId, { about, answer });
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > MAX_ANSWERS && oldest !== undefined) this.#answers.delete(oldest);
    const answered = await answer;
    if (!answered.done && answered.code !== "no-answer") this.#answers.delete(requestId);
    return answered;
  }
}

/** Asks the unit and answers the request: 200 when it was done, 409 with a code when it was not. */
export async function answerDecision(
  body: unknown,
  reply: FastifyReply,
  decisions: DecisionRequests,
): Promise<FastifyReply> {
  const parsed = REQUEST.safeParse(body);
  if (!parsed.success) {
    return reply.code(400).send({ code: "bad-request", error: problemOf(body, parsed.error) });
  }
  const answer = await decisions.decide(parsed.data);
  if (answer === undefined) {
    const error = "another decision had this requestId: give each decision one of its own";
    return reply.code(400).send({ code: "bad-request", error });
  }
  if (answer.done) return reply.send(answer);
  return reply.code(409).send({ ...answer, error: sentenceOf(answer) });
}

// The error of a union does not name the wrong field: report the error of the option that was meant.
function problemOf(body: unknown, error: z.ZodError): string {
  if (typeof body !== "object" || body === null) return describeProblem(error);
  if (!("visitRef" in body) && !("withoutVisit" in body)) return describeProblem(error);
  const [about, none] = REQUEST.options;
  const found = ("visitRef" in body ? about : none).safeParse(body).error;
  return describeProblem(found ?? error);
}

function requestOf(data: Data): OperatorRequest {
  const { verdict, operator, why, confirm } = data;
  return {
    verdict,
    operator,
    why,
    ...("visitRef" in data ? { visitRef: data.visitRef } : {}),
    ...("confirmFor" in data ? { confirmFor: data.confirmFor } : {}),
    ...(confirm === undefined ? {} : { confirm }),
  };
}

function sentenceOf({ code, by, confirm }: OperatorRefusal): string {
  const who = by === undefined ? "" : ` by ${by}`;
  const what = confirm === undefined ? "" : ` (${confirm.join(", ")})`;
  return `${SENTENCES[code]}${who}${what}`;
}
