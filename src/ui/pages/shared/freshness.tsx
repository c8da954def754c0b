/** The age of the data that decisions use, and the state of the unit: always shown. */
import { DEVICE_NAMES } from "../../../core/alarm.ts";
import type { ScreenView } from "../../../core/view/view.ts";
import { InBothLanguages } from "./language.tsx";
import { DEVICES, TEXT, type Bilingual } from "../i18n/words.ts";
import { formatAge, formatTime, type FormatContext } from "../i18n/format.ts";
import { StatusMark } from "./signs.tsx";

interface Fact {
  good: boolean;
  words: Bilingual;
}

/** From this age on, the age of data is shown instead of its time of day. */
const DAY_MS = 86_400_000;

/** What visitors and staff should know before they trust the screen; problems first. */
export function factsOf(view: ScreenView, where: Omit<FormatContext, "language">): Fact[] {
  const { freshness, outbox, clockTrusted, links } = view;
  const facts: Fact[] = [
    dated(TEXT.directory, freshness.directoryAsOfMs, where),
    dated(TEXT.trustList, freshness.trustListAsOfMs, where),
  ].filter((fact): fact is Fact => fact !== undefined);
  const { id, version } = freshness.policy;
  facts.push({
    good: true,
    words: { zh: `规则 ${id} v${version}`, en: `Policy ${id} v${version}` },
  });
  const pending = outbox.pending;
  const waits: Bilingual = {
    zh: pending === 0 ? "" : `，${pending} 条待发送`,
    en: pending === 0 ? "" : `, ${pending} records to be sent`,
  };
  if (links.broker === false) {
    const kept: Bilingual = { zh: "：记录已保存", en: ": records are kept" };
    facts.push({
      good: false,
      words: {
        zh: `${TEXT.offline.zh}${kept.zh}${waits.zh}`,
        en: `${TEXT.offline.en}${kept.en}${waits.en}`,
      },
    });
  } else {
    facts.push({
      good: outbox.state === "normal",
      words: { zh: `${TEXT.online.zh}${waits.zh}`, en: `${TEXT.online.en}${waits.en}` },
    });
  }
  if (!clockTrusted) facts.push({ good: false, words: TEXT.clockBad });
  for (const name of DEVICE_NAMES) {
    if (view.devices[name] !== false) continue;
    const device = DEVICES[name];
    facts.push({
      good: false,
      words: { zh: `${device.zh}${TEXT.broken.zh}`, en: `${device.en} ${TEXT.broken.en}` },
    });
  }
  return [...facts.filter((fact) => !fact.good), ...facts.filter((fact) => fact.good)];
}

function dated(
  name: Bilingual,
  asOfMs: number | undefined,
  where: Omit<FormatContext, "language">,
): Fact | undefined {
  if (asOfMs === undefined) return undefined;
  const ageMs = where.nowMs - asOfMs;
  const old = ageMs > DAY_MS;
  const zh = old ? `${formatAge(ageMs, "zh")}前` : formatTime(asOfMs, { ...where, language: "zh" });
  const en = old
    ? `${formatAge(ageMs, "en")} old`
    : formatTime(asOfMs, { ...where, language: "en" });
  return { good: !old, words: { zh: `${name.zh} ${zh}`, en: `${name.en} ${en}` } };
}

export function Freshness({
  view,
  where,
}: {
  view: ScreenView;
  where: Omit<FormatContext, "language">;
}) {
  return (
    <ul class="facts">
      {factsOf(view, where).map((fact) => (
        <li
          key={fact.words.en.replace(/[\d:,]+/g, "")}
          class={fact.good ? "fact" : "fact fact-bad"}
        >
          <StatusMark good={fact.good} />
          <InBothLanguages words={fact.words} />
        </li>
      ))}
    </ul>
  );
}
