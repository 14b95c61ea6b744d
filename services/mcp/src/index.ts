/** The wire, spoken as MCP: one more subscriber. */
export {};
