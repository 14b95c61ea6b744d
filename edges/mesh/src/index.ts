/** Meshes in conversations: signed intents that settle on a ledger. */
export { edge as mesh } from "./edge.ts";
