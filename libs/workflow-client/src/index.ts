/** An agent in a workflow conversation. */
export { Agent, type ConnectOptions, type SendOptions, type Sent } from "./agent.ts";
export { WorkflowError, type WorkflowErrorCode } from "./errors.ts";
export type { HistoryStore, Seen } from "./history.ts";
export { stopByLink } from "./stop-by-link.ts";
export type { Handler, HandlerTask, HandlerTools } from "./tasks.ts";
export type { Verified } from "./verify.ts";
