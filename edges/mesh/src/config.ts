/** What the environment sets for the mesh edge. */
import { DID_WEB_SETTINGS, JOURNAL_SETTINGS, readSpaceConfig, type SpaceConfig } from "@ams/edge";
import { APPEAL_S, NONCE_WINDOW } from "@ams/mesh-rules";
import { type Checked, type Environment, integer, readSettings, secretText } from "@ams/process";

export const MESH_SETTINGS = {
  ...JOURNAL_SETTINGS,
  AMS_MESH_SECRET: secretText(
    "64 hex digits, several separated by commas: the keys of meshes are made of the first, older ones keep theirs. Needed with Redis; in a folder it is made there.",
  ),
  AMS_MESH_CREDENTIAL: secretText(
    "Credential of the account by which the service joins conversations; the link's guest unless given.",
  ),
  AMS_MESH_WRITES_PER_MINUTE: integer(6_000, "Writes of one account a minute; 0 is off."),
  AMS_MESH_SPACES_PER_ACCOUNT: integer(
    1_000,
    "Meshes that one account may open within a day; 0 is off.",
  ),
  AMS_MESH_NONCE_WINDOW: integer(
    NONCE_WINDOW,
    "Nonces of one sender that may arrive out of order; 0 is strictly increasing.",
  ),
  AMS_MESH_APPEAL_S: integer(
    APPEAL_S,
    "Seconds in which an agent may dispute what was taken from its stake; 0 pays out at once.",
  ),
  ...DID_WEB_SETTINGS,
};

export type MeshConfig = SpaceConfig & { readonly nonceWindow: number; readonly appealS: number };

/** The settings, or every fault at once. */
export function readMesh(environment: Environment): Checked<MeshConfig> {
  const read = readSettings(MESH_SETTINGS, environment);
  if (!read.ok) return read;
  const own = read.value;
  const space = readSpaceConfig("mesh", environment, {
    ...own,
    credential: own.AMS_MESH_CREDENTIAL,
    writesPerMinute: own.AMS_MESH_WRITES_PER_MINUTE,
    spacesPerAccount: own.AMS_MESH_SPACES_PER_ACCOUNT,
  });
  if (!space.ok) return space;
  const { AMS_MESH_NONCE_WINDOW: nonceWindow, AMS_MESH_APPEAL_S: appealS } = own;
  return { ok: true, value: { ...space.value, nonceWindow, appealS } };
}
