/** Visitors, drawn: hair, clothes, a fever, and what they hold up. */
import type { GalleryVisitor } from "../../ports.ts";

type Look = GalleryVisitor["figure"];

const SKIN = ["#f2cfae", "#e9bd96", "#f6d9bf", "#dcab82"] as const;
const HAIR = { young: "#2a2422", adult: "#3b302b", old: "#d3d6da" } as const;
/** A screening threshold; the policy's own limit is what decides. */
const FEVER_C = 37.3;

interface FigureProps {
  visitor: GalleryVisitor;
  /** Head and shoulders only, for the gallery. */
  bust?: boolean;
  class?: string;
}

export function Figure({ visitor, bust = false, class: name = "" }: FigureProps) {
  const { age, tint, wears, shows, hair } = visitor.figure;
  const seed = seedOf(visitor.id);
  const skin = SKIN[seed % SKIN.length] ?? SKIN[0];
  const longHair = hair === undefined ? seed % 2 === 1 : hair === "long";
  const fever = visitor.temperatureC >= FEVER_C;
  return (
    <svg
      class={`figure figure-${age} ${name}`}
      viewBox={bust ? "2 2 128 146" : "0 0 128 284"}
      aria-hidden="true"
    >
      {!bust && <Legs age={age} />}
      <g class="figure-body">
        {wears === "backpack" && (
          <rect x="24" y="92" width="20" height="62" rx="9" fill="#46535e" />
        )}
        <Coat tint={tint} skin={skin} />
        <Head age={age} skin={skin} longHair={longHair} fever={fever} />
        <Worn wears={wears} skin={skin} />
        <g class="figure-arm">
          <path
            d="M84 100c12 10 16 24 12 38"
            fill="none"
            stroke={tint}
            stroke-width="17"
            stroke-linecap="round"
          />
          <path
            d="M84 100c12 10 16 24 12 38"
            fill="none"
            stroke="#0000001a"
            stroke-width="17"
            stroke-linecap="round"
          />
          <Held shows={shows} />
          {shows !== "nothing" && <circle cx="93" cy="139" r="8" fill={skin} />}
        </g>
      </g>
    </svg>
  );
}

/** The same visitor always looks the same. */
function seedOf(id: string): number {
  let seed = 7;
  for (const letter of id) seed = (seed * 31 + (letter.codePointAt(0) ?? 0)) % 9_973;
  return seed;
}

function Legs({ age }: { age: Look["age"] }) {
  return (
    <>
      <ellipse class="figure-shadow" cx="62" cy="274" rx="44" ry="7" />
      {age === "old" && (
        <path
          d="M22 152c0-8 12-8 12 0v0M22 152v120"
          fill="none"
          stroke="#7a5a3c"
          stroke-width="5"
          stroke-linecap="round"
        />
      )}
      <path class="figure-leg" d="M42 184h19l-2 82H46z" fill="#39434d" />
      <path class="figure-leg" d="M61 184h21l-5 82H63z" fill="#323b44" />
      <path d="M44 264h16v8H37c0-5 3-7 7-8zM62 264h15c5 1 8 4 8 8H62z" fill="#1f262c" />
    </>
  );
}

function Coat({ tint, skin }: { tint: string; skin: string }) {
  return (
    <>
      <path
        d="M37 102c-10 14-13 40-12 62"
        fill="none"
        stroke={tint}
        stroke-width="17"
        stroke-linecap="round"
      />
      <path
        d="M37 102c-10 14-13 40-12 62"
        fill="none"
        stroke="#00000024"
        stroke-width="17"
        stroke-linecap="round"
      />
      <circle cx="25" cy="172" r="8" fill={skin} />
      <path
        d="M34 100c4-10 14-14 27-14s24 4 28 14c4 24 3 60-1 92H36c-5-32-6-68-2-92z"
        fill={tint}
      />
      <path d="M62 92v100" stroke="#00000026" stroke-width="2" />
      <path d="M50 87l12 14 12-14-6-6H56z" fill="#fff" opacity="0.85" />
      <path d="M54 74h16v12c-4 6-12 6-16 0z" fill={skin} />
      <path d="M54 80c5 5 11 5 16 0v6c-4 6-12 6-16 0z" fill="#00000014" />
    </>
  );
}

interface HeadProps {
  age: Look["age"];
  skin: string;
  longHair: boolean;
  fever: boolean;
}

function Head({ age, skin, longHair, fever }: HeadProps) {
  const hair = HAIR[age];
  return (
    <g class="figure-head">
      {longHair && age !== "old" && (
        <path
          d="M34 50c-2-28 12-38 28-38s30 10 28 38l2 34c-9 5-13 2-15-4H47c-2 6-6 9-15 4z"
          fill={hair}
        />
      )}
      {longHair && age === "old" && <circle cx="62" cy="14" r="10" fill={hair} />}
      <circle cx="38" cy="54" r="5.5" fill={skin} />
      <circle cx="86" cy="54" r="5.5" fill={skin} />
      <path d="M38 46c0-18 10-27 24-27s24 9 24 27c0 22-10 34-24 34S38 68 38 46z" fill={skin} />
      <path
        d={
          longHair
            ? "M36 50c0-24 10-34 26-34s26 10 26 34c-5-6-7-13-8-18-8 5-30 6-36 0-1 6-3 12-8 18z"
            : "M37 46c-1-20 10-31 25-31s26 11 25 31c-3-4-4-9-5-13-10 2-30 2-40 0-1 4-2 9-5 13z"
        }
        fill={hair}
      />
      <g class="figure-eyes" fill="#2b2b2b">
        <circle cx="52" cy="51" r="2.7" />
        <circle cx="72" cy="51" r="2.7" />
      </g>
      <path
        d={age === "old" ? "M47 44q5-3 9 0M68 44q4-3 9 0" : "M47 44q5-2 9 0M68 44q4-2 9 0"}
        fill="none"
        stroke={age === "old" ? "#a9adb2" : hair}
        stroke-width="2"
        stroke-linecap="round"
      />
      {age === "old" && (
        <path
          d="M44 58l4 2M80 58l-4 2M50 71q12 5 24 0"
          fill="none"
          stroke="#00000022"
          stroke-width="1.5"
        />
      )}
      <path
        d={fever ? "M56 69q6-4 12 0" : "M55 66q7 6 14 0"}
        fill="none"
        stroke="#8a5140"
        stroke-width="2.2"
        stroke-linecap="round"
      />
      {fever && (
        <>
          <circle cx="46" cy="61" r="6" fill="#e2574c" opacity="0.5" />
          <circle cx="78" cy="61" r="6" fill="#e2574c" opacity="0.5" />
          <path d="M90 34c4 6 5 8 5 11a5 5 0 0 1-10 0c0-3 1-5 5-11z" fill="#5bb3e6" />
        </>
      )}
    </g>
  );
}

function Worn({ wears, skin }: { wears: Look["wears"]; skin: string }) {
  switch (wears) {
    case "glasses":
      return (
        <path
          d="M44 51a8 8 0 0 0 16 0a8 8 0 0 0-16 0m20 0a8 8 0 0 0 16 0a8 8 0 0 0-16 0m-4-1h4"
          fill="none"
          stroke="#3a4754"
          stroke-width="2.4"
        />
      );
    case "mask":
      return (
        <>
          <path d="M38 50l4 8M86 50l-4 8" stroke="#c3d3de" stroke-width="1.6" />
          <path d="M42 57c13-3 27-3 40 0v9c-6 14-34 14-40 0z" fill="#e8f2f8" stroke="#bdd0dc" />
          <path d="M46 63h32M47 69h30" stroke="#c9dae5" stroke-width="1.2" />
        </>
      );
    case "helmet":
      return (
        <>
          <path d="M33 46a29 32 0 0 1 58 0z" fill="#f4b41a" />
          <path d="M28 45h66v6H28z" rx="3" fill="#d99a06" />
          <path d="M62 15v30" stroke="#d99a06" stroke-width="4" />
          <path
            d="M37 48c0 24 6 34 14 40M87 48c0 24-6 34-14 40"
            fill="none"
            stroke="#4a4f55"
            stroke-width="2"
          />
        </>
      );
    case "hat":
      return (
        <>
          <path d="M38 38c0-18 8-26 24-26s24 8 24 26z" fill="#5f6f63" />
          <path d="M36 34h52l12 8H36z" fill="#4d5b51" />
        </>
      );
    case "backpack":
      return (
        <path
          d="M44 90c-4 14-5 34-4 54M80 90c4 14 5 34 4 54"
          fill="none"
          stroke="#46535e"
          stroke-width="6"
        />
      );
    case undefined:
      return <circle cx="62" cy="60" r="1.6" fill="#00000022" data-skin={skin} />;
  }
}

function Held({ shows }: { shows: Look["shows"] }) {
  switch (shows) {
    case "phone":
    case "cracked-phone":
      return (
        <g transform="translate(84 88) rotate(8)">
          <rect width="30" height="52" rx="5" fill="#141c24" />
          <rect x="3" y="5" width="24" height="42" rx="2" fill="#fff" />
          <path
            d="M6 9h7v7H6zM17 9h7v7h-7zM6 20h7v7H6zM17 20h3v3h-3zM21 24h3v3h-3zM6 33h18v2H6zM6 38h12v2H6z"
            fill="#16324a"
          />
          {shows === "cracked-phone" && (
            <path
              d="M3 12l11 9-6 8 12 8 7 8M14 21l13-10M8 29l-5 8M20 37l7-6"
              fill="none"
              stroke="#7f93a3"
              stroke-width="1.6"
            />
          )}
        </g>
      );
    case "paper":
      return (
        <g transform="translate(78 90) rotate(-5)">
          <path d="M0 0h38v48H0z" fill="#fffdf4" stroke="#d6cfb8" />
          <path
            d="M7 7h9v9H7zM21 7h9v9h-9zM7 20h9v9H7zM22 21h4v4h-4zM27 26h4v4h-4zM7 35h24v2H7zM7 40h16v2H7z"
            fill="#2b2b2b"
          />
        </g>
      );
    case "card":
      return (
        <g transform="translate(76 112) rotate(-5)">
          <rect width="46" height="29" rx="4" fill="#e3f0ec" stroke="#93b8aa" />
          <path d="M6 8h18M6 14h15M6 22h26" stroke="#54786b" stroke-width="2" />
          <path d="M31 6h9v11h-9z" fill="#b9967c" />
        </g>
      );
    case "nothing":
      return null;
  }
}
