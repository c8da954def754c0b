/** Remote settings: the document the district desires is validated whole, stored, activated and reported. */
import type { KeyValueStore } from "../base/key-value-store.ts";
import { parseJson } from "../base/json.ts";
import { z } from "zod";
import type { Clock } from "../../hal/clock.ts";
import type { SettingsCommand } from "../protocol/command.ts";

/** Every setting that the district can change. */
export interface SettingValues {
  /** Days until a record is anonymised; never above the unit's configuration file. */
  retentionDays: number;
  /** How often the unit publishes telemetry. */
  telemetrySeconds: number;
  /** Whether the unit announces its sensors to a Home Assistant. */
  homeAssistant: boolean;
  /** Added to every estimate of body temperature: what the site's calibration found. */
  temperatureOffsetK: number;
}

export interface SettingProblem {
  /** The setting, or `version` and `values` for the document as a whole. */
  setting: string;
  problem: string;
}

/** What the unit reports, retained. */
export interface SettingsReport {
  /** Of the settings in force; 0 while the unit's own file is all there is. */
  version: number;
  values: SettingValues;
  /** When they became active, epoch ms. */
  sinceMs?: number;
  /** The last document that was refused, as long as no other took its place. */
  refused?: { version: number; atMs: number; problems: SettingProblem[] };
}

export interface RemoteSettingsOptions {
  memory: KeyValueStore;
  clock: Clock;
  /** The values of the unit's configuration file. */
  configured: SettingValues;
}

/** The stored setting that holds the last document. */
const STORED = "settings.desired";
/** A thermometer that is off by more needs repair, not correction. */
const LARGEST_OFFSET_K = 1.5;
/** Problems reported of one document, at most. */
const MOST_PROBLEMS = 8;
const ABOVE_CONFIGURED = "is above the unit's configured file, which is never outbid";

const between = (least: number, most: number): z.ZodNumber =>
  z
    .number(`expected a number from ${least} to ${most}`)
    .min(least, `expected at least ${least}`)
    .max(most, `expected at most ${most}`);
const whole = (least: number, most: number): z.ZodNumber =>
  between(least, most).int("expected a whole number");

/** What a document may hold; what it leaves out is as the unit's own file says. */
function schemaOf(configured: SettingValues): z.ZodType<Partial<SettingValues>> {
  return z.strictObject({
    retentionDays: whole(1, 3_650).max(configured.retentionDays, ABOVE_CONFIGURED).exactOptional(),
    telemetrySeconds: whole(1, 3_600).exactOptional(),
    homeAssistant: z.boolean("expected true or false").exactOptional(),
    temperatureOffsetK: between(-LARGEST_OFFSET_K, LARGEST_OFFSET_K).exactOptional(),
  });
}

const storedSchema = z.strictObject({
  version: z.int().min(1),
  values: z.record(z.string(), z.unknown()),
  sinceMs: z.number(),
});

/** Validates and applies documents of settings: as a whole, or not at all. */
export class RemoteSettings {
  readonly #options: RemoteSettingsOptions;
  readonly #listeners: (() => void)[] = [];
  #report: SettingsReport;
  #lastChange: Promise<unknown> = Promise.resolve();

  constructor(options: RemoteSettingsOptions) {
    this.#options = options;
    this.#report = { version: 0, values: options.configured };
  }

  /** The active values. */
  values(): SettingValues {
    return this.#report.values;
  }

  report(): SettingsReport {
    return this.#report;
  }

  /** Called when the report is another one. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Activates the settings of before the restart. Never rejects. */
  async restore(): Promise<void> {
    const text = await this.#options.memory.get(STORED).catch(() => undefined);
    if (text === undefined) return;
    const stored = storedSchema.safeParse(parseJson(text));
    if (!stored.success) return;
    const { version, values, sinceMs } = stored.data;
    const validated = this.#validate(values);
    // The configuration file may have changed since: then it applies, and the report says so.
    if ("problems" in validated) this.#refuse(version, validated.problems);
    else this.#setReport({ version, values: validated.values, sinceMs });
  }

  /** @returns why nothing was changed, in a sentence; nothing where the document is in force */
  apply(command: SettingsCommand): Promise<string | undefined> {
    const done = this.#lastChange.then(() => this.#applyNext(command));
    this.#lastChange = done;
    return done;
  }

  async #applyNext({ version, values }: SettingsCommand): Promise<string | undefined> {
    const { memory, clock } = this.#options;
    const active = this.#report.version;
    if (version <= active) {
      return this.#refuse(version, [
        { setting: "version", problem: `is not above ${active}, which is in force` },
      ]);
    }
    const validated = this.#validate(values);
    if ("problems" in validated) return this.#refuse(version, validated.problems);
    const sinceMs = Math.round(clock.wallMs());
    try {
      // Stored first: a restart must not undo an active setting.
      await memory.set(STORED, JSON.stringify({ version, values, sinceMs }));
    } catch {
      return this.#refuse(version, [{ setting: "values", problem: "could not be written down" }]);
    }
    this.#setReport({ version, values: validated.values, sinceMs });
    return undefined;
  }

  #validate(
    values: Readonly<Record<string, unknown>>,
  ): { values: SettingValues } | { problems: SettingProblem[] } {
    const { configured } = this.#options;
    const parsed = schemaOf(configured).safeParse(values);
    if (parsed.success) return { values: { ...configured, ...parsed.data } };
    const problems = parsed.error.issues.flatMap((issue) => problemsOf(issue, configured));
    return { problems: problems.slice(0, MOST_PROBLEMS) };
  }

  #refuse(version: number, problems: SettingProblem[]): string {
    const atMs = Math.round(this.#options.clock.wallMs());
    this.#setReport({ ...this.#report, refused: { version, atMs, problems } });
    return problems.map(({ setting, problem }) => `${setting} ${problem}`).join("; ");
  }

  #setReport(report: SettingsReport): void {
    this.#report = report;
    for (const listener of this.#listeners) listener();
  }
}

function problemsOf(issue: z.core.$ZodIssue, configured: SettingValues): SettingProblem[] {
  if (issue.code !== "unrecognized_keys") {
    return [{ setting: issue.path.join(".") || "values", problem: issue.message }];
  }
  const known = Object.keys(configured).join(", ");
  return issue.keys.map((setting) => ({
    // The name comes from outside: no more of it than tells which one was meant.
    setting: setting.slice(0, 40),
    problem: `is no setting; there are ${known}`,
  }));
}
