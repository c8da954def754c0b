/** The simulated module answers with the frames that are published, byte for byte. */
import { describe, expect, test } from "vitest";
import { createSamVChip, encodeCard, type SamVChip } from "../../../sim/chips/sam-v.ts";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import { citizenCard, foreigner2017Card } from "../../hal/drivers/card-reader/sdt/cards.ts";

function setUp(options: { mustLeaveAfterRead?: boolean } = {}) {
  const clock = new VirtualClock(0);
  const chip = createSamVChip({ clock, ...options });
  let answered = "";
  chip.onSend((bytes) => {
    answered += Buffer.from(bytes).toString("hex").toUpperCase();
  });
  const ask = async (request: string): Promise<string> => {
    answered = "";
    chip.receive(Uint8Array.from(Buffer.from(request, "hex")));
    await clock.run(1_000);
    return answered;
  };
  return { clock, chip, ask };
}

const STATUS = "AAAAAA9669000311FFED";
const FIND = "AAAAAA96690003200122";
const SELECT = "AAAAAA96690003200221";
const READ = "AAAAAA96690003300132";
const READ_FINGERPRINT = "AAAAAA96690003301023";
const ADDRESS = "AAAAAA96690003300330";
const FOUND = "AAAAAA9669000800009F0000000097";
const SELECTED = "AAAAAA9669000C00009000000000000000009C";
const NO_CARD = "AAAAAA9669000400008084";
const READ_FAILED = "AAAAAA9669000400004145";

async function readUp(ask: (request: string) => Promise<string>, command: string): Promise<Buffer> {
  await ask(FIND);
  await ask(SELECT);
  return Buffer.from(await ask(command), "hex");
}

describe("without a card", () => {
  test.each([
    ["status", STATUS, "AAAAAA9669000400009094"],
    ["id", "AAAAAA9669000312FFEE", "AAAAAA9669001400009005000300A53A340187D61200B168DE3A56"],
    ["find", FIND, NO_CARD],
    ["select", SELECT, "AAAAAA9669000400008185"],
    ["read", READ, READ_FAILED],
    ["a wrong checksum", "AAAAAA9669000311FFEE", "AAAAAA9669000400001014"],
    ["an unknown command", "AAAAAA96690003777703", "AAAAAA9669000400002125"],
  ])("answers %s", async (_what, request, answer) => {
    expect(await setUp().ask(request)).toBe(answer);
  });

  test("answers what follows noise", async () => {
    expect(await setUp().ask(`00FFAAAA${STATUS}`)).toBe("AAAAAA9669000400009094");
  });
});

describe("with a card", () => {
  test("finds, selects and reads it, and then again only from the start", async () => {
    const { chip, ask } = setUp({ mustLeaveAfterRead: false });
    chip.place(citizenCard);
    expect(await ask(FIND)).toBe(FOUND);
    expect(await ask(SELECT)).toBe(SELECTED);
    const answer = await ask(READ);
    expect(answer.slice(0, 28)).toBe("AAAAAA9669050800009001000400");
    expect(answer.length).toBe(2 * 1_295);
    expect(answer.slice(28, 28 + 512)).toBe(
      Buffer.from(encodeCard(citizenCard)).toString("hex").toUpperCase(),
    );
    expect(await ask(READ)).toBe(READ_FAILED);
    expect(await ask(FIND)).toBe(FOUND);
  });

  test("finds it again only after it has left", async () => {
    const { chip, ask } = setUp();
    chip.place(citizenCard);
    await readUp(ask, READ);
    expect(await ask(FIND)).toBe(NO_CARD);
    chip.remove();
    chip.place(foreigner2017Card);
    expect(await ask(FIND)).toBe(FOUND);
  });

  test.each([
    [0, 1_297, "050A"],
    [512, 1_809, "070A"],
    [1_024, 2_321, "090A"],
  ])("with %i bytes of fingerprint answers %i bytes", async (count, total, length) => {
    const { chip, ask } = setUp();
    chip.place({ text: encodeCard(citizenCard), fingerprint: new Uint8Array(count) });
    const answer = await readUp(ask, READ_FINGERPRINT);
    expect(answer.length).toBe(total);
    expect(answer.subarray(5, 7).toString("hex").toUpperCase()).toBe(length);
  });

  test("says 91 for an address that was never appended, and gives one that was", async () => {
    const { chip, ask } = setUp();
    chip.place(citizenCard);
    expect((await readUp(ask, ADDRESS)).toString("hex").toUpperCase()).toBe(
      "AAAAAA9669000400009195",
    );
    chip.place({ text: encodeCard(citizenCard), appendedAddress: "新路3号" });
    const answer = await readUp(ask, ADDRESS);
    expect(answer.subarray(10, -1).toString("utf16le").trim()).toBe("新路3号");
  });

  test("fails the read when the card goes meanwhile", async () => {
    const { chip, clock, ask } = setUp();
    chip.place(citizenCard);
    await ask(FIND);
    await ask(SELECT);
    let answer = "";
    chip.onSend((bytes) => {
      answer += Buffer.from(bytes).toString("hex").toUpperCase();
    });
    chip.receive(Uint8Array.from(Buffer.from(READ, "hex")));
    await clock.run(100);
    chip.remove();
    await clock.run(1_000);
    expect(answer).toBe(READ_FAILED);
  });
});

test("changes its rate after it has answered at the old one", async () => {
  const { chip, ask } = setUp();
  expect(await ask("AAAAAA96690003600467")).toBe("AAAAAA9669000400009094");
  expect(chip.baudRate).toBe(9_600);
});

test("takes no command while it starts", async () => {
  const { chip, clock } = setUp();
  let answers = 0;
  chip.onSend(() => {
    answers += 1;
  });
  const status = Uint8Array.from(Buffer.from(STATUS, "hex"));
  chip.power?.(false);
  chip.receive(status);
  chip.power?.(true);
  await clock.run(299);
  chip.receive(status);
  await clock.run(100);
  expect(answers).toBe(0);
  chip.receive(status);
  await clock.run(100);
  expect(answers).toBe(1);
});

test("misbehaves as often as it was told to, and only then", async () => {
  const { chip, ask }: { chip: SamVChip; ask: (request: string) => Promise<string> } = setUp();
  chip.misbehave({ status: 0x60 }, { times: 2 });
  expect(await ask(STATUS)).toBe("AAAAAA9669000400006064");
  expect(await ask(FIND)).toBe("AAAAAA9669000400006064");
  expect(await ask(FIND)).toBe(NO_CARD);
  chip.misbehave("silent", { times: Infinity });
  expect(await ask(STATUS)).toBe("");
  chip.behave();
  expect(await ask(STATUS)).toBe("AAAAAA9669000400009094");
});

test("refuses a field that has no room on the card", () => {
  expect(() => encodeCard({ ...citizenCard, name: "很".repeat(16) })).toThrow("15 characters");
});
