/** What an edge declares of itself; `runEdge` and the standalone add what every edge needs. */
import {
  type Checked,
  type Environment,
  edgeProcessSettings,
  type HttpApp,
  type Log,
  type Reached,
  type Settings,
} from "@ams/process";
import type { Registry } from "prom-client";

/** What an edge gets from the process that it runs in. */
export type EdgeParts = {
  readonly reached: Reached;
  /** Base URL of the deployment, per request: a standalone knows it once it listens. */
  readonly url: () => string;
  readonly log: Log;
  readonly registry: Registry;
};

/** An edge that answers requests. */
export type EdgeApp = HttpApp & {
  /** Null when it can serve, else a word for what it waits for; an edge without it always can. */
  readonly notReady?: () => string | null;
  /** Ends what doesn't end by itself, such as streams. */
  readonly stop?: () => Promise<void>;
};

export type OpenEdge = (parts: EdgeParts) => EdgeApp;

export type Edge = {
  /** Its folder, its service in the route table, and its name in the log. */
  readonly name: string;
  /** Its own settings, alone or in a standalone. */
  readonly settings: Settings;
  /** Those of its process besides. */
  readonly processSettings: ReturnType<typeof edgeProcessSettings>;
  /** Reads its own settings, or says every fault of them. */
  readonly read: (environment: Environment) => Checked<OpenEdge>;
};

export function defineEdge<Config>(own: {
  readonly name: string;
  readonly settings: Settings;
  readonly ports: { readonly http: number; readonly admin: number };
  readonly read: (environment: Environment) => Checked<Config>;
  readonly open: (config: Config, parts: EdgeParts) => EdgeApp;
}): Edge {
  const { name, settings, ports, open } = own;
  return {
    name,
    settings,
    processSettings: edgeProcessSettings({ port: ports.http, adminPort: String(ports.admin) }),
    read: (environment) => {
      const config = own.read(environment);
      if (!config.ok) return config;
      return { ok: true, value: (parts) => open(config.value, parts) };
    },
  };
}
