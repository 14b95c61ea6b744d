/** The settings of the feed. */
import {
  type Checked,
  type Environment,
  integer,
  readSettings,
  secretText,
  type ValuesOf,
} from "@ams/process";
import { redisUrlFault } from "@ams/store";

export const FEED_SETTINGS = {
  AMS_FEED_READERS_MAX: integer(
    10_000,
    "Requests of readers that may be under way at a time; past it 503 `too_many_readers`.",
    { min: 1 },
  ),
  AMS_FEED_WINDOW_BYTES: integer(
    4_194_304,
    "Bytes of the latest frames that the feed has at hand of each conversation. What is older is read from the deployment, page by page.",
    { min: 65_536, max: 1_073_741_824 },
  ),
  AMS_FEED_POLL_MS: integer(
    20_000,
    "Milliseconds that a long poll of a Durable Streams client waits, less than a proxy's limit.",
    { min: 100, max: 55_000 },
  ),
  AMS_FEED_CONVERSATIONS_MAX: integer(
    256,
    "Conversations that the feed reads at a time, each with a window; past it 503 `too_many_conversations`.",
    { min: 1 },
  ),
  AMS_FEED_REDIS_URL: secretText(
    "The Redis of the feed, a database or user of its own, for what was answered to an `Idempotency-Key` within 24 h. Without it a process remembers that while it runs, and a standalone in its folder.",
  ),
};

export type FeedConfig = ValuesOf<typeof FEED_SETTINGS>;

export function readFeed(environment: Environment): Checked<FeedConfig> {
  const read = readSettings(FEED_SETTINGS, environment);
  const redis = environment.AMS_FEED_REDIS_URL ?? "";
  const fault = redis === "" ? null : redisUrlFault("AMS_FEED_REDIS_URL", redis);
  if (fault === null) return read;
  return { ok: false, faults: [...(read.ok ? [] : read.faults), fault] };
}
