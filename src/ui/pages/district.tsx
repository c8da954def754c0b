/** What the district can order from afar: each button signs a command and sends it over the broker. */
import { useState } from "preact/hooks";
import type { Mode } from "../../core/record.ts";
import type { DistrictOrder } from "../ports.ts";
import { ORDERS, ORDER_RESULTS, TEXT } from "./i18n/words.ts";
import type { Language } from "./i18n/say.ts";
import { Title } from "./language.tsx";
import { post } from "./live.ts";
import { Tick } from "./kiosk/signs.tsx";
import { errorText } from "../../base/errors.ts";

interface Answer {
  result: keyof typeof ORDER_RESULTS;
  detail: string;
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
      .then(
        (answered) => setAnswer(answered as Answer),
        (error: unknown) =>
          setAnswer({
            result: "no-answer",
            detail: errorText(error),
          }),
      )
      .finally(() => setWaiting(false));
  };
  return (
    <section class="panel district" aria-label={TEXT.district[language]}>
      <h2>
        <Title words={TEXT.district} language={language} />
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
          <span class="dim">{TEXT.signed[language]}</span>
        ) : (
          <>
            <Tick good={answer.result === "done"} /> {ORDER_RESULTS[answer.result][language]}:{" "}
            {answer.detail}
          </>
        )}
      </p>
    </section>
  );
}
