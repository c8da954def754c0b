/** How long verification takes for each format, and what a revocation list of ten million costs. */
import { BloomFilter } from "../src/credential/trust/bloom.ts";
import { issueHealthPass } from "../src/credential/formats/health-pass/health-pass.ts";
import { trustOfIssuers } from "../src/credential/formats/health-pass/issuer-key.ts";
import type { TrustSet } from "../src/credential/trust/trust.ts";
import {
  SEAL_DATA,
  SEAL_NOW,
  sealText,
  sealTrust,
} from "../tests/src/credential/formats/vds-nc/samples.ts";
import {
  nzPayload,
  nzText,
  nzTrust,
} from "../tests/src/credential/formats/nz-covid-pass/samples.ts";
import {
  cardJws,
  cardPayload,
  cardText,
  cardTrust,
} from "../tests/src/credential/formats/smart-health-card/samples.ts";
import {
  PERSON,
  VACCINATION,
  dccPayload,
  dccText,
  dccTrust,
} from "../tests/src/credential/formats/eu-dcc/samples.ts";
import { instant, NOW, verifierOf } from "../tests/src/credential/passes.ts";
import { passContent, passKey } from "../tests/src/credential/formats/health-pass/samples.ts";

const GOAL_P99_MS = 2;
const GOAL_LIST_BYTES = 20_000_000;
const GOAL_LOOKUP_US = 10;
const LIST_ENTRIES = 10_000_000;

interface Subject {
  name: string;
  text: string;
  trust: TrustSet;
  at: number;
}

async function subjects(): Promise<Subject[]> {
  const passes = (["EdDSA", "ES256"] as const).map((algorithm) => ({
    name: `health pass, ${algorithm}`,
    text: issueHealthPass(passKey(algorithm), passContent()),
    trust: trustOfIssuers([passKey(algorithm)], NOW),
    at: NOW,
  }));
  return [
    ...passes,
    {
      name: "EU certificate",
      text: dccText(dccPayload({ ...PERSON, v: [VACCINATION] })),
      trust: dccTrust(),
      at: NOW,
    },
    {
      name: "SMART Health Card",
      text: cardText(await cardJws(cardPayload())),
      trust: cardTrust(),
      at: NOW,
    },
    { name: "NZ COVID Pass", text: nzText(nzPayload()), trust: nzTrust(), at: NOW },
    { name: "ICAO VDS-NC", text: sealText(SEAL_DATA), trust: sealTrust(), at: SEAL_NOW },
  ];
}

/** @param args `--rounds N`: verifications a format (2,000) */
export async function run(args: string[]): Promise<void> {
  const given = args.indexOf("--rounds");
  const rounds = given < 0 ? 2_000 : Number(args[given + 1]);
  console.log(`Verification, ${rounds} of each after warming up (goal: p99 ≤ ${GOAL_P99_MS} ms)\n`);
  console.log("format                  characters   CPU ms   p50 ms   p99 ms   max ms");
  for (const subject of await subjects()) {
    const { times, cpuMs } = await timeVerification(subject, rounds);
    const cells = [cpuMs, at(times, 0.5), at(times, 0.99), times.at(-1) ?? 0];
    const p99 = at(times, 0.99);
    console.log(
      `${subject.name.padEnd(24)}${String(subject.text.length).padStart(10)}` +
        cells.map((ms) => ms.toFixed(3).padStart(9)).join("") +
        (p99 <= GOAL_P99_MS ? "" : "   above the goal"),
    );
  }
  benchFilter();
}

async function timeVerification({ text, trust, at: wallMs }: Subject, rounds: number) {
  const verifier = verifierOf({ trust });
  const bytes = Buffer.from(text, "utf8");
  const times: number[] = [];
  let cpu = process.cpuUsage();
  for (let round = -200; round < rounds; round++) {
    if (round === 0) cpu = process.cpuUsage();
    const started = performance.now();
    const credential = await verifier.code(bytes, text, instant(wallMs));
    const took = performance.now() - started;
    if (!credential.isValid)
      throw new Error(`does not hold: ${JSON.stringify(credential.reasons)}`);
    if (round >= 0) times.push(took);
  }
  const used = process.cpuUsage(cpu);
  times.sort((a, b) => a - b);
  return { times, cpuMs: (used.user + used.system) / 1000 / rounds };
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function* numbers(count: number): Generator<string> {
  for (let index = 0; index < count; index++) yield index.toString(16).padStart(16, "0");
}

function benchFilter(): void {
  const rate = 0.001;
  const filter = BloomFilter.of(numbers(LIST_ENTRIES), LIST_ENTRIES, rate);
  const asked = 200_000;
  let wrong = 0;
  const started = performance.now();
  for (let index = 0; index < asked; index++) {
    if (filter.mayContain(`absent-${index}`)) wrong += 1;
  }
  const absentUs = ((performance.now() - started) * 1000) / asked;
  const again = performance.now();
  let missed = 0;
  for (const number of numbers(asked)) if (!filter.mayContain(number)) missed += 1;
  const presentUs = ((performance.now() - again) * 1000) / asked;
  const megabytes = filter.byteLength / 1e6;
  console.log(`\nRevocation list of ${LIST_ENTRIES.toLocaleString("en")} entries as a filter`);
  console.log(`  size       ${megabytes.toFixed(1)} MB (goal ≤ ${GOAL_LIST_BYTES / 1e6})`);
  console.log(
    `  look-up    ${absentUs.toFixed(2)} µs absent, ${presentUs.toFixed(2)} µs listed (goal ≤ ${GOAL_LOOKUP_US})`,
  );
  console.log(`  wrong yes  ${((100 * wrong) / asked).toFixed(3)} % (built for ${100 * rate} %)`);
  if (missed > 0) throw new Error(`the filter forgot ${missed} entries`);
}
