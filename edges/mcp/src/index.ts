/** The wire, spoken as MCP. */
export { MCP_PROCESS_SETTINGS, MCP_SETTINGS, type McpConfig, readMcp } from "./config.ts";
export { createMcp, type Mcp, type McpOptions } from "./mcp.ts";
export { isMcpRequest } from "./request/place.ts";
