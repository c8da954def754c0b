/** What keeps a text from being YAML is told once, with its line; a text in JSON no other than in YAML. */
import { describe, expect, it } from "vitest";
import { loadScenario, parseScenario } from "../../../sim/scenario/load.ts";
import { parsePolicy } from "../../../src/config/policy.ts";
import { parseUnitConfig } from "../../../src/config/unit.ts";

async function faultsOf(read: () => unknown): Promise<string[]> {
  try {
    await read();
    return [];
  } catch (error) {
    return (error as Error).message.split("\n");
  }
}

const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  "a unit's file": (text) => parseUnitConfig(text, "file.yaml"),
  "a policy": (text) => parsePolicy(text, "file.yaml"),
  "a scenario": (text) => parseScenario(text, "file.yaml"),
};

describe.each(Object.entries(READERS))("of %s", (_name, read) => {
  it.each([
    ["a list without its end", "a: 1\nb: [1,\nc: 2\n", 3],
    ["a key twice", "a: 1\nb: 2\na: 3\n", 3],
    ["a tab", "a:\n\tb: 1\n", 2],
    ["an unknown alias", "a: 1\nb: *nobody\n", 2],
    ["a key on two lines", "a: 1\nb\nc: 1\n", 2],
    ["JSON without its end", '{\n"a": 1,\n"b": [\n', 4],
    ["a key twice in JSON", '{"a": 1,\n"b": 2,\n"a": 3}\n', 3],
    ["JSON with something behind it", '{"a": 1}\n{"b": 2}\n', 2],
  ])("%s is told in one line that ends with its line number", async (_what, text, line) => {
    const faults = await faultsOf(() => read(text));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^file\.yaml: is not YAML: .+ \(line \d+\)$/);
    expect(faults[0]).toContain(`(line ${line})`);
    expect(faults[0]).not.toMatch(/column|at line/);
  });

  it.each([
    ["at the top", "a: &x {b: 1}\n<<: *x\n", "<<", 2],
    ["in a map", "a: 1\nhttp:\n  <<: {port: 1}\n", "http.<<", 3],
    ["in JSON", '{"a": 1,\n"b": {<<: {"c": 1}}}\n', "b.<<", 2],
    ["twice", "a: {<<: {b: 1}}\nc: {<<: {b: 1}}\n", "a.<<", 1],
  ])("a merge key is not supported, and told as such: %s", async (_where, text, path, line) => {
    const [fault] = await faultsOf(() => read(text));
    expect(fault).toBe(
      `file.yaml: ${path}: merge keys are not supported: write out what it would bring (line ${line})`,
    );
  });

  it("a key that is only written like one is a key", async () => {
    const [fault] = await faultsOf(() => read('"<<": 1\n'));
    expect(fault).not.toContain("merge keys");
  });

  it.each(["[", "{a: ", "- "])("endless nesting of %j is told", async (deep) => {
    const faults = await faultsOf(() => read(deep.repeat(20_000)));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^file\.yaml: is not YAML: /);
  });
});

describe("of a scenario", () => {
  const faultOf = async (fields: string): Promise<string> =>
    (await faultsOf(() => parseScenario(`name: a\n${fields}\n`, "file.yaml")))[0] ?? "none";

  it.each(["2022-13-10", "0000-00-00", "1990-00-10", "2022-12-32", "9999-99-99", "2022-02-30"])(
    "a day that is not in the calendar is refused with its place: %s",
    async (day) => {
      for (const field of ["validFrom", "validTo"]) {
        expect(await faultOf(`visitors:\n- shows: {card: {${field}: ${day}}}`)).toBe(
          `file.yaml: visitors[0].shows.card.${field}: there is no such day (line 3)`,
        );
      }
      expect(await faultOf(`people:\n  a: {birth: ${day}}\nvisitors: []`)).toBe(
        "file.yaml: people.a.birth: there is no such day (line 3)",
      );
      const time = `${day}T08:00:00+08:00`;
      expect(await faultOf(`startsAt: "${time}"\nvisitors: []`)).toMatch(
        /^file\.yaml: startsAt: not a moment: .* \(line 2\)$/,
      );
    },
  );

  it.each([
    ["at: 1e30", "at"],
    ["at: 999999999999d", "at"],
    ["shows: {pass: {colour: green, nucleicAcidTest: {sampled: 300000000d ago}}}", "sampled"],
    ["shows: {pass: {colour: green, nucleicAcidTest: {sampled: in 300000000d}}}", "sampled"],
  ])("a span that no calendar holds is refused: %s", async (field, path) => {
    const fault = await faultOf(`visitors:\n- ${field}`);
    expect(fault).toContain(path);
    expect(fault).toMatch(/longer than a hundred years \(line 3\)$/);
  });

  it("a file that is not there is told as that", async () => {
    const faults = await faultsOf(() => loadScenario("/nowhere/scenario.yaml"));
    expect(faults[0]).toMatch(/^\/nowhere\/scenario\.yaml: cannot be read: ENOENT/);
  });
});
