/** What a standalone AMS can be told by its environment: all that a gateway and control can be, and where its state lies. */
import { type ControlConfig, controlSettings, toControlConfig } from "@ams/control";
import { GATEWAY_SETTINGS, type GatewayConfig } from "@ams/gateway";
import {
  choice,
  type Environment,
  integer,
  LOG_LEVELS,
  optionalPort,
  PEPPER_SETTINGS,
  type Read,
  readSettings,
  secretText,
  text,
  type ValuesOf,
} from "@ams/runtime";

/** Milliseconds in which a stopping standalone closes its sockets: nobody else could take them over. */
const DRAIN_MS = "500";

export const standaloneSettings = {
  HOST: text(
    "127.0.0.1",
    "Address that it listens on. 0.0.0.0 or :: to be reached from other machines.",
  ),
  PORT: integer(8080, "The one port; 0 lets the system choose.", { max: 65_535 }),
  AMS_DATA: text(
    ".ams",
    "Folder of its state: directory, peppers, demo account. One process at a time.",
  ),
  AMS_REDIS_URL: secretText(
    "Keep everything in this Redis instead of the folder (which still holds the peppers): redis://host:port, rediss://…, redis+sentinel://… or redis+cluster://…",
  ),
  AMS_ADMIN_PORT: optionalPort("Port of /livez, /readyz and /metrics; none unless given."),
  AMS_ADMIN_HOST: text("127.0.0.1", "Address that the admin port listens on."),
  AMS_INSTANCE: text(
    "",
    "This process's name in /healthz and in the log; the host name unless given.",
  ),
  AMS_LOG_LEVEL: choice(LOG_LEVELS, "warn", "The least important level that is logged."),
};

export type StandaloneConfig = {
  readonly own: ValuesOf<typeof standaloneSettings>;
  readonly gateway: GatewayConfig;
  readonly control: ControlConfig;
  readonly peppers: ValuesOf<typeof PEPPER_SETTINGS>;
};

/** All of it, or every fault at once. */
export function readStandalone(
  environment: Environment,
):
  | { readonly ok: true; readonly value: StandaloneConfig }
  | { readonly ok: false; readonly faults: readonly string[] } {
  const own = readSettings(standaloneSettings, environment);
  const peppers = readSettings(PEPPER_SETTINGS, environment);
  const gateway = readSettings(GATEWAY_SETTINGS, withDefaults(environment));
  const control = readControl(environment, own.ok ? own.value.AMS_INSTANCE : null);
  if (own.ok && peppers.ok && gateway.ok && control.ok) {
    return {
      ok: true,
      value: {
        own: own.value,
        gateway: gateway.value,
        control: control.value,
        peppers: peppers.value,
      },
    };
  }
  const faults = [own, peppers, gateway, control].flatMap((read) => (read.ok ? [] : read.faults));
  // Gateway and control share settings: a fault in one of those would be told twice.
  return { ok: false, faults: [...new Set(faults)] };
}

function readControl(environment: Environment, instance: string | null) {
  const read: Read<typeof controlSettings> = readSettings(controlSettings, environment);
  return read.ok ? toControlConfig(read.value, instance) : read;
}

/** Where a standalone differs from a gateway of many. */
function withDefaults(environment: Environment): Environment {
  const { AMS_DRAIN_MS } = environment;
  return { ...environment, AMS_DRAIN_MS: AMS_DRAIN_MS || DRAIN_MS };
}
