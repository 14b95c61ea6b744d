/** The wire, spoken as MCP. */
export { edge as mcp } from "./edge.ts";
