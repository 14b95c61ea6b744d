/** The authorization server, as a process or a standalone runs it. */
import { defineEdge } from "@ams/edge";
import { createOAuth } from "./app.ts";
import { OAUTH_EDGE_SETTINGS, processFaults, readOAuth } from "./config.ts";

export const edge = defineEdge({
  name: "oauth",
  settings: OAUTH_EDGE_SETTINGS,
  ports: { http: 8088, admin: 9098 },
  read: readOAuth,
  processFaults,
  open: (config, parts) =>
    createOAuth({ ...parts, config: { ...config, secret: config.secret ?? parts.secret ?? null } }),
});
