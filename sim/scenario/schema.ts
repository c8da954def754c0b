/** Scenario format: a day at the simulated doorway, and what must come of it. */
import { z } from "zod";
import { devices } from "../../src/config/devices.ts";
import { ALARM_KINDS } from "../../src/core/alarm.ts";
import { CREDENTIAL_KINDS } from "../../src/core/evidence/evidence.ts";
import { CREDENTIAL_REASONS, DECISION_REASONS } from "../../src/core/reason.ts";
import { doorwayFile } from "../doorway/wiring.ts";
import { FAULT_KINDS } from "../faults/kinds.ts";
import { COMMAND_FLAWS } from "../actors/operator.ts";
import { directoryEntry, issuer, pass, person, showing } from "./people-schema.ts";
import { duration, moment } from "./values.ts";

const name = z.string().min(1);
const outcome = z.enum(["granted", "denied", "referred", "none"]);
const reason = z.enum([...CREDENTIAL_REASONS, ...DECISION_REASONS]);
const alarm = z.enum(ALARM_KINDS);
const count = z
  .union([
    z.int().min(0),
    z.strictObject({ min: z.int().min(0).optional(), max: z.int().min(0).optional() }),
  ])
  .meta({ description: "A number, or its bounds, both included." });
export type Count = z.infer<typeof count>;

/** What must come of one visitor. Whatever is left out may be as it will. */
export const visitorExpectation = z
  .strictObject({
    outcome: z
      .union([outcome, z.array(outcome).min(1)])
      .optional()
      .meta({
        description: "The last outcome; several: any of them. `none`: no decision was made.",
      }),
    reasons: z.array(reason).optional().meta({ description: "Exactly these, in any order." }),
    reasonsInclude: z.array(reason).optional(),
    decisions: z.array(outcome).optional().meta({
      description: "Every decision in order, those of staff among them.",
    }),
    visits: count.optional().meta({ description: "How many visits the unit made of it." }),
    credential: z.enum(CREDENTIAL_KINDS).optional(),
    rules: z
      .record(name, z.enum(["met", "unmet", "unclear", "missing", "unreachable", "not-applicable"]))
      .optional()
      .meta({ description: "How rules came out, by rule id." }),
    gateOpened: z.boolean().optional(),
    taken: z.boolean().optional().meta({ description: "Whether the unit recorded a passage." }),
    temperatureC: z
      .strictObject({ min: z.number().optional(), max: z.number().optional() })
      .optional(),
    decidedWithinMs: z.number().positive().optional().meta({
      description: "From the first thing shown to the last decision by rules.",
    }),
    gateWithinMs: z.number().positive().optional().meta({
      description: "From the first thing shown to the gate's line going up.",
    }),
    alarms: z.array(alarm).optional().meta({
      description: "Raised while the visitor was at the door, at least these.",
    }),
    delivered: z.boolean().optional().meta({ description: "At the broker when the run ended." }),
  })
  .meta({ description: "What must come of a visitor." });
export type VisitorExpectation = z.infer<typeof visitorExpectation>;

/** What must have come of the whole run. */
export const totalsExpectation = z
  .strictObject({
    granted: count.optional(),
    denied: count.optional(),
    referred: count.optional(),
    none: count.optional().meta({ description: "Visitors without any decision." }),
    taken: count.optional(),
    releases: count.optional().meta({ description: "Times the gate's line went up." }),
    recordsStored: count.optional(),
    recordsAtBroker: count.optional().meta({ description: "Distinct ones." }),
    duplicatesAtBroker: count.optional(),
    outboxPending: count.optional().meta({ description: "At the end." }),
    alarmsRaised: z.array(alarm).optional().meta({ description: "At least these, at any time." }),
    alarmsNever: z.array(alarm).optional(),
    alarmsStanding: z.array(alarm).optional().meta({ description: "Exactly these at the end." }),
  })
  .meta({ description: "What must have come of the whole run." });
export type TotalsExpectation = z.infer<typeof totalsExpectation>;

export const visitor = z
  .strictObject({
    id: name.optional().meta({ description: "Stands in the output; default `visitor-1`, …" }),
    person: z.union([name, person]).optional().meta({ description: "Default: somebody made up." }),
    at: duration.optional().meta({
      description: "Since the start. Default: when the visitor before has left, and 3 s.",
    }),
    temperatureC: z.number().min(25).max(45).default(36.5).meta({
      description: "Of the skin that the thermometer sees.",
    }),
    shows: z
      .union([showing, z.array(showing)])
      .default([])
      .meta({ description: "What they show, one after the other." }),
    patience: duration
      .default(30)
      .meta({ description: "Leaves after this long without an outcome." }),
    waitsForStaff: duration.default(5).meta({ description: "How long they wait when referred." }),
    walksThrough: z.boolean().default(true).meta({ description: "Once the gate is released." }),
    pushesIn: z.boolean().default(false).meta({
      description: "Steps in front of whoever stands there instead of waiting.",
    }),
    holdsDoor: duration.optional().meta({ description: "Keeps the door open for so long." }),
    repeat: z
      .strictObject({ times: z.int().min(1).max(10_000), every: duration })
      .optional()
      .meta({
        description: "As many visitors of this kind, one every so often; ids get -1, -2, …",
      }),
    expect: visitorExpectation.optional(),
  })
  .meta({ description: "A visitor: when they come, what they show, what must come of it." });
export type VisitorFields = z.infer<typeof visitor>;

const switched = z.enum(["on", "off"]);
const ACTIONS = [
  "light",
  "distanceM",
  "noise",
  "posters",
  "ambientC",
  "fault",
  "heal",
  "clock",
  "press",
  "fire",
  "tamper",
  "door",
  "staff",
  "command",
  "policy",
  "directory",
  "trustListAsOf",
  "revoke",
  "supersede",
  "restart",
] as const;

/** Something that happens at a given time: exactly one action. */
export const happening = z
  .strictObject({
    at: duration.meta({ description: "Since the start." }),
    light: z.number().min(0).max(1).optional().meta({ description: "0 dark, 1 bright sun." }),
    distanceM: z.number().min(0.05).max(2).optional(),
    noise: z
      .number()
      .min(0)
      .max(40)
      .optional()
      .meta({ description: "Of the camera, grey levels." }),
    posters: z.array(z.string().min(1).max(120)).max(4).optional().meta({
      description: "Texts of the codes that hang in view of the camera from then on.",
    }),
    ambientC: z.number().min(-20).max(50).optional(),
    fault: z.enum(FAULT_KINDS).optional().meta({ description: "Begins; see `for`." }),
    for: duration.optional().meta({ description: "With `fault`: heals by itself after so long." }),
    heal: z.enum(FAULT_KINDS).optional(),
    clock: z
      .strictObject({
        ahead: duration.optional(),
        behind: duration.optional(),
        trusted: z.boolean().default(true),
      })
      .optional()
      .meta({
        description: "The unit's wall clock steps; `trusted`: whether it counts as synchronised.",
      }),
    press: z.literal("exit-button").optional(),
    fire: switched.optional(),
    tamper: switched.optional(),
    door: z.enum(["open", "closed"]).optional().meta({ description: "By hand, from either side." }),
    staff: z
      .strictObject({
        verdict: z.enum(["grant", "deny"]),
        by: name.default("staff-1"),
        why: name.default("checked in person"),
        whom: z.enum(["at-the-door", "nobody"]).default("at-the-door").meta({
          description: "`nobody`: lets somebody in without a visit.",
        }),
        thinks: duration.default(0).meta({
          description: "How long they type before they decide about the visit they saw.",
        }),
        confirms: z.boolean().default(false).meta({
          description: "Whether they take the second step that a red code asks for.",
        }),
      })
      .optional(),
    command: z
      .strictObject({
        name: z.enum(["release", "lock-down", "evacuate", "message"]),
        active: z.boolean().default(true),
        text: z.string().default(""),
        for: duration.default(10),
        by: name.default("district-1"),
        why: name.default("drill"),
        sent: z.boolean().default(false).meta({
          description: "Signed and sent through the broker, instead of verified already.",
        }),
        about: z.literal("at-the-door").optional().meta({
          description: "A release that lets the visitor in whose visit the unit's page shows.",
        }),
        flaw: z.enum(COMMAND_FLAWS).optional().meta({
          description: "Sent by somebody who may not give it, or not so: it must do nothing.",
        }),
      })
      .optional()
      .meta({ description: "A command from the district." }),
    policy: z.union([name, z.record(z.string(), z.unknown())]).optional(),
    directory: z
      .strictObject({
        asOf: moment.default("now"),
        set: z.array(directoryEntry).default([]),
        remove: z.array(name).default([]).meta({ description: "People, by name." }),
      })
      .optional()
      .meta({ description: "The district brings the directory up to date." }),
    trustListAsOf: moment.optional(),
    revoke: z.array(name).optional().meta({ description: "Names from `passes`, or serials." }),
    supersede: z.array(name).optional(),
    restart: z.enum(["unit", "power-cut"]).optional().meta({
      description:
        "`unit`: stops in order and starts again; `power-cut`: without a word, back after 3 s.",
    }),
  })
  .check((context) => {
    const given = ACTIONS.filter((key) => context.value[key] !== undefined);
    if (given.length === 1) return;
    context.issues.push({
      code: "custom",
      message: `takes exactly one action beside "at"; here ${given.length === 0 ? "none" : given.join(" and ")}`,
      input: context.value,
    });
  })
  .meta({
    description: "Something that happens at a given time.",
    oneOf: ACTIONS.map((key) => ({ required: [key] })),
  });
export type Happening = z.infer<typeof happening>;

/** Checks what a unit's file would be refused for. */
const asDevicesOfAUnit: z.core.CheckFn<Record<string, unknown>> = ({ value, issues }) => {
  const checked = devices.safeParse(doorwayFile(value));
  for (const { message, path } of checked.error?.issues ?? []) {
    issues.push({ code: "custom", message, path: [...path], input: value });
  }
};

const unit = z
  .strictObject({
    id: name.default("unit-sim"),
    ambientC: z.number().min(-20).max(50).default(22),
    without: z
      .array(z.enum(["camera", "card-reader", "thermometer", "panel", "door-contacts"]))
      .default([])
      .meta({ description: "Devices this unit was built without." }),
    devices: z.record(z.string(), z.unknown()).default({}).check(asDevicesOfAUnit).meta({
      description:
        "Other devices than usual, as `devices` of a unit's file names them; `codeReaders` stands for `camera` too, `cardReaders` for `cardReader`.",
    }),
    camera: z
      .strictObject({
        width: z.int().min(320).max(1920).multipleOf(2).default(1280),
        height: z.int().min(240).max(1080).multipleOf(2).default(720),
        framesPerSecond: z.int().min(1).max(60).default(10),
        noise: z.number().min(0).max(40).default(0),
      })
      .prefault({}),
  })
  .meta({ description: "The unit and what hangs on it." });

/** A whole scenario file. */
export const scenario = z
  .strictObject({
    name,
    description: z.string().optional(),
    seed: z.int().min(0).default(1).meta({ description: "Used when the command line gives none." }),
    startsAt: moment.default("2022-04-26T09:00:00+08:00").meta({
      description: "The true time at which the run starts.",
    }),
    lasts: duration.optional().meta({
      description: "Default: until the last visitor has left and nothing is scheduled, and 30 s.",
    }),
    unit: unit.prefault({}),
    policy: z
      .union([name, z.record(z.string(), z.unknown())])
      .default("community-pharmacy")
      .meta({
        description:
          "`community-pharmacy`; a policy file, seen from the scenario file; a whole policy; or `base` with the fields to change.",
      }),
    issuers: z.record(name, issuer).default({}).meta({
      description: "Beside `district`, which is always there unless it is described here.",
    }),
    trust: z.array(z.string()).default([]).meta({
      description:
        "Further trust files, seen from the scenario file: PEM certificates, a JWKS, a DID document, or issuer keys.",
    }),
    revocationLists: z.array(z.string()).default([]).meta({
      description: "Revocation list files, seen from the scenario file.",
    }),
    trustListAsOf: moment.default("1h ago").meta({
      description: "Date of the unit's trust in the issuers.",
    }),
    directoryAsOf: moment.default("1h ago").meta({ description: "Date of the unit's directory." }),
    districtKey: z
      .string()
      .regex(/^(?:[0-9a-f]{2}){16,64}$/, "16 to 64 bytes in hexadecimal digits")
      .optional()
      .meta({
        description:
          "The key under which people become pseudonyms; needed only for codes that were issued elsewhere.",
      }),
    people: z.record(name, person).default({}),
    passes: z.record(name, pass).default({}).meta({
      description:
        "Passes with a name: issued at the start, the same code whenever they are shown.",
    }),
    directory: z.array(directoryEntry).default([]),
    revoked: z.array(name).default([]).meta({ description: "Names from `passes`, or serials." }),
    visitors: z.array(visitor).default([]),
    timeline: z.array(happening).default([]),
    expect: totalsExpectation.optional(),
  })
  .meta({ title: "Digital Sentinel scenario" });
export type Scenario = z.infer<typeof scenario>;
