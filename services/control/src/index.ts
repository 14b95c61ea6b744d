/** The control plane: accounts, conversations and links over HTTP. */
export { type Control, type ControlOptions, createControl } from "./app.ts";
export {
  CONTROL_PROCESS_SETTINGS,
  CONTROL_SETTINGS,
  type ControlConfig,
  readControl,
  type SignUp,
} from "./config.ts";
export { type Expiry, startExpiry } from "./expiry.ts";
