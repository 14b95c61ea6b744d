/** Which streams emit most: by how far each has come since the last look. */
import type { ConnectionId, GatewayReport } from "@ams/directory";
import type { Conversation } from "../conversation/conversation.ts";
import type { Session } from "../conversation/session.ts";

type Present = { readonly conversation: Conversation; readonly session: Session };

export class Talkers {
  #seen = new Map<ConnectionId, number>();
  #atMs: number | null = null;

  /** Those that have emitted since the last call, the fastest first. `nowMs` is monotonic. */
  next(sessions: readonly Present[], nowMs: number): GatewayReport["talkers"] {
    const seconds = this.#atMs === null ? 0 : (nowMs - this.#atMs) / 1_000;
    const seen = new Map<ConnectionId, number>();
    const found: GatewayReport["talkers"][number][] = [];
    for (const { conversation, session } of sessions) {
      const { entry, lastN } = session.stream;
      const n = lastN ?? 0;
      seen.set(entry.connection, n);
      const frames = n - (this.#seen.get(entry.connection) ?? 0);
      if (frames <= 0 || seconds <= 0) continue;
      found.push({
        conversation_id: conversation.where.conversationId,
        stream_id: entry.stream_id,
        account_id: entry.owner_account_id,
        frames_per_s: Math.round((frames / seconds) * 10) / 10,
      });
    }
    this.#seen = seen;
    this.#atMs = nowMs;
    return found.sort((a, b) => b.frames_per_s - a.frames_per_s);
  }
}
