/** What the code reader reads becomes a credential, or the hint that it is only part of one. */
import { expect, test } from "vitest";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import type { CredentialVerifier } from "../../../src/gateway/ports.ts";
import { connectDevices } from "../../../src/gateway/sensing.ts";
import type { UndatedEvent } from "../../../src/gateway/sensing.ts";
import { aCredential, NOON_MS } from "../../support/core.ts";
import { StubCardReader, StubCodeReader, StubGate } from "../../support/stub-devices.ts";

const verifier: CredentialVerifier = {
  code: () =>
    Promise.resolve(
      aCredential({ isValid: false, reasons: [{ code: "malformed" }], evidence: [] }),
    ),
  card: () => Promise.reject(new Error("no card is laid here")),
  freshness: () => ({}),
};

test.each([
  ["a whole code is what the verifier says of it", undefined, [{ code: "malformed" }]],
  [
    "one of several symbols is part of a code, and never a malformed one",
    { number: 2, of: 3, parity: 7 },
    [{ code: "parts-missing", params: { part: 2, of: 3 } }],
  ],
])("%s", async (_name, part, expected) => {
  const codeReader = new StubCodeReader();
  const shown = new Promise<UndatedEvent>((resolve) => {
    const devices = { codeReaders: [codeReader], gate: new StubGate() };
    connectDevices(devices, new VirtualClock(NOON_MS), verifier, (event) => {
      if (event.kind === "credential-presented") resolve(event);
    });
  });
  const bytes = Uint8Array.of(72, 67, 49, 58);
  codeReader.read({
    code: {
      bytes,
      text: "HC1:",
      format: "qr",
      corners: [],
      decoder: "stub",
      ...(part === undefined ? {} : { part }),
    },
    frameAtMs: 0,
    decodedAtMs: 0,
    framesTried: 1,
    credentialShaped: part === undefined,
  });
  expect(await shown).toMatchObject({ credential: { isValid: false, reasons: expected } });
});

test("of several readers each has its own health and its own failures, the first without a number", () => {
  const codeReaders = [new StubCodeReader(), new StubCodeReader()];
  const cardReaders = [new StubCardReader(), new StubCardReader()];
  const events: UndatedEvent[] = [];
  const devices = { codeReaders, cardReaders, gate: new StubGate() };
  connectDevices(devices, new VirtualClock(NOON_MS), verifier, (event) => events.push(event));
  codeReaders[0]?.health({ state: "ok" });
  codeReaders[1]?.health({ state: "failed", kind: "absent", detail: "unplugged" });
  cardReaders[0]?.fail({ kind: "card-rejected", detail: "" });
  cardReaders[1]?.fail({ kind: "read-failed", detail: "" });
  expect(events).toEqual([
    { kind: "device-changed", device: "code-reader", ok: true, detail: "" },
    { kind: "device-changed", device: "code-reader-2", ok: false, detail: "absent: unplugged" },
    { kind: "read-failed", device: "card-reader", detail: "card-rejected" },
    { kind: "read-failed", device: "card-reader-2", detail: "read-failed" },
  ]);
});

test("more readers than there are names are refused", () => {
  const devices = {
    codeReaders: Array.from({ length: 5 }, () => new StubCodeReader()),
    gate: new StubGate(),
  };
  expect(() => connectDevices(devices, new VirtualClock(NOON_MS), verifier, () => {})).toThrow(
    "at most 4 devices named code-reader",
  );
});
