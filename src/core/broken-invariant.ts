/** The core's own error: a state that must not be. It ends the process, and the gate is locked. */
export class BrokenInvariant extends Error {
  constructor(what: string) {
    super(`broken invariant: ${what}`);
    this.name = "BrokenInvariant";
  }
}
