/** Safety of commands: none is applied that was not given, none that is flawed, and none twice. */
import { DATED_FLAWS, type CommandFlaw } from "../actors/operator.ts";
import type { TraceEntry } from "../kernel/trace.ts";
import { timeText } from "./time-text.ts";

/** Every command that had an effect it must not have. */
export function checkCommands(entries: readonly TraceEntry[]): string[] {
  const problems: string[] = [];
  const given = new Map<string, CommandFlaw | undefined>();
  const obeyed = new Set<string>();
  let clockWrong = false;
  for (const entry of entries) {
    if (entry.what === "command") given.set(entry.commandId, entry.flaw);
    // A unit that trusts a wrong clock cannot distinguish an old command from a new one.
    if (entry.what === "world" && entry.change === "clock-error") clockWrong ||= entry.value !== 0;
    if (entry.what !== "turn" || entry.event.kind !== "commanded") continue;
    const { commandId, command } = entry.event;
    const flaw = given.get(commandId);
    if (!given.has(commandId)) {
      problems.push(`${timeText(entry.at)}: "${command.name}" was obeyed, and nobody gave it`);
    } else if (flaw !== undefined && !(clockWrong && DATED_FLAWS.includes(flaw))) {
      problems.push(`${timeText(entry.at)}: "${command.name}" was obeyed, and it was ${flaw}`);
    }
    if (obeyed.has(commandId)) {
      problems.push(`${timeText(entry.at)}: "${command.name}" was obeyed twice`);
    }
    obeyed.add(commandId);
  }
  return problems;
}
