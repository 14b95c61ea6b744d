/**
 * Which credential admitted which connection of this gateway, so that its sockets end with it
 * (§2.2.4). Ends are announced; for those whose news was lost the directory is asked, some accounts
 * at a time.
 */
import type { ConnectionId, CredentialEnd, Directory } from "@ams/directory";
import type { AccountId } from "@ams/protocol";

/** Accounts that are looked up in one round, of which there is one a heartbeat. */
const ACCOUNTS_PER_ROUND = 50;

/** The longest that one timer waits; a longer one would fire at once. */
const TIMER_MS_MAX = 2_147_483_647;

/** Where a connection is: its conversation. */
export type Place = {
  readonly end: (connection: ConnectionId, reason: "invalid_credential") => void;
};

type Watched = {
  readonly connections: Map<ConnectionId, Place>;
  /** Unix milliseconds; null for never, as far as is known. */
  atMs: number | null;
  timer: NodeJS.Timeout | null;
};

export class Credentials {
  readonly #directory: Pick<Directory, "credentialEnds">;
  /** Unix milliseconds. */
  readonly #now: () => number;
  /** By account, then by the credential's hash; without empty ones. */
  readonly #watched = new Map<AccountId, Map<string, Watched>>();
  /** Of connections that end at a time of their own. */
  readonly #ends = new Map<ConnectionId, NodeJS.Timeout>();
  #walk: Iterator<AccountId> = this.#watched.keys();

  constructor(directory: Pick<Directory, "credentialEnds">, now: () => number) {
    this.#directory = directory;
    this.#now = now;
  }

  /** From before its place is reserved, so that no end falls between; until `forget`. */
  watch(account: AccountId, credential: string, connection: ConnectionId, place: Place): void {
    const credentials = this.#watched.get(account) ?? new Map<string, Watched>();
    this.#watched.set(account, credentials);
    const watched = credentials.get(credential) ?? {
      connections: new Map(),
      atMs: null,
      timer: null,
    };
    credentials.set(credential, watched);
    watched.connections.set(connection, place);
  }

  /** Ends this connection at a time of its own, Unix ms; until `forget`. */
  endAt(connection: ConnectionId, place: Place, atMs: number): void {
    const leftMs = atMs - this.#now();
    if (leftMs <= 0) {
      place.end(connection, "invalid_credential");
      return;
    }
    const again = () => this.endAt(connection, place, atMs);
    this.#ends.set(connection, setTimeout(again, Math.min(leftMs, TIMER_MS_MAX)).unref());
  }

  forget(account: AccountId, connection: ConnectionId): void {
    clearTimeout(this.#ends.get(connection));
    this.#ends.delete(connection);
    const credentials = this.#watched.get(account);
    for (const [credential, watched] of credentials ?? []) {
      if (!watched.connections.delete(connection) || watched.connections.size > 0) continue;
      if (watched.timer !== null) clearTimeout(watched.timer);
      credentials?.delete(credential);
    }
    if (credentials?.size === 0) this.#watched.delete(account);
  }

  /** Takes up when credentials end. The earliest end that was ever known holds. */
  end(account: AccountId, ends: readonly CredentialEnd[]): void {
    for (const { credential, at_ms } of ends) {
      const watched = this.#watched.get(account)?.get(credential);
      if (watched === undefined || at_ms === null) continue;
      if (watched.atMs !== null && watched.atMs <= at_ms) continue;
      watched.atMs = at_ms;
      this.#wait(watched, at_ms);
    }
  }

  /** Ends them all at this time. */
  #wait(watched: Watched, atMs: number): void {
    if (watched.timer !== null) clearTimeout(watched.timer);
    const leftMs = atMs - this.#now();
    if (leftMs <= 0) {
      endAll(watched);
      return;
    }
    const waitMs = Math.min(leftMs, TIMER_MS_MAX);
    watched.timer = setTimeout(() => this.#wait(watched, atMs), waitMs).unref();
  }

  /** The account is no more: nothing of it stays on this gateway. */
  endAccount(account: AccountId): void {
    for (const watched of [...(this.#watched.get(account)?.values() ?? [])]) endAll(watched);
  }

  /** Looks up the next accounts. Rejects when the directory is away. */
  async round(): Promise<void> {
    const accounts: AccountId[] = [];
    while (accounts.length < ACCOUNTS_PER_ROUND) {
      const { done, value } = this.#walk.next();
      if (done) {
        this.#walk = this.#watched.keys();
        break;
      }
      accounts.push(value);
    }
    await Promise.all(accounts.map((account) => this.#lookUp(account)));
  }

  /**
   * Looks up every account: news of any of them may have been lost. Rejects when the directory is
   * away.
   */
  async checkAll(): Promise<void> {
    const accounts = [...this.#watched.keys()];
    while (accounts.length > 0) {
      const some = accounts.splice(0, ACCOUNTS_PER_ROUND);
      await Promise.all(some.map((account) => this.#lookUp(account)));
    }
  }

  async #lookUp(account: AccountId): Promise<void> {
    // What is watched only while this is asked was reserved after it, perhaps with a newer
    // credential.
    const known = [...(this.#watched.get(account)?.keys() ?? [])];
    const ends = await this.#directory.credentialEnds(account);
    if (ends === null) {
      this.endAccount(account);
      return;
    }
    const live = new Set(ends.map(({ credential }) => credential));
    const ended = known.filter((credential) => !live.has(credential));
    this.end(account, ends);
    this.end(
      account,
      ended.map((credential) => ({ credential, at_ms: this.#now() })),
    );
  }
}

function endAll({ connections }: Watched): void {
  for (const [connection, place] of [...connections]) place.end(connection, "invalid_credential");
}
