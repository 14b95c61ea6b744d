/** What an edge declares of itself; `runEdge` and the standalone add what every edge needs. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import {
  type Checked,
  type Environment,
  edgeProcessSettings,
  type HostNames,
  type HttpApp,
  type Log,
  type Meters,
  type Reached,
  type Settings,
} from "@ams/process";
import type { Registry } from "prom-client";
import { metered } from "./metered.ts";

/** What an edge gets from the process that it runs in. */
export type EdgeParts = {
  readonly reached: Reached;
  /** Base URL of the deployment, per request: a standalone knows it once it listens. */
  readonly url: () => string;
  readonly log: Log;
  readonly registry: Registry;
  /** A secret of this edge alone, kept over restarts; absent where the operator sets secrets. */
  readonly secret?: string;
};

/** Where an edge is started: alone, or beside the wire on its port. */
export type EdgeStart =
  | { readonly kind: "process" }
  | {
      readonly kind: "standalone";
      readonly host: string;
      /** Of the deployment; 0 where the system chose it. */
      readonly port: number;
      readonly isPortChosen: boolean;
      readonly names: HostNames;
      /** Its state folder. */
      readonly folder: string;
    };

/** An edge that answers requests. */
export type EdgeApp = HttpApp & {
  /**
   * Opens what it needs, such as a store or a port of its own; rejects with a sentence. Resolves
   * with lines for whoever started it.
   */
  readonly start?: (at: EdgeStart) => Promise<readonly string[]>;
  /** Takes the upgrades of a server of its own. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Null when it can serve, else the name of what it waits for; an edge without it always can. */
  readonly notReady?: () => string | null;
  /** Ends what doesn't end by itself, such as streams. */
  readonly stop?: () => Promise<void>;
};

/** `meters` says who pays for a request, in the whole process. */
export type OpenEdge = (parts: EdgeParts & { readonly meters: Meters }) => EdgeApp;

export type Edge = {
  /** Its folder, its service in the route table, and its name in the log. */
  readonly name: string;
  /** Its own settings, alone or in a standalone. */
  readonly settings: Settings;
  /** Those of its process besides. */
  readonly processSettings: ReturnType<typeof edgeProcessSettings>;
  /** Faults that only a process of its own has. */
  readonly processFaults: (environment: Environment) => readonly string[];
  /** Reads its own settings, or says every fault of them. */
  readonly read: (environment: Environment) => Checked<OpenEdge>;
};

export function defineEdge<Config>(own: {
  readonly name: string;
  readonly settings: Settings;
  readonly ports: { readonly http: number; readonly admin: number };
  readonly read: (environment: Environment) => Checked<Config>;
  readonly processFaults?: (environment: Environment) => readonly string[];
  readonly open: (config: Config, parts: EdgeParts) => EdgeApp;
}): Edge {
  const { name, settings, ports, open } = own;
  return {
    name,
    settings,
    processSettings: edgeProcessSettings({ port: ports.http, adminPort: String(ports.admin) }),
    processFaults: own.processFaults ?? (() => []),
    read: (environment) => {
      const config = own.read(environment);
      if (!config.ok) return config;
      return {
        ok: true,
        value: ({ meters, ...parts }) => metered(open(config.value, parts), meters),
      };
    },
  };
}
