/**
 * A service of spaces in one process: its journals, the spaces that it has loaded, and what time
 * does in them. A service (workflows, meshes) says what a loaded space is.
 */
import { type Journals, measureJournals, openJournals } from "@ams/journal";
import { describeError } from "@ams/process";
import { LRUCache } from "lru-cache";
import { askCredentials } from "../checks/credentials.ts";
import { askLinks } from "../checks/links.ts";
import { systemClock } from "../clock.ts";
import type { Credentials, Links } from "../contract.ts";
import type { EdgeParts } from "../process/edge.ts";
import { createResolver, type Resolve } from "./identities.ts";
import type { SpaceConfig } from "./space-config.ts";
import { type Space, Spaces } from "./spaces.ts";

/** A space in memory: its fold, kept up to date. */
export type LiveSpace = {
  readonly space: Space;
  readonly isRegressed: boolean;
  /** Entries of its log that are known here. */
  readonly size: number;
  /** Reads on to the head. Rejects with `StoreUnavailable`. */
  readonly catchUp: () => Promise<void>;
};

/** The service's stream in the space's conversation. */
export type SpaceWire = {
  readonly attach: (link: string | null) => void;
  /** Called a few times a second. */
  readonly beat: (now: number) => void;
  readonly close: () => Promise<void>;
};

export type Loaded<Live, Wire> = {
  readonly live: Live;
  readonly wire: Wire;
  readonly close: () => void;
};

export type SpaceProcessOptions<Config extends SpaceConfig> = EdgeParts & {
  readonly config: Config;
  readonly now?: () => number;
  /** Around the journals: for tests that end the process at one of their operations. */
  readonly around?: (journals: Journals) => Journals;
  /** What is asked instead of the deployment, which is then not joined either. */
  readonly checks?: { readonly credentials: Credentials; readonly links: Links };
};

/** Milliseconds between two looks at what is due, and between two tries to open the journals. */
const DUE_EVERY_MS = 200;
const OPEN_EVERY_MS = 1_000;
/** Milliseconds between two reads of a journal whose wake-ups may be lost. */
const READ_EVERY_MS = 2_000;

export abstract class SpaceProcess<
  Config extends SpaceConfig,
  Live extends LiveSpace,
  Wire extends SpaceWire,
> {
  readonly resolve: Resolve;
  readonly now: () => number;
  readonly config: Config;
  readonly parts: EdgeParts;
  readonly #service: string;
  readonly #loadedMax: number;
  readonly #loaded: LRUCache<string, Loaded<Live, Wire>>;
  readonly #loading = new Map<string, Promise<Loaded<Live, Wire>>>();
  readonly #ended = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #joins: boolean;
  readonly #around: (journals: Journals) => Journals;
  #journals: Journals | null = null;
  #spaces: Spaces | null = null;
  #credentials: Credentials | null;
  #links: Links | null;
  #opening: Promise<void> | null = null;

  /** `loadedMax` spaces are in memory; the one that was used longest ago is unloaded. */
  constructor(service: string, loadedMax: number, options: SpaceProcessOptions<Config>) {
    const { config, now = Date.now, checks, around, ...parts } = options;
    this.#service = service;
    this.#loadedMax = loadedMax;
    this.#around = around ?? ((journals) => journals);
    this.#credentials = checks?.credentials ?? null;
    this.#links = checks?.links ?? null;
    this.#joins = checks === undefined;
    this.config = config;
    this.parts = parts;
    this.now = now;
    this.resolve = createResolver(config.didWeb);
    this.#loaded = new LRUCache<string, Loaded<Live, Wire>>({
      max: loadedMax,
      dispose: ({ close }) => close(),
    });
  }

  protected abstract openLive(space: Space, journals: Journals): Live;
  protected abstract openWire(live: Live): Wire;
  /** What time does in one space. */
  protected abstract lookAtTime(live: Live, now: number): void;
  /** Called once a space is in memory; what it returns is called when it is unloaded. */
  protected loaded?(live: Live): () => void;
  /** Called once the journals are open. */
  protected opened?(): void;

  get credentials(): Credentials {
    this.#credentials ??= askCredentials(this.parts.url(), systemClock);
    return this.#credentials;
  }

  get links(): Links {
    this.#links ??= askLinks(this.parts.url(), systemClock);
    return this.#links;
  }

  /** Null when the journals can be used, else a word for what is waited for. */
  notReady(): string | null {
    this.start();
    return this.#journals === null ? "journal" : this.#journals.notReady();
  }

  /** Opens the journals; tries again by itself until it has them. */
  start(): void {
    if (this.#opening !== null || this.#ended.signal.aborted) return;
    this.#opening = this.#open();
  }

  /** Null while the journals aren't open. */
  async spaces(): Promise<Spaces | null> {
    this.start();
    await this.#opening;
    return this.#spaces;
  }

  /** Null where the space was never opened here. Rejects with `StoreUnavailable`. */
  async load(id: string): Promise<Loaded<Live, Wire> | null> {
    const spaces = await this.spaces();
    const space = await spaces?.find(id);
    if (space === undefined || space === null) return null;
    const loaded = this.#loaded.get(id);
    if (loaded !== undefined) {
      loaded.wire.attach(this.#linkOf(space));
      return loaded;
    }
    const loading = this.#loading.get(id) ?? this.#load(space);
    this.#loading.set(id, loading);
    return await loading.finally(() => this.#loading.delete(id));
  }

  /** The conversation was deleted: reads go on, writes are refused (D11). */
  close({ space }: Live): void {
    const closing = this.#spaces?.close(space.conversationId);
    closing?.catch((error: unknown) => this.logWait("close_failed", error));
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    for (const timer of this.#timers) clearInterval(timer);
    const wires = [...this.#loaded.values()].map(({ wire }) => wire.close());
    await Promise.all(wires);
    this.#loaded.clear();
    await this.#journals?.close();
  }

  protected *lives(): Iterable<Live> {
    for (const { live } of this.#loaded.values()) yield live;
  }

  /** Until the service stops. */
  protected every(ms: number, work: () => void): void {
    const timer = setInterval(work, ms);
    timer.unref();
    this.#timers.push(timer);
  }

  protected logWait(event: string, error: unknown): void {
    const reason = describeError(error);
    this.parts.log.warn({ event, ...reason }, `the ${this.#service} service waits for something`);
  }

  async #open(): Promise<void> {
    try {
      const opened = await openJournals(this.config.place);
      if (!opened.ok) throw new Error(opened.fault);
      const [service, { now }] = [this.#service, this];
      const journals = measureJournals(this.#around(opened.value), service, this.parts.registry);
      const secrets = this.config.secrets();
      this.#spaces = new Spaces({ service, journals, secrets, now });
      this.#journals = journals;
      this.every(DUE_EVERY_MS, () => this.#lookAtTime());
      this.opened?.();
      this.#loadAll().catch((error: unknown) => this.logWait("load_failed", error));
    } catch (error) {
      this.logWait("journal_unavailable", error);
      const again = setTimeout(() => {
        this.#opening = null;
        this.start();
      }, OPEN_EVERY_MS);
      again.unref();
    }
  }

  /** After a start: every conversation is joined again, and what is due is done. */
  async #loadAll(): Promise<void> {
    if (this.#spaces === null) return;
    let count = 0;
    for await (const id of this.#spaces.all()) {
      if (this.#ended.signal.aborted || count >= this.#loadedMax) return;
      count += 1;
      await this.load(id).catch((error: unknown) => this.logWait("load_failed", error));
    }
  }

  async #load(space: Space): Promise<Loaded<Live, Wire>> {
    const journals = this.#journals;
    if (journals === null) throw new Error("the journals are not open");
    const live = this.openLive(space, journals);
    await live.catchUp();
    const wire = this.openWire(live);
    const ended = new AbortController();
    const stop = () => ended.abort();
    this.#ended.signal.addEventListener("abort", stop, { once: true });
    const unloaded = this.loaded?.(live);
    void this.#follow(live, journals, ended.signal);
    const close = () => {
      this.#ended.signal.removeEventListener("abort", stop);
      stop();
      unloaded?.();
      void wire.close();
    };
    const loaded = { live, wire, close };
    this.#loaded.set(space.conversationId, loaded);
    wire.attach(this.#linkOf(space));
    return loaded;
  }

  /** What other processes append. */
  async #follow(live: Live, journals: Journals, signal: AbortSignal): Promise<void> {
    const read = () => live.catchUp().catch(() => undefined);
    const timer = setInterval(() => void read(), READ_EVERY_MS);
    timer.unref();
    try {
      const journal = `${this.#service}:${live.space.conversationId}`;
      for await (const { head } of journals.watch(journal, live.size, signal))
        if (head === 0 || head > live.size) await read();
    } finally {
      clearInterval(timer);
    }
  }

  #linkOf(space: Space): string | null {
    return space.access.isClosed || !this.#joins ? null : (this.#spaces?.linkOf(space) ?? null);
  }

  #lookAtTime(): void {
    const now = this.now();
    for (const { live, wire } of this.#loaded.values()) {
      wire.beat(now);
      this.lookAtTime(live, now);
    }
  }
}
