/** What a standalone AMS can be told by its environment: all that a gateway and control can be, and where its state lies. */
import { CONTROL_SETTINGS, type ControlConfig, toControlConfig } from "@ams/control";
import { GATEWAY_SETTINGS, type GatewayConfig } from "@ams/gateway";
import {
  type Environment,
  PEPPER_SETTINGS,
  processSettings,
  type Read,
  readSettings,
  text,
  type ValuesOf,
} from "@ams/runtime";

/** Milliseconds in which a stopping standalone closes its sockets: nobody else could take them over. */
const DRAIN_MS = "500";

export const STANDALONE_SETTINGS = {
  ...processSettings({ port: 8080, adminPort: "", logLevel: "warn" }),
  AMS_DATA: text(
    ".ams",
    "Folder of its state: directory, peppers, demo account. One process at a time.",
  ),
};

export type StandaloneConfig = {
  readonly own: ValuesOf<typeof STANDALONE_SETTINGS>;
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
  const own = readSettings(STANDALONE_SETTINGS, environment);
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
  const read: Read<typeof CONTROL_SETTINGS> = readSettings(CONTROL_SETTINGS, environment);
  return read.ok ? toControlConfig(read.value, instance) : read;
}

/** Where a standalone differs from a gateway of many. */
function withDefaults(environment: Environment): Environment {
  const { AMS_DRAIN_MS } = environment;
  return { ...environment, AMS_DRAIN_MS: AMS_DRAIN_MS || DRAIN_MS };
}
