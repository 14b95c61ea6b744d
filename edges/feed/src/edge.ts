/** The feed, as a process or a standalone runs it. */
import { defineEdge } from "@ams/edge";
import { createFeed } from "./app.ts";
import { FEED_SETTINGS, readFeed } from "./config.ts";

export const edge = defineEdge({
  name: "feed",
  settings: FEED_SETTINGS,
  ports: { http: 8085, admin: 9095 },
  read: readFeed,
  open: (config, { url, log }) => createFeed({ config, url, log }),
});
