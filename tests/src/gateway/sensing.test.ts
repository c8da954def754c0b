/** What the code reader reads becomes a credential, or the hint that it is only part of one. */
import { expect, test } from "vitest";
import { VirtualClock } from "../../../sim/kernel/virtual-clock.ts";
import type { CredentialVerifier } from "../../../src/gateway/ports.ts";
import { connectDevices } from "../../../src/gateway/sensing.ts";
import type { UndatedEvent } from "../../../src/gateway/sensing.ts";
import { aCredential, NOON_MS } from "../../support/core.ts";
import { StubCodeReader, StubGate } from "../../support/stub-devices.ts";

const verifier: CredentialVerifier = {
  code: () =>
    Promise.resolve(aCredential({ holds: false, reasons: [{ code: "malformed" }], evidence: [] })),
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
    const devices = { codeReader, gate: new StubGate() };
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
  expect(await shown).toMatchObject({ credential: { holds: false, reasons: expected } });
});
