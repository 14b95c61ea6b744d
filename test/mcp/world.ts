/**
 * A real AMS with accounts and conversations to try the MCP edge on, and people who watch by the
 * wire itself.
 */
import {
  type Account,
  type Connection,
  createAccount,
  join,
  type MintOptions,
  sentinelOf,
} from "@ams/client";
import { type Standalone, startStandalone } from "../standalone.ts";

export type World = {
  readonly url: string;
  readonly standalone: Standalone;
  readonly account: () => Promise<Account>;
  /** A conversation of a new account's. */
  readonly conversation: (options?: MintOptions) => Promise<Minted>;
  readonly stop: () => Promise<void>;
};

export type Minted = {
  readonly link: string;
  readonly id: string;
  readonly alias: string;
  readonly account: Account;
  readonly bearer: { readonly authorization: string };
};

export async function startWorld(env: Readonly<Record<string, string>> = {}): Promise<World> {
  const standalone = await startStandalone({
    AMS_STREAMS_PER_ACCOUNT: "100",
    AMS_LOG_LEVEL: "debug",
    ...env,
  });
  const { url } = standalone;
  let made = 0;
  const account = () => {
    made += 1;
    return createAccount(url, { namespace: `owner-${made}` });
  };
  return {
    url,
    standalone,
    account,
    conversation: async (options) => {
      const owner = await account();
      const { magicLink, conversationId, alias } = await owner.mint(options);
      return {
        link: magicLink,
        id: conversationId,
        alias,
        account: owner,
        bearer: { authorization: `Bearer ${owner.credential}` },
      };
    },
    stop: standalone.stop,
  };
}

/** A person who hears everything of a conversation over the wire. */
export class Watcher {
  readonly connection: Connection;
  readonly heard: string[] = [];
  #changed: (() => void) | null = null;

  private constructor(connection: Connection) {
    this.connection = connection;
    connection.on("token", ({ streamName, data }) => {
      if (sentinelOf(data) === null) this.#note(`${streamName}: ${data}`);
    });
    connection.on("stream_joined", ({ streamName }) => this.#note(`+${streamName}`));
    connection.on("stream_left", ({ streamName }) => this.#note(`-${streamName}`));
  }

  /** With receipts, so that whoever awaits each `send` floods nobody. */
  static async join(link: string, streamName = "watcher"): Promise<Watcher> {
    return new Watcher(await join(link, { guest: true, streamName, receipts: true }));
  }

  async until(holds: (heard: readonly string[]) => boolean): Promise<void> {
    while (!holds(this.heard)) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  #note(line: string): void {
    this.heard.push(line);
    this.#changed?.();
  }
}
