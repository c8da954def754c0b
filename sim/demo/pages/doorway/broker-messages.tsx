/** What arrived at the broker, newest first, each message opening into its payload. */
import { DOORWAY_TEXT } from "./words.ts";
import { formatTime, type FormatContext } from "../../../../src/ui/pages/i18n/format.ts";
import { Title } from "../../../../src/ui/pages/shared/language.tsx";

interface Message {
  topic: string;
  payload: string;
  atMs: number;
}

const SHOWN = 15;

export function Arrived({
  messages,
  context,
}: {
  messages: readonly Message[];
  context: FormatContext;
}) {
  const { language } = context;
  return (
    <section class="panel arrived" aria-label={DOORWAY_TEXT.arrived[language]}>
      <h2>
        <Title words={DOORWAY_TEXT.arrived} language={language} />
      </h2>
      {messages.length === 0 && <p class="dim">{DOORWAY_TEXT.nothingArrived[language]}</p>}
      {messages.slice(0, SHOWN).map((message, index) => (
        <details key={`${messages.length - index}-${message.atMs}`} class="message">
          <summary>
            <code>{message.topic}</code>
            <time>{formatTime(message.atMs, context)}</time>
          </summary>
          <pre>{readable(message.payload)}</pre>
        </details>
      ))}
    </section>
  );
}

function readable(payload: string): string {
  try {
    return JSON.stringify(JSON.parse(payload), null, 2);
  } catch {
    return payload;
  }
}
