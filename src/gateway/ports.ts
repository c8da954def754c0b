/** The ports of the gateway: other rooms implement them without knowing the gateway. */
import type { DirectoryLookup } from "../core/evidence/directory.ts";
import type { Credential } from "../core/evidence/evidence.ts";
import type { RecordDraft } from "../core/record.ts";
import type { Instant } from "../core/time.ts";
import type { Announcement } from "../core/view/announcement.ts";
import type { CardContent } from "../../hal/devices.ts";

/** Makes records durable. Rejects when it cannot; never resolves before the data is on the disk. */
export interface RecordStore {
  commit(draft: RecordDraft): Promise<{ seq: number }>;
  /** The newest records, newest first, with what can still be unsealed. */
  recent?(count: number): Promise<readonly Pick<RecordDraft, "at" | "body" | "personal">[]>;
}

/** Unsent records, as the outbox counts them. */
export interface OutboxGauge {
  pending(): number;
  /** How it is now: a unit may begin with one that is full. */
  state(): "normal" | "filling" | "full";
  onState(listener: (state: "normal" | "filling" | "full") => void): void;
}

/** Verifies what was presented. Never rejects: what cannot be understood is an invalid credential. */
export interface CredentialVerifier {
  code(bytes: Uint8Array, text: string, at: Instant): Promise<Credential>;
  card(content: CardContent, at: Instant): Promise<Credential>;
  /** Date of the data verification rests on (epoch ms). */
  freshness(): { trustListAsOfMs?: number; directoryAsOfMs?: number };
}

/** Speaks to the visitor in its own way, e.g. a voice: each announcement replaces the one before. */
export interface Announcer {
  /** Never throws; what it cannot express it reports as a device's failure. */
  announce(announcement: Announcement): void;
}

/** Random references; seeded in simulation. */
export interface ReferenceSource {
  next(): string;
}

export type { DirectoryLookup };
