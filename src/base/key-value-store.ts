/** Texts that are kept by name across restarts. */
export interface KeyValueStore {
  get(name: string): Promise<string | undefined>;
  /** Resolves when the value would survive a restart. */
  set(name: string, value: string): Promise<void>;
}
