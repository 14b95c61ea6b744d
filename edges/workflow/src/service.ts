/**
 * The workflow service of one process: its journals, the conversations that it has loaded, and
 * what time does to their runs.
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
import { describeError } from "@ams/process";
import { LRUCache } from "lru-cache";
import type { WorkflowConfig } from "./config.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { duesOf, rewind, tick } from "./space/commands.ts";
import { LiveSpace } from "./space/live-space.ts";
import { Wire } from "./wire/wire.ts";

export type WorkflowsOptions = EdgeParts & {
  readonly config: WorkflowConfig;
  readonly now?: () => number;
  /** What is asked instead of the deployment, which is then not joined either. */
  readonly checks?: { readonly credentials: Credentials; readonly links: Links };
};

/** A conversation in memory, with its stream in the conversation. */
export type Loaded = { readonly live: LiveSpace; readonly wire: Wire; readonly close: () => void };

/** Conversations in memory; the one that was used longest ago is let go. */
const LOADED_MAX = 5_000;
/** Milliseconds between two looks at what is due, and between two tries to open the journals. */
const DUE_EVERY_MS = 200;
const OPEN_EVERY_MS = 1_000;
/** Milliseconds between two reads of a journal whose wake-ups may be lost. */
const READ_EVERY_MS = 2_000;

export class Workflows {
  readonly metrics: Metrics;
  readonly resolve: Resolve;
  readonly now: () => number;
  readonly config: WorkflowConfig;
  readonly parts: EdgeParts;
  readonly #loaded: LRUCache<string, Loaded>;
  readonly #loading = new Map<string, Promise<Loaded | null>>();
  readonly #ended = new AbortController();
  #journals: Journals | null = null;
  #spaces: Spaces | null = null;
  #credentials: Credentials | null = null;
  #links: Links | null = null;
  #opening: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  readonly #joins: boolean;
  #fault = "journal";

  constructor(options: WorkflowsOptions) {
    const { config, now = Date.now, checks, ...parts } = options;
    this.#credentials = checks?.credentials ?? null;
    this.#links = checks?.links ?? null;
    this.#joins = checks === undefined;
    this.config = config;
    this.parts = parts;
    this.now = now;
    this.metrics = createMetrics(parts.registry, () => this.#openRuns());
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
    return this.#journals === null ? this.#fault : this.#journals.notReady();
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
      const journals = measureJournals(opened.value, "workflow", this.parts.registry);
      const secrets = this.config.secrets();
      this.#spaces = new Spaces({ service: "workflow", journals, secrets, now: this.now });
      this.#journals = journals;
      this.#timer = setInterval(() => this.#lookAtTime(), DUE_EVERY_MS);
      this.#timer.unref();
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

  /** Null where the conversation was never opened here. Rejects with `StoreUnavailable`. */
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
    const live = new LiveSpace(space, journals, this.now);
    await live.catchUp();
    const wire = new Wire(this, live);
    const ended = new AbortController();
    const stop = () => ended.abort();
    this.#ended.signal.addEventListener("abort", stop, { once: true });
    const unlisten = live.listen(({ change }) => {
      this.metrics.commits.inc({ type: change.node.type });
      queueMicrotask(() => this.#lookAtRun(live, change.node.run));
    });
    void this.#follow(live, journals, ended.signal);
    const close = () => {
      this.#ended.signal.removeEventListener("abort", stop);
      stop();
      unlisten();
      void wire.close();
    };
    const loaded = { live, wire, close };
    this.#loaded.set(space.conversationId, loaded);
    wire.attach(this.#linkOf(space));
    for (const run of live.conversation.runs.keys()) this.#lookAtRun(live, run);
    return loaded;
  }

  /** The conversation has ended: reads go on, writes are refused (D11). */
  close({ conversation }: LiveSpace): void {
    const closing = this.#spaces?.close(conversation.id);
    closing?.catch((error: unknown) => this.#log("close_failed", error));
  }

  /** What other processes commit. */
  async #follow(live: LiveSpace, journals: Journals, signal: AbortSignal): Promise<void> {
    const journal = `workflow:${live.conversation.id}`;
    const read = () => {
      live.catchUp().catch(() => undefined);
    };
    const timer = setInterval(read, READ_EVERY_MS);
    timer.unref();
    try {
      for await (const { head } of journals.watch(journal, live.conversation.size, signal))
        if (head === 0 || head > live.conversation.size)
          await live.catchUp().catch(() => undefined);
    } finally {
      clearInterval(timer);
    }
  }

  #linkOf(space: Space): string | null {
    return space.access.isClosed || !this.#joins ? null : (this.#spaces?.linkOf(space) ?? null);
  }

  #lookAtRun(live: LiveSpace, id: string): void {
    const run = live.conversation.runs.get(id);
    if (run?.isRewindDue !== true) return;
    rewind(live, id, this.now)
      .then((outcome) => {
        if (outcome.kind === "committed") this.metrics.rollbacks.inc({ result: "done" });
      })
      .catch((error: unknown) => this.#log("rewind_failed", error));
  }

  #lookAtTime(): void {
    const now = this.now();
    for (const { live, wire } of this.#loaded.values()) {
      wire.beat(now);
      live.bodies
        .eraseOld(live.conversation.nodes)
        .catch((error: unknown) => this.#log("erase_failed", error));
      for (const id of live.conversation.open) {
        const run = live.conversation.runs.get(id);
        if (run === undefined) continue;
        for (const due of duesOf(run))
          if (due.at <= now)
            tick(live, due, this.now).catch((error: unknown) => this.#log("tick_failed", error));
      }
    }
  }

  #openRuns(): number {
    let runs = 0;
    for (const { live } of this.#loaded.values()) runs += live.conversation.open.size;
    return runs;
  }

  #log(event: string, error: unknown): void {
    const reason = describeError(error);
    this.#fault = "journal";
    this.parts.log.warn({ event, ...reason }, "the workflow service waits for something");
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    if (this.#timer !== null) clearInterval(this.#timer);
    const wires = [...this.#loaded.values()].map(({ wire }) => wire.close());
    await Promise.all(wires);
    this.#loaded.clear();
    await this.#journals?.close();
  }
}
