/**
 * What every case finds there: the load client, a cluster, the controls, and how long to measure.
 * Started when first asked for.
 */
import { type AmsAccount, openAmsAccount } from "./ams.ts";
import type { Ground, GroundCluster, GroundMember } from "./ground.ts";
import type { LoadClient } from "./load-client.ts";
import { type ServerChild, startServerChild } from "./server-child.ts";

/** How much is done: everything, or seconds of it, that show nothing but correctness. */
export type Scale = {
  readonly isSmoke: boolean;
  readonly rounds: number;
  readonly warmupMs: number;
  readonly measureMs: number;
};

export const FULL: Scale = { isSmoke: false, rounds: 3, warmupMs: 500, measureMs: 2_000 };
export const SMOKE: Scale = { isSmoke: true, rounds: 1, warmupMs: 50, measureMs: 250 };

/** Gateways of the cluster that the cases share. */
const GATEWAYS = 2;

export class Stage {
  readonly ground: Ground;
  readonly client: LoadClient;
  readonly scale: Scale;
  /** A line of progress. */
  readonly say: (line: string) => void;
  #cluster: Promise<GroundCluster> | null = null;
  #account: Promise<AmsAccount> | null = null;
  #bare: Promise<ServerChild> | null = null;
  readonly #ends: (() => Promise<unknown>)[] = [];

  constructor(ground: Ground, client: LoadClient, scale: Scale, say: (line: string) => void) {
    this.ground = ground;
    this.client = client;
    this.scale = scale;
    this.say = say;
  }

  /** Two gateways, control and Redis, limits raised and rates off. */
  cluster(): Promise<GroundCluster> {
    this.#cluster ??= this.#starting(this.ground.startCluster({ gateways: GATEWAYS }));
    return this.#cluster;
  }

  async gateways(): Promise<readonly [GroundMember, GroundMember]> {
    const [first, second] = (await this.cluster()).gateways;
    if (first === undefined || second === undefined) throw new Error("A gateway is missing.");
    return [first, second];
  }

  account(): Promise<AmsAccount> {
    this.#account ??= this.cluster().then(({ url }) => openAmsAccount(url));
    return this.#account;
  }

  bare(): Promise<ServerChild> {
    this.#bare ??= this.server("bare");
    return this.#bare;
  }

  /** A server of the bench's own, which ends with the stage. */
  async server(name: string, args: readonly string[] = []): Promise<ServerChild> {
    return this.#starting(startServerChild(name, await this.ground.freePort(), args));
  }

  /** Ends everything that was started. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#ends.splice(0).map((end) => end()));
    this.#cluster = null;
    this.#account = null;
    this.#bare = null;
  }

  async #starting<Started extends { readonly stop: () => Promise<unknown> }>(
    start: Promise<Started>,
  ): Promise<Started> {
    const started = await start;
    this.#ends.push(() => started.stop());
    return started;
  }
}
