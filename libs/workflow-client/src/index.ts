/** An agent in a workflow conversation. */
export { Agent, type ConnectOptions, type SendOptions, type Sent } from "./agent.ts";
export { WorkflowError, type WorkflowErrorCode } from "./errors.ts";
export type { HistoryStore, Seen } from "./history.ts";
export type { Handler, HandlerTask, HandlerTools } from "./tasks.ts";
