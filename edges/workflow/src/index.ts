/** Workflows in a conversation: messages as provable steps. */
export { edge as workflow } from "./edge.ts";
