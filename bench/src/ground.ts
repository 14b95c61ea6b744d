/** What the bench stands on and doesn't make itself: a cluster on loopback. `scripts/bench.mjs` brings it from the tests' room. */

export type GroundMember = {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  readonly adminUrl: string;
  readonly pid: number;
  readonly kill: (signal?: NodeJS.Signals) => Promise<unknown>;
};

export type GroundCluster = {
  /** Control and all gateways behind one address. */
  readonly url: string;
  readonly gateways: readonly GroundMember[];
  readonly control: GroundMember;
  readonly redis: { readonly port: number; readonly pid: () => number } | null;
  readonly redisUrl: string;
  readonly addGateway: () => Promise<GroundMember>;
  readonly stop: () => Promise<void>;
};

export type GroundCommand = {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logFile: string;
};

export type GroundProcess = {
  readonly pid: number;
  readonly stop: () => Promise<unknown>;
};

/** Everything that it starts ends with this process, however that ends. */
export type Ground = {
  readonly startCluster: (options: {
    readonly gateways: number;
    readonly env?: Readonly<Record<string, string>>;
  }) => Promise<GroundCluster>;
  readonly startProcess: (
    command: GroundCommand,
    isReady: () => Promise<boolean>,
  ) => Promise<GroundProcess>;
  readonly freePort: () => Promise<number>;
};
