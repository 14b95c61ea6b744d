/** The settings of the feed. */
import { type Checked, type Environment, integer, readSettings, type ValuesOf } from "@ams/process";

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
  AMS_FEED_CONVERSATIONS_MAX: integer(
    256,
    "Conversations that the feed reads at a time, each with a window; past it 503 `too_many_conversations`.",
    { min: 1 },
  ),
};

export type FeedConfig = ValuesOf<typeof FEED_SETTINGS>;

export function readFeed(environment: Environment): Checked<FeedConfig> {
  return readSettings(FEED_SETTINGS, environment);
}
