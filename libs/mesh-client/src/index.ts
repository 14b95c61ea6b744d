/** A principal, an agent or an attestor in a mesh. Money is test units. */
export { verifyBundle } from "@ams/mesh-rules";
export { DelegationHandle } from "./delegation.ts";
export { MeshError } from "./errors.ts";
export type { MeshFrame } from "./frames.ts";
export {
  type Found,
  IntentHandle,
  type IntentOptions,
  MeshClient,
  type MeshOptions,
  openMesh,
  type Receipt,
} from "./mesh.ts";
