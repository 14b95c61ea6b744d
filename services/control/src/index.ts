/** The control plane: accounts, conversations and links over HTTP. */
export { type Control, type ControlOptions, createControl } from "./app.ts";
export {
  type ControlConfig,
  controlProcessSettings,
  controlSettings,
  type SignUp,
  toControlConfig,
} from "./config.ts";
export type { PeerAddress } from "./endpoint.ts";
