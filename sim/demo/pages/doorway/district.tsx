/** Remote commands of the district: each button signs one and sends it over the broker. */
import { useState } from "preact/hooks";
import type { Mode } from "../../../../src/core/record.ts";
import type { DistrictOrder } from "../../ports.ts";
import { DOORWAY_TEXT, ORDERS, ORDER_RESULTS } from "./words.ts";
import type { Language } from "../../../../src/ui/pages/i18n/format.ts";
import { Title } from "../../../../src/ui/pages/shared/language.tsx";
import { post } from "../../../../src/ui/pages/shared/unit-stream.ts";
import { StatusMark } from "../../../../src/ui/pages/shared/signs.tsx";
import { errorText } from "../../../../src/base/errors.ts";

interface Answer {
  result: keyof typeof ORDER_RESULTS;
  detail: string;
}

declare module "../../../../src/ui/pages/shared/unit-stream.ts" {
  interface PostAnswers {
    "/api/doorway/order": Answer;
  }
}

/** A way back is offered only where there is one. */
function ordersIn(mode: Mode): readonly DistrictOrder[] {
  return [
    "release",
    mode === "locked-down" ? "lift-lock-down" : "lock-down",
    mode === "evacuation" ? "lift-evacuation" : "evacuate",
    "forged-release",
  ];
}

export function District({ mode, language }: { mode: Mode; language: Language }) {
  const [waiting, setWaiting] = useState(false);
  const [answer, setAnswer] = useState<Answer>();
  const give = (order: DistrictOrder): void => {
    setWaiting(true);
    setAnswer(undefined);
    post("/api/doorway/order", { order })
      .then(setAnswer, (error: unknown) =>
        setAnswer({
          result: "no-answer",
          detail: errorText(error),
        }),
      )
      .finally(() => setWaiting(false));
  };
  return (
    <section class="panel district" aria-label={DOORWAY_TEXT.district[language]}>
      <h2>
        <Title words={DOORWAY_TEXT.district} language={language} />
      </h2>
      <div class="orders">
        {ordersIn(mode).map((order) => (
          <button key={order} type="button" disabled={waiting} onClick={() => give(order)}>
            {ORDERS[order][language]}
          </button>
        ))}
      </div>
      <p class="order-answer" role="status">
        {answer === undefined ? (
          <span class="dim">{DOORWAY_TEXT.signed[language]}</span>
        ) : (
          <>
            <StatusMark good={answer.result === "done"} /> {ORDER_RESULTS[answer.result][language]}:{" "}
            {answer.detail}
          </>
        )}
      </p>
    </section>
  );
}
