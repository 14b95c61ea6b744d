/** The control plane: accounts, conversations and links over HTTP. */

export {
  CONTROL_PROCESS_SETTINGS,
  CONTROL_SETTINGS,
  type ControlConfig,
  readControl,
  type SignUp,
} from "./config.ts";
export { type Expiry, startExpiry } from "./conversations/expiry.ts";
export { type Control, type ControlOptions, createControl } from "./http/app.ts";
