/** The wire, spoken as MCP. */
export { readMcp } from "./config.ts";
export { edge as mcp } from "./edge.ts";
export { createMcp } from "./mcp.ts";
