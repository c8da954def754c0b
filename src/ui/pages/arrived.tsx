/** What arrived at the broker, newest first, each message opening into its payload. */
import { TEXT } from "./i18n/words.ts";
import { sayClock, type Saying } from "./i18n/say.ts";
import { Title } from "./language.tsx";

interface Message {
  topic: string;
  payload: string;
  atMs: number;
}

const SHOWN = 15;

export function Arrived({ messages, saying }: { messages: readonly Message[]; saying: Saying }) {
  const { language } = saying;
  return (
    <section class="panel arrived" aria-label={TEXT.arrived[language]}>
      <h2>
        <Title words={TEXT.arrived} language={language} />
      </h2>
      {messages.length === 0 && <p class="dim">{TEXT.nothingArrived[language]}</p>}
      {messages.slice(0, SHOWN).map((message, index) => (
        <details key={`${messages.length - index}-${message.atMs}`} class="message">
          <summary>
            <code>{message.topic}</code>
            <time>{sayClock(message.atMs, saying)}</time>
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
