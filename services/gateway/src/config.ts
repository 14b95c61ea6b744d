/** What an operator can set of a gateway. docs/OPERATIONS.md has the table made from this. */

import {
  DEPLOYMENT_SETTINGS,
  type Environment,
  faultsOf,
  HOST_SETTINGS,
  IDENTITY_SETTINGS,
  type IssuerSettings,
  integer,
  PEPPER_SETTINGS,
  type PepperLists,
  processSettings,
  readIdentity,
  readPepperSettings,
  readSettings,
  type ValuesOf,
} from "@ams/process";
import { redisUrlFault } from "@ams/store";

/** Settings of the gateway's behaviour, wherever it runs. */
export const GATEWAY_SETTINGS = {
  ...DEPLOYMENT_SETTINGS,
  ...IDENTITY_SETTINGS,
  AMS_FRAMES_PER_SECOND: integer(
    20_000,
    "Frames that one connection sends per second; past it 4290. 0: no limit.",
  ),
  AMS_FRAMES_BURST: integer(40_000, "Frames that it may send at once after a silence.", { min: 1 }),
  AMS_BYTES_PER_SECOND: integer(
    33_554_432,
    "Bytes that one connection sends per second; past it 4290. A JSON token that has to be read counts as 32. 0: no limit.",
  ),
  AMS_BYTES_BURST: integer(
    33_554_432,
    "Bytes that it may send at once after a silence; at least one frame of 1 MiB.",
    {
      min: 1_048_576,
    },
  ),
  AMS_BACKPRESSURE_BYTES: integer(
    1_048_576,
    "Unsent bytes that the gateway keeps for a slow reader before it closes it 4290. Several bursts, since one turn of the event loop may publish more than a small limit even to a healthy reader.",
    { min: 65_536, max: 268_435_456 },
  ),
  AMS_MEMORY_BYTES: integer(
    0,
    "Bytes of memory of this process past which it takes no more connects (4500), closes quiet guests, then quiet accounts' sockets (4290), and is not ready. 0: 80 % of what its container or machine has.",
  ),
  AMS_DRAIN_MS: integer(
    5_000,
    "Milliseconds in which a stopping gateway asks its sockets to come back elsewhere, in slices.",
    {
      max: 600_000,
    },
  ),
  AMS_DRAIN_SPREAD_MS: integer(
    5_000,
    "Milliseconds over which it spreads the times at which they come back. Each is closed two seconds after its own, so that it moves without a break.",
    {
      max: 600_000,
    },
  ),
};

/** Settings of a gateway that is a process of its own. */
export const GATEWAY_PROCESS_SETTINGS = {
  ...processSettings({ port: 8080, adminPort: "9090", logLevel: "info" }),
  ...PEPPER_SETTINGS,
  ...HOST_SETTINGS,
  ...GATEWAY_SETTINGS,
};

export type GatewayConfig = ValuesOf<typeof GATEWAY_SETTINGS>;

export type GatewayProcess = {
  readonly config: ValuesOf<typeof GATEWAY_PROCESS_SETTINGS>;
  readonly peppers: PepperLists;
  readonly issuer: IssuerSettings | null;
  readonly redisUrl: string;
};

/** All that the gateway process runs with, or every fault of it at once. */
export function readGatewayProcess(
  environment: Environment,
):
  | { readonly ok: true; readonly value: GatewayProcess }
  | { readonly ok: false; readonly faults: readonly string[] } {
  const config = readSettings(GATEWAY_PROCESS_SETTINGS, environment);
  const peppers = readPepperSettings(environment);
  const issuer = readIdentity(environment);
  const redisUrl = environment.AMS_REDIS_URL ?? "";
  const fault =
    redisUrl === "" ? "AMS_REDIS_URL is needed" : redisUrlFault("AMS_REDIS_URL", redisUrl);
  if (config.ok && peppers.ok && issuer.ok && fault === null) {
    const value = { config: config.value, peppers: peppers.value, issuer: issuer.value, redisUrl };
    return { ok: true, value };
  }
  const redis = fault === null ? [] : [fault];
  const faults = new Set([...faultsOf(config, peppers, issuer), ...redis]);
  return { ok: false, faults: [...faults] };
}
