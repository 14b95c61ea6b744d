/** What a roster notifies of, as lines of text. For tests only. */
import type { GapReason } from "@ams/protocol";
import type { LiveStream } from "../conversation/live-stream.ts";
import type { RosterListener } from "../conversation/roster.ts";

/** Records its notifications. */
export class RosterNotes implements RosterListener {
  notes: string[] = [];

  streamJoined({ entry }: LiveStream): void {
    this.notes.push(`joined ${entry.stream_name} ${entry.epoch}`);
  }

  streamLeft({ entry }: LiveStream, ts: string, seq: string | null): void {
    this.notes.push(`left ${entry.stream_name} ${seq} ${ts}`);
  }

  metadataChanged({ entry }: LiveStream, n: number, ms: number): void {
    this.notes.push(`metadata ${entry.stream_name} ${entry.epoch}-${n} ${entry.metadata} ${ms}`);
  }

  gap({ entry }: LiveStream, after: string | null, before: string | null, why: GapReason): void {
    this.notes.push(`gap ${entry.stream_name} ${after} ${before} ${why}`);
  }

  /** The notifications since the last call. */
  take(): string[] {
    return this.notes.splice(0);
  }
}
