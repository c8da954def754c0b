/** Stub devices: hands for a test to hold, on the contracts the gateway asks for. */
import type {
  CardReader,
  CardReading,
  CardReadFailure,
  CodeReader,
  CodeReading,
  DeviceHealth,
  Gate,
  GateState,
  Thermometer,
  TemperatureFailure,
  TemperatureReading,
} from "../../hal/devices.ts";

class StubDevice {
  started = false;
  health: (health: DeviceHealth) => void = () => {};

  async start(): Promise<void> {
    this.started = true;
    this.health({ state: "ok" });
  }

  async stop(): Promise<void> {
    this.started = false;
  }

  onHealth(listener: (health: DeviceHealth) => void): void {
    this.health = listener;
  }
}

export class StubCodeReader extends StubDevice implements CodeReader {
  read: (reading: CodeReading) => void = () => {};

  onReading(listener: (reading: CodeReading) => void): void {
    this.read = listener;
  }

  snapshot(): undefined {
    return undefined;
  }

  /** Somebody holds up a code with this text. */
  show(text: string): void {
    const bytes = new TextEncoder().encode(text);
    const code = { bytes, text, format: "qr" as const, corners: [], decoder: "stub" };
    this.read({ code, frameAtMs: 0, decodedAtMs: 0, framesTried: 1, credentialShaped: true });
  }
}

export class StubCardReader extends StubDevice implements CardReader {
  read: (reading: CardReading) => void = () => {};
  fail: (failure: CardReadFailure) => void = () => {};

  onReading(listener: (reading: CardReading) => void): void {
    this.read = listener;
  }

  onFailure(listener: (failure: CardReadFailure) => void): void {
    this.fail = listener;
  }
}

export class StubThermometer extends StubDevice implements Thermometer {
  asked = 0;
  read: (reading: TemperatureReading) => void = () => {};
  fail: (failure: TemperatureFailure) => void = () => {};
  present: (present: boolean) => void = () => {};

  onReading(listener: (reading: TemperatureReading) => void): void {
    this.read = listener;
  }

  onFailure(listener: (failure: TemperatureFailure) => void): void {
    this.fail = listener;
  }

  onPresence(listener: (present: boolean) => void): void {
    this.present = listener;
  }

  measureAgain(): void {
    this.asked += 1;
  }

  measure(estimateC: number): void {
    this.read({ estimateC, skinC: 34, ambientC: 22, spreadK: 0.1, samples: 8, measuredAtMs: 0 });
  }
}

export class StubGate extends StubDevice implements Gate {
  releases: number[] = [];
  refuses = false;
  hangs = false;
  change: (state: GateState) => void = () => {};

  onChange(listener: (state: GateState) => void): void {
    this.change = listener;
  }

  async release(releaseMs: number): Promise<void> {
    if (this.hangs) return new Promise(() => {});
    if (this.refuses) throw new Error("the relay does not answer");
    this.releases.push(releaseMs);
    this.change("released");
  }

  async lock(): Promise<void> {
    this.change("locked");
  }
}
