/** What the suites ask for that these drivers cannot show, each with the reason. */

const REASONS: readonly (readonly [suite: RegExp, name: RegExp, why: string])[] = [
  [/GPIO/, /debouncing|bouncing/, "asks for milliseconds that an emulated machine does not keep"],
  [
    /GPIO/,
    /closed line at rest: active low true/,
    "the pretended chip lets a line fall that nobody holds; on a Pi it keeps its level",
  ],
  [/SMBus/, /chip is pulled|clock line is held/, "i2c-stub answers always"],
  [/SMBus/, /writes then reads/, "i2c-stub knows SMBus transactions only"],
  [/serial/, /losing the line|absent line/, "a UART of the board cannot be pulled out"],
  [/camera/, /frame after frame|loses nothing/, "vivid draws a picture of its own"],
  [/camera/, /unplugged/, "vivid cannot be taken away while it is read"],
  [/guarded line/, /^refuses/, "asks nothing of the kernel, and each guard takes seconds to start"],
];

/** Why a test is left out, or nothing. */
export function leftOut(suite: string, name: string): string | undefined {
  return REASONS.find(([of, what]) => of.test(suite) && what.test(name))?.[2];
}
