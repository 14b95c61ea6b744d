/** The sender of webhooks, for whoever composes it with other services. */
export { edge as hooks } from "./edge.ts";
