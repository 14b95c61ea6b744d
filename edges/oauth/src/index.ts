/** OAuth 2.1 for MCP connectors (§2.14). */
export { edge as oauth } from "./edge.ts";
