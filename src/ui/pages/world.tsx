/** What the person at the page can change about the world: light, distance, noise, and what is plugged in. */
import { TEXT, type Both } from "./i18n/words.ts";
import type { Language } from "./i18n/say.ts";
import { Title } from "./language.tsx";
import type { WorldControls } from "./live.ts";

interface WorldProps {
  world: WorldControls;
  language: Language;
  onChange: (change: Partial<WorldControls>) => void;
}

type SliderName = "light" | "distanceM" | "noise";
type SwitchName = "brokerUp" | "thermometerPlugged" | "readerPlugged" | "cameraPlugged";

const SLIDERS: readonly {
  name: SliderName;
  words: Both;
  min: number;
  max: number;
  step: number;
  say: (value: number) => string;
}[] = [
  {
    name: "light",
    words: TEXT.light,
    min: 0,
    max: 1,
    step: 0.05,
    say: (value) => `${Math.round(value * 100)}%`,
  },
  {
    name: "distanceM",
    words: TEXT.distance,
    min: 0.1,
    max: 0.6,
    step: 0.01,
    say: (value) => `${Math.round(value * 100)} cm`,
  },
  { name: "noise", words: TEXT.noise, min: 0, max: 40, step: 1, say: (value) => value.toFixed(0) },
];

const SWITCHES: readonly { name: SwitchName; words: Both }[] = [
  { name: "brokerUp", words: TEXT.brokerSwitch },
  { name: "cameraPlugged", words: TEXT.cameraSwitch },
  { name: "readerPlugged", words: TEXT.readerSwitch },
  { name: "thermometerPlugged", words: TEXT.thermometerSwitch },
];

/** How wrong the clock is when it is switched to be wrong. */
const CLOCK_WRONG_MS = 3 * 3_600_000;

export function World({ world, language, onChange }: WorldProps) {
  return (
    <section class="panel world">
      <h2>
        <Title words={TEXT.world} language={language} />
      </h2>
      {SLIDERS.map(({ name, words, min, max, step, say }) => (
        <label key={name} class="slider">
          <span>{words[language]}</span>
          <input
            type="range"
            name={name}
            min={min}
            max={max}
            step={step}
            value={world[name]}
            onInput={(event) => onChange({ [name]: Number(event.currentTarget.value) })}
          />
          <output>{say(world[name])}</output>
        </label>
      ))}
      <div class="switches">
        {SWITCHES.map(({ name, words }) => (
          <Switch
            key={name}
            name={name}
            label={words[language]}
            on={world[name]}
            onChange={(on) => onChange({ [name]: on })}
          />
        ))}
        <Switch
          name="clock"
          label={TEXT.clockSwitch[language]}
          on={world.clockErrorMs === 0}
          onChange={(on) => onChange({ clockErrorMs: on ? 0 : CLOCK_WRONG_MS })}
        />
      </div>
    </section>
  );
}

interface SwitchProps {
  name: string;
  label: string;
  on: boolean;
  onChange: (on: boolean) => void;
}

function Switch({ name, label, on, onChange }: SwitchProps) {
  return (
    <label class="switch">
      <input
        type="checkbox"
        role="switch"
        name={name}
        checked={on}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <span>{label}</span>
    </label>
  );
}
