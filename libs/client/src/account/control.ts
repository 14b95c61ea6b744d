/**
 * Everything that asks the control plane, as one file that is loaded at the first call: see
 * `later.ts`.
 */
export { health, inspect, offer } from "./ask.ts";
export { diagnose } from "./diagnose.ts";
export { createAccount, openAccount } from "./open-account.ts";
