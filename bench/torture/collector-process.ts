/** The collector as a process to be killed: says after each stored batch what it has counted. */
import { randomBytes } from "node:crypto";
import process from "node:process";
import { createSystemClock } from "../../hal/linux/clock.ts";
import { Archive } from "../../src/district/archive.ts";
import { createCollector } from "../../src/district/collector.ts";
import { createMqttJsLink } from "../../src/uplink/mqttjs-link.ts";
import { say } from "./say.ts";
import { DISTRICT } from "./story.ts";

const [, , database = "", broker = ""] = process.argv;
const collector = createCollector({
  link: createMqttJsLink({ url: broker, version: "5" }),
  archive: new Archive(database),
  clock: createSystemClock(),
  chance: () => randomBytes(4).readUInt32LE() / 2 ** 32,
  reconnect: { firstMs: 50, lastMs: 400 },
  district: DISTRICT,
  onStored: ({ stored, duplicates, conflicts }) =>
    say(`stored ${stored} ${duplicates} ${conflicts}`),
  onFailure: (error) => console.error(error.message),
});
collector.start();
say("up");
