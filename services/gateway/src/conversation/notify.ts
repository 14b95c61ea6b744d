/**
 * Notifications of changes of the roster to the subscribers that are here: one frame each, to
 * those who must hear it.
 */
import type { StreamId } from "@ams/protocol";
import {
  encodeGap,
  encodeStreamJoined,
  encodeStreamLeft,
  encodeStreamMetadata,
} from "@ams/protocol";
import type { GatewayMetrics } from "../metrics.ts";
import { toIso } from "../time.ts";
import type { Audience } from "./audience.ts";
import type { RosterListener } from "./roster.ts";
import { RosterSummary } from "./roster-summary.ts";
import type { Session } from "./session.ts";

export type NotifyDeps = { readonly metrics: GatewayMetrics; readonly now: () => number };

export function notifyAudience(
  audience: Audience,
  holderOf: (stream: StreamId) => Session | undefined,
  size: () => number,
  { metrics, now }: NotifyDeps,
): RosterListener {
  const summary = new RosterSummary(audience, size, now);
  return {
    streamJoined({ entry, lastMs }) {
      if (audience.hearsLifecycle) audience.deliverToAll(encodeStreamJoined(entry, toIso(lastMs)));
      summary.changed();
    },
    streamLeft({ entry }, ts, seq) {
      if (audience.hearsLifecycle) audience.deliverToAll(encodeStreamLeft(entry, ts, seq));
      summary.changed();
    },
    metadataChanged({ entry }, n, ms) {
      const seq = { epoch: entry.epoch, n };
      const frame = encodeStreamMetadata(entry, entry.metadata, toIso(ms), seq);
      audience.deliver(entry.stream_id, frame);
    },
    gap({ entry }, after, before, reason) {
      metrics.gap(reason);
      const frame = encodeGap({ stream_id: entry.stream_id, after, before, reason });
      // Whoever holds the stream now lost nothing of it (§5.1).
      const holder = holderOf(entry.stream_id);
      if (!holder?.socket) audience.deliver(entry.stream_id, frame);
      else {
        const { socket, terms } = holder;
        audience.deliverFrom(socket, terms.subscription, entry.stream_id, frame);
      }
    },
  };
}
