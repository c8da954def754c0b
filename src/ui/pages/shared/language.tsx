/** The two languages of the pages: both at once on the screen for visitors, by choice elsewhere. */
import { useState } from "preact/hooks";
import type { Bilingual } from "../i18n/words.ts";
import type { Language } from "../i18n/format.ts";

/** Chinese with English below it. */
export function InBothLanguages({ words, class: name = "" }: { words: Bilingual; class?: string }) {
  return (
    <span class={`twice ${name}`}>
      <span lang="zh-CN">{words.zh}</span>
      <span lang="en">{words.en}</span>
    </span>
  );
}

/** The chosen language, followed by the other one in small print. */
export function Title({ words, language }: { words: Bilingual; language: Language }) {
  const other = language === "zh" ? "en" : "zh";
  return (
    <>
      {words[language]} <small lang={other === "zh" ? "zh-CN" : "en"}>{words[other]}</small>
    </>
  );
}

const KEY = "sentinel-language";

/** Chinese by default; the choice is kept in this browser. */
export function useLanguage(): [Language, (language: Language) => void] {
  const [language, setLanguage] = useState<Language>(() => {
    const kept = localStorage.getItem(KEY);
    const chosen: Language = kept === "en" ? "en" : "zh";
    document.documentElement.lang = chosen === "zh" ? "zh-CN" : "en";
    return chosen;
  });
  return [
    language,
    (next) => {
      localStorage.setItem(KEY, next);
      document.documentElement.lang = next === "zh" ? "zh-CN" : "en";
      setLanguage(next);
    },
  ];
}

export function LanguageSwitch(props: { language: Language; onChange: (to: Language) => void }) {
  const { language, onChange } = props;
  return (
    <div class="languages" role="group" aria-label="语言 Language">
      {(["zh", "en"] as const).map((each) => (
        <button
          key={each}
          type="button"
          aria-pressed={each === language}
          onClick={() => onChange(each)}
        >
          {each === "zh" ? "中文" : "English"}
        </button>
      ))}
    </div>
  );
}
