/** Carries out what a scenario's timeline says, at its time. */
import type { OperatorRequest } from "../../src/gateway/gateway.ts";
import { setFault } from "../faults/apply.ts";
import type { FaultKind } from "../faults/kinds.ts";
import type { Stage } from "./stage.ts";
import type { Happening } from "./schema.ts";
import { durationMs, momentMs } from "./values.ts";

const POWER_OFF_MS = 3_000;

/** Does one thing of the timeline. `index` is its position in the file. */
export async function happen(stage: Stage, happening: Happening, index: number): Promise<void> {
  if (happening.fault !== undefined) return fault(stage, happening.fault, happening);
  if (happening.heal !== undefined) return heal(stage, happening.heal);
  if (happening.staff !== undefined) return staff(stage, happening.staff);
  if (happening.command !== undefined) return command(stage, happening.command, index);
  if (happening.restart !== undefined) return restart(stage, happening.restart);
  if (happening.clock !== undefined) return stepClock(stage, happening.clock);
  if (happening.policy !== undefined) return changePolicy(stage, index);
  surroundings(stage, happening);
  return district(stage, happening);
}

function fault(stage: Stage, kind: FaultKind, happening: Happening): void {
  apply(stage, kind, true);
  if (happening.for === undefined) return;
  stage.clock.after(durationMs(happening.for), () => apply(stage, kind, false));
}

const heal = (stage: Stage, kind: FaultKind): void => apply(stage, kind, false);

function apply(stage: Stage, kind: FaultKind, on: boolean): void {
  const { doorway, backend } = stage;
  stage.note({ what: "fault", fault: kind, phase: on ? "begins" : "ends" });
  setFault(kind, on, {
    bench: doorway.hardware,
    world: doorway.world,
    disk: backend.disk,
    broker: backend.broker,
    decoder: stage.decoder,
    district: { setReachable: (reachable) => backend.disk.setDirectoryReachable(reachable) },
  });
}

async function staff(stage: Stage, wanted: NonNullable<Happening["staff"]>): Promise<void> {
  const { visitRef } = stage.doorway.view();
  const { verdict, by: operator, why, whom } = wanted;
  const about = whom === "nobody" || visitRef === undefined ? {} : { visitRef };
  // Nobody stands there: their page has nothing to decide about.
  if (whom === "at-the-door" && visitRef === undefined) return;
  const request = { verdict, operator, why, ...about };
  if (wanted.thinks === 0) return decide(stage, request, wanted.confirms);
  await new Promise<void>((resolve) => {
    stage.clock.after(durationMs(wanted.thinks), resolve);
  });
  return decide(stage, request, wanted.confirms);
}

async function decide(stage: Stage, request: OperatorRequest, confirms: boolean): Promise<void> {
  const { verdict, visitRef, operator: by } = request;
  const about = visitRef === undefined ? {} : { visitRef };
  stage.note({ what: "staff", verdict, by, ...about });
  const answer = await stage.doorway.gateway().operatorDecide(request);
  if (answer.done) return stage.note({ what: "staff", verdict, by, did: answer.did, ...about });
  stage.note({ what: "staff", verdict, by, refused: answer.code, ...about });
  if (answer.confirm === undefined || !confirms) return;
  const whose = answer.there?.visitRef;
  const confirmFor = visitRef !== undefined || whose === undefined ? {} : { confirmFor: whose };
  return decide(stage, { ...request, confirm: answer.confirm, ...confirmFor }, false);
}

function command(stage: Stage, wanted: NonNullable<Happening["command"]>, index: number): void {
  const commandId = `command-${index + 1}`;
  const { name, flaw, why } = wanted;
  const { visitRef } = stage.doorway.view();
  // Nobody stands there: the page has nothing to decide about.
  if (wanted.about !== undefined && visitRef === undefined) return;
  const about = wanted.about === undefined || visitRef === undefined ? {} : { visitRef };
  const given = flaw === undefined ? about : { ...about, flaw };
  stage.note({ what: "command", name, commandId, ...given });
  if (wanted.sent || flaw !== undefined) {
    stage.backend.operator.give(commandOf(wanted, about), commandId, why, flaw);
    return;
  }
  stage.doorway.gateway().dispatch({
    kind: "commanded",
    command: commandOf(wanted, about),
    commandId,
    authority: { by: wanted.by, why: wanted.why },
  });
}

function commandOf(wanted: NonNullable<Happening["command"]>, about: { visitRef?: string }) {
  const { name, active, text } = wanted;
  switch (name) {
    case "release":
      return { name, ...about };
    case "lock-down":
    case "evacuate":
      return { name, active };
    case "message":
      return { name, text, forMs: durationMs(wanted.for) };
  }
}

async function restart(stage: Stage, how: "unit" | "power-cut"): Promise<void> {
  if (how === "unit") return stage.doorway.restart();
  await stage.doorway.cutPower();
  await new Promise<void>((resolve) => {
    stage.clock.after(POWER_OFF_MS, resolve);
  });
  await stage.doorway.restorePower();
}

function stepClock(stage: Stage, step: NonNullable<Happening["clock"]>): void {
  const byMs = durationMs(step.ahead ?? 0) - durationMs(step.behind ?? 0);
  stage.note({ what: "world", change: "clock-error", value: byMs });
  stage.note({ what: "world", change: "clock-trusted", value: step.trusted });
  stage.unitClock.set(byMs, step.trusted);
}

async function changePolicy(stage: Stage, index: number): Promise<void> {
  const policy = stage.loaded.policyChanges.get(index);
  if (policy === undefined) return;
  stage.note({ what: "world", change: "policy", value: policy.id });
  await stage.doorway.setPolicy(policy);
}

function surroundings(stage: Stage, happening: Happening): void {
  const { world } = stage.doorway;
  const { light, distanceM, noise, posters, ambientC, press, fire, tamper, door } = happening;
  for (const [change, value] of Object.entries({ light, distanceM, noise })) {
    if (value !== undefined) stage.note({ what: "world", change, value });
  }
  // The camera counts a well lit hall as 1 and bright sun as 2.
  if (light !== undefined) world.setConditions({ light: 2 * light });
  if (distanceM !== undefined) world.setConditions({ distanceM });
  if (noise !== undefined) world.setConditions({ noise });
  if (posters !== undefined) {
    stage.note({ what: "world", change: "posters", value: posters.length });
    world.setConditions({ posters });
  }
  if (ambientC !== undefined) world.setAmbient(ambientC);
  if (press !== undefined) world.pressExit();
  if (fire !== undefined) world.moveContact("fire", fire === "on");
  if (tamper !== undefined) world.moveContact("tamper", tamper === "on");
  if (door !== undefined) world.moveContact("door-open", door === "open");
}

/** The district lays new files down, and the unit reads them at once. */
async function district(stage: Stage, happening: Happening): Promise<void> {
  const now = stage.clock.wallMs();
  const { directory, trustListAsOf, revoke, supersede } = happening;
  if ([directory, trustListAsOf, revoke, supersede].every((each) => each === undefined)) return;
  if (directory !== undefined) {
    stage.district.setDirectoryAsOf(momentMs(directory.asOf, now));
    for (const entry of directory.set) stage.cast.know(entry);
    for (const name of directory.remove) {
      stage.district.forget(stage.cast.pseudonymOf(stage.cast.person(name)));
    }
  }
  if (trustListAsOf !== undefined) {
    stage.district.setTrustListAsOf(momentMs(trustListAsOf, now));
  }
  if (revoke !== undefined) stage.district.revoke(stage.cast.serialsOf(revoke), "revoked", now);
  if (supersede !== undefined) {
    stage.district.revoke(stage.cast.serialsOf(supersede), "superseded", now);
  }
  stage.district.handOver(stage.backend.files);
  await stage.doorway.unit().reload();
}
