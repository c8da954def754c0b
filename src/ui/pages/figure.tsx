/** Visitors, drawn: a face, clothes, and what they hold up. */
import type { GalleryVisitor } from "../ports.ts";

const HAIR = { young: "#2b2320", adult: "#3a302b", old: "#c9cdd2" } as const;

export function Figure({ visitor, size = 96 }: { visitor: GalleryVisitor; size?: number }) {
  const { age, tint, wears, shows } = visitor.figure;
  return (
    <svg class="figure" viewBox="0 0 96 120" width={size} height={size * 1.25} aria-hidden="true">
      <ellipse cx="48" cy="114" rx="30" ry="5" class="shadow" />
      <path d="M18 112c0-30 12-46 30-46s30 16 30 46z" fill={tint} />
      {wears === "backpack" && <rect x="12" y="74" width="12" height="30" rx="5" fill="#54606e" />}
      <rect x="42" y="54" width="12" height="16" rx="5" fill="#efc6a0" />
      <circle cx="48" cy="38" r="22" fill="#f6d3b0" />
      <path d="M26 36c0-16 10-24 22-24s22 8 22 24c-6-8-12-11-22-11s-16 3-22 11z" fill={HAIR[age]} />
      {age === "old" && <circle cx="48" cy="10" r="8" fill={HAIR.old} />}
      <circle cx="40" cy="40" r="2.6" fill="#333" />
      <circle cx="56" cy="40" r="2.6" fill="#333" />
      {wears === "glasses" && (
        <path
          d="M33 40a7 7 0 0 0 14 0a7 7 0 0 0-14 0m16 0a7 7 0 0 0 14 0a7 7 0 0 0-14 0"
          class="thin"
        />
      )}
      {wears === "mask" ? (
        <path d="M32 44c10 4 22 4 32 0v8c-8 10-24 10-32 0z" fill="#dcecf5" stroke="#b7d3e4" />
      ) : (
        <path d="M41 49c4 4 10 4 14 0" class="thin" />
      )}
      {wears === "helmet" && <path d="M24 34a24 24 0 0 1 48 0h5v4H19v-4z" fill="#f2b705" />}
      {wears === "hat" && <path d="M22 28h52l-8-14q-18-10-36 0z" fill="#7c5c46" />}
      <Held shows={shows} />
    </svg>
  );
}

function Held({ shows }: { shows: GalleryVisitor["figure"]["shows"] }) {
  switch (shows) {
    case "phone":
    case "cracked-phone":
      return (
        <g transform="translate(62 66) rotate(8)">
          <rect width="24" height="38" rx="4" fill="#1f2a37" />
          <rect x="3" y="5" width="18" height="28" rx="1" fill="#fff" />
          <path
            d="M6 9h5v5H6zM13 9h5v5h-5zM6 16h5v5H6zM14 17h3v3h-3zM6 25h12v3H6z"
            fill="#1f2a37"
          />
          {shows === "cracked-phone" && <path d="M3 8l8 9-5 6 9 9M11 17l9-6" class="crack" />}
        </g>
      );
    case "paper":
      return (
        <g transform="translate(58 68) rotate(-6)">
          <rect width="30" height="36" fill="#fffdf5" stroke="#d8d2bf" />
          <path d="M6 6h7v7H6zM17 6h7v7h-7zM6 17h7v7H6zM18 18h5v5h-5z" fill="#333" />
          <path d="M6 29h18" class="thin" />
        </g>
      );
    case "card":
      return (
        <g transform="translate(56 78) rotate(-4)">
          <rect width="34" height="22" rx="3" fill="#e6f1ee" stroke="#a9c7bd" />
          <path d="M5 6h12M5 11h10M5 16h20" class="thin" />
          <rect x="23" y="4" width="8" height="9" fill="#c3a58c" />
        </g>
      );
    case "nothing":
      return null;
  }
}
