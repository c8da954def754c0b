/** What the person at the page can change about the world: light, distance, noise, and what is plugged in. */
import { type Bilingual } from "../../../../src/ui/pages/i18n/words.ts";
import { DOORWAY_TEXT } from "./words.ts";
import type { Language } from "../../../../src/ui/pages/i18n/format.ts";
import { Title } from "../../../../src/ui/pages/shared/language.tsx";
import type { WorldControls } from "../../ports.ts";

interface WorldProps {
  world: WorldControls;
  language: Language;
  onChange: (change: Partial<WorldControls>) => void;
}

type SliderName = "light" | "distanceM" | "noise";
type SwitchName = "brokerUp" | "thermometerPlugged" | "readerPlugged" | "cameraPlugged";

const SLIDERS: readonly {
  name: SliderName;
  words: Bilingual;
  min: number;
  max: number;
  step: number;
  format: (value: number) => string;
}[] = [
  {
    name: "light",
    words: DOORWAY_TEXT.light,
    min: 0,
    max: 1,
    step: 0.05,
    format: (value) => `${Math.round(value * 100)}%`,
  },
  {
    name: "distanceM",
    words: DOORWAY_TEXT.distance,
    min: 0.1,
    max: 0.6,
    step: 0.01,
    format: (value) => `${Math.round(value * 100)} cm`,
  },
  {
    name: "noise",
    words: DOORWAY_TEXT.noise,
    min: 0,
    max: 40,
    step: 1,
    format: (value) => value.toFixed(0),
  },
];

const SWITCHES: readonly { name: SwitchName; words: Bilingual }[] = [
  { name: "brokerUp", words: DOORWAY_TEXT.brokerSwitch },
  { name: "cameraPlugged", words: DOORWAY_TEXT.cameraSwitch },
  { name: "readerPlugged", words: DOORWAY_TEXT.readerSwitch },
  { name: "thermometerPlugged", words: DOORWAY_TEXT.thermometerSwitch },
];

/** How wrong the clock is when it is switched to be wrong. */
const CLOCK_WRONG_MS = 3 * 3_600_000;

export function World({ world, language, onChange }: WorldProps) {
  return (
    <section class="panel world">
      <h2>
        <Title words={DOORWAY_TEXT.world} language={language} />
      </h2>
      {SLIDERS.map(({ name, words, min, max, step, format }) => (
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
          <output>{format(world[name])}</output>
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
          label={DOORWAY_TEXT.clockSwitch[language]}
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
