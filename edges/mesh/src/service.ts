/**
 * The mesh service of one process: its journals, the meshes that it has loaded, and what time does
 * in them.
 */
import {
  askCredentials,
  askLinks,
  type Credentials,
  createResolver,
  type EdgeParts,
  type Links,
  type Resolve,
  type Space,
  Spaces,
  systemClock,
} from "@ams/edge";
import { type Journals, measureJournals, openJournals } from "@ams/journal";
import { verifyLedger } from "@ams/mesh-rules";
import { describeError } from "@ams/process";
import { LRUCache } from "lru-cache";
import type { MeshConfig } from "./config.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { LiveMesh } from "./space/live-mesh.ts";
import { Wire } from "./wire/wire.ts";

export type MeshesOptions = EdgeParts & {
  readonly config: MeshConfig;
  readonly now?: () => number;
  /** Around the journals: for tests that end the process at one of their operations. */
  readonly around?: (journals: Journals) => Journals;
  /** What is asked instead of the deployment, which is then not joined either. */
  readonly checks?: { readonly credentials: Credentials; readonly links: Links };
};

/** A mesh in memory, with the service's stream in its conversation. */
export type Loaded = { readonly live: LiveMesh; readonly wire: Wire; readonly close: () => void };

/** Meshes in memory; the one that was used longest ago is let go. */
const LOADED_MAX = 1_000;
/** Milliseconds between two looks at what is due, two tries to open, and two audits. */
const DUE_EVERY_MS = 200;
const OPEN_EVERY_MS = 1_000;
const AUDIT_EVERY_MS = 60_000;
/** Milliseconds between two reads of a journal whose wake-ups may be lost. */
const READ_EVERY_MS = 2_000;

export class Meshes {
  readonly metrics: Metrics;
  readonly resolve: Resolve;
  readonly now: () => number;
  readonly config: MeshConfig;
  readonly parts: EdgeParts;
  readonly #loaded: LRUCache<string, Loaded>;
  readonly #loading = new Map<string, Promise<Loaded>>();
  readonly #ended = new AbortController();
  readonly #joins: boolean;
  readonly #around: (journals: Journals) => Journals;
  #journals: Journals | null = null;
  #spaces: Spaces | null = null;
  #credentials: Credentials | null;
  #links: Links | null;
  #opening: Promise<void> | null = null;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(options: MeshesOptions) {
    const { config, now = Date.now, checks, around, ...parts } = options;
    this.#around = around ?? ((journals) => journals);
    this.#credentials = checks?.credentials ?? null;
    this.#links = checks?.links ?? null;
    this.#joins = checks === undefined;
    this.config = config;
    this.parts = parts;
    this.now = now;
    this.metrics = createMetrics(parts.registry, () => this.#openDelegations());
    this.resolve = createResolver(config.didWeb);
    this.#loaded = new LRUCache<string, Loaded>({
      max: LOADED_MAX,
      dispose: ({ close }) => close(),
    });
  }

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

  async #open(): Promise<void> {
    try {
      const opened = await openJournals(this.config.place);
      if (!opened.ok) throw new Error(opened.fault);
      const journals = measureJournals(this.#around(opened.value), "mesh", this.parts.registry);
      const secrets = this.config.secrets();
      this.#spaces = new Spaces({ service: "mesh", journals, secrets, now: this.now });
      this.#journals = journals;
      this.#every(DUE_EVERY_MS, () => this.#lookAtTime());
      this.#every(AUDIT_EVERY_MS, () => this.#audit());
      this.#loadAll().catch((error: unknown) => this.#log("load_failed", error));
    } catch (error) {
      this.#log("journal_unavailable", error);
      const again = setTimeout(() => {
        this.#opening = null;
        this.start();
      }, OPEN_EVERY_MS);
      again.unref();
    }
  }

  #every(ms: number, work: () => void): void {
    const timer = setInterval(work, ms);
    timer.unref();
    this.#timers.push(timer);
  }

  /** After a start: every conversation is joined again, and what is due is done. */
  async #loadAll(): Promise<void> {
    if (this.#spaces === null) return;
    let count = 0;
    for await (const id of this.#spaces.all()) {
      if (this.#ended.signal.aborted || count >= LOADED_MAX) return;
      count += 1;
      await this.load(id).catch((error: unknown) => this.#log("load_failed", error));
    }
  }

  /** Null where the mesh was never opened here. Rejects with `StoreUnavailable`. */
  async load(id: string): Promise<Loaded | null> {
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

  async #load(space: Space): Promise<Loaded> {
    const journals = this.#journals;
    if (journals === null) throw new Error("the journals are not open");
    const { nonceWindow, appealS } = this.config;
    const live = new LiveMesh(space, journals, { nonceWindow, appealS, now: this.now });
    await live.read(() => undefined);
    const wire = new Wire(this, live);
    const ended = new AbortController();
    const stop = () => ended.abort();
    this.#ended.signal.addEventListener("abort", stop, { once: true });
    void this.#follow(live, journals, ended.signal);
    const close = () => {
      this.#ended.signal.removeEventListener("abort", stop);
      stop();
      void wire.close();
    };
    const loaded = { live, wire, close };
    this.#loaded.set(space.conversationId, loaded);
    wire.attach(this.#linkOf(space));
    return loaded;
  }

  /** What other processes append. */
  async #follow(live: LiveMesh, journals: Journals, signal: AbortSignal): Promise<void> {
    const read = () => {
      live.read(() => undefined).catch(() => undefined);
    };
    const timer = setInterval(read, READ_EVERY_MS);
    timer.unref();
    try {
      const journal = `mesh:${live.space.conversationId}`;
      for await (const { head } of journals.watch(journal, live.size, signal))
        if (head === 0 || head > live.size) await live.read(() => undefined).catch(() => undefined);
    } finally {
      clearInterval(timer);
    }
  }

  #linkOf(space: Space): string | null {
    return space.access.isClosed || !this.#joins ? null : (this.#spaces?.linkOf(space) ?? null);
  }

  /** The conversation was deleted: reads stay, writes are refused (D11). */
  close(live: LiveMesh): void {
    this.#spaces
      ?.close(live.space.conversationId)
      .catch((error: unknown) => this.#log("close_failed", error));
  }

  #lookAtTime(): void {
    const now = this.now();
    for (const { live, wire } of this.#loaded.values()) {
      wire.beat(now);
      live.tick().catch((error: unknown) => this.#log("tick_failed", error));
    }
  }

  /** The invariants of each ledger (M12.3). */
  #audit(): void {
    for (const { live } of this.#loaded.values()) {
      const look = live.read(() => verifyLedger(live.state));
      look
        .then(({ ok }) => {
          if (ok !== true) this.#broken();
        })
        .catch((error: unknown) => this.#log("audit_failed", error));
    }
  }

  #broken(): void {
    this.metrics.broken.inc();
    this.parts.log.error({ event: "invariant_broken" }, "a ledger is not what it has to be");
  }

  #openDelegations(): number {
    let open = 0;
    for (const { live } of this.#loaded.values()) open += live.state.openDelegations();
    return open;
  }

  #log(event: string, error: unknown): void {
    const reason = describeError(error);
    this.parts.log.warn({ event, ...reason }, "the mesh service waits for something");
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    for (const timer of this.#timers) clearInterval(timer);
    const wires = [...this.#loaded.values()].map(({ wire }) => wire.close());
    await Promise.all(wires);
    this.#loaded.clear();
    await this.#journals?.close();
  }
}
