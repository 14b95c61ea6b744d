/** The MCP edge, as a process or a standalone runs it. */
import { defineEdge } from "@ams/edge";
import { MCP_SETTINGS, readMcp } from "./config.ts";
import { createMcp } from "./mcp.ts";

export const edge = defineEdge({
  name: "mcp",
  settings: MCP_SETTINGS,
  ports: { http: 8083, admin: 9093 },
  read: readMcp,
  open: ({ secret, ...config }, parts) =>
    createMcp({ ...parts, config: { ...config, secret: secret ?? parts.secret ?? null } }),
});
