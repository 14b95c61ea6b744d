/**
 * Notifications of changes of the roster to the subscribers that are here: one frame each, to
 * those who must hear it.
 */
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

export type NotifyDeps = { readonly metrics: GatewayMetrics; readonly now: () => number };

export function notifyAudience(audience: Audience, { metrics, now }: NotifyDeps): RosterListener {
  return {
    streamJoined({ entry, lastMs }) {
      audience.deliverToAll(encodeStreamJoined(entry, toIso(lastMs)));
    },
    streamLeft({ entry }, ts, seq) {
      audience.deliverToAll(encodeStreamLeft(entry, ts, seq));
    },
    metadataChanged({ entry }, n) {
      const seq = { epoch: entry.epoch, n };
      const frame = encodeStreamMetadata(entry, entry.metadata, toIso(now()), seq);
      audience.deliver(entry.stream_id, frame);
    },
    gap({ entry }, after, before, reason) {
      metrics.gap(reason);
      const frame = encodeGap({ stream_id: entry.stream_id, after, before, reason });
      audience.deliver(entry.stream_id, frame);
    },
  };
}
