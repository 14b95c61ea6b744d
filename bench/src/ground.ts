/**
 * What the bench uses and doesn't make itself: servers on loopback, a browser.
 * `scripts/bench.mjs` brings it from the tests.
 */

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
  /** The processes of each edge that was asked for, and the Redis of their journals. */
  readonly edges: Readonly<Record<string, readonly GroundMember[]>>;
  readonly journalUrl: string | null;
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

/** A whole AMS in one process, with the MCP edge and the page. */
export type GroundStandalone = {
  readonly url: string;
  readonly pid: () => number;
  readonly stop: () => Promise<void>;
};

export type PageLoad = {
  readonly streams: number;
  readonly tokensPerSecond: number;
  readonly seconds: number;
  /** Whether every token is read back from the page at the end. */
  readonly readsBack: boolean;
};

export type PageMeasured = {
  /** Tokens; those read back are null when none was. */
  readonly sent: number;
  readonly shown: number | null;
  readonly doubled: number | null;
  /** What the page itself says was lost. */
  readonly gaps: number;
  readonly busy: PageLog;
  /** The same page before, while nobody speaks. */
  readonly idle: PageLog;
  /** Of the page's longest task, whatever the neighbours of this machine do. */
  readonly longestTaskCpuMs: number;
  readonly cpuShare: number;
  /** After a garbage collection. */
  readonly heapMiB: { readonly before: number; readonly middle: number; readonly after: number };
  readonly domNodes: number;
};

export type PythonMeasured = {
  /** Tokens per second of one core's CPU, of a bare loop and of the SDK. */
  readonly control: number;
  readonly ours: number;
  /** CPU milliseconds of `import ams_client` in a new process. */
  readonly importMs: number;
};

export type PageLog = {
  readonly seconds: number;
  /** Milliseconds between two animation frames. */
  readonly frames: {
    readonly p50Ms: number;
    readonly p99Ms: number;
    readonly maxMs: number;
    readonly over100Ms: number;
  };
  /** Milliseconds from a key press until the page has painted it. */
  readonly keys: { readonly count: number; readonly p50Ms: number; readonly maxMs: number };
};

/** Everything that it starts ends with this process, however that ends. */
export type Ground = {
  readonly startCluster: (options: {
    readonly gateways: number;
    readonly edges?: Readonly<Record<string, number>>;
    readonly env?: Readonly<Record<string, string>>;
  }) => Promise<GroundCluster>;
  readonly startStandalone: (env: Readonly<Record<string, string>>) => Promise<GroundStandalone>;
  /** In a real browser; or in a sentence why there is none here. */
  readonly measurePython: (
    url: string,
    tokens: number,
  ) => Promise<PythonMeasured | { readonly missing: string }>;
  readonly measurePage: (load: PageLoad) => Promise<PageMeasured | { readonly missing: string }>;
  readonly startProcess: (
    command: GroundCommand,
    isReady: () => Promise<boolean>,
  ) => Promise<GroundProcess>;
  readonly freePort: () => Promise<number>;
};
