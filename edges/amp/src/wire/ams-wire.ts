/** Notifications between processes, through inboxes on the wire. Each is only a hint. */
import { health } from "@ams/client";
import { describeError } from "@ams/process";
import type { Amp } from "../amp.ts";
import type { AgentRef } from "../store/store.ts";
import { type InboxSocket, joinInbox } from "./inbox-socket.ts";
import { Inboxes } from "./inboxes.ts";
import type { Notification } from "./notification.ts";
import type { Ring, Wire } from "./wire.ts";

/** Milliseconds that a sender waits for another process. */
const WRITTEN_MS_MAX = 500;
/** Milliseconds that an inbox is held after it was last used. */
const IDLE_MS = 60_000;
const SWEEP_MS = 10_000;
/** Milliseconds between two questions whether the deployment answers. */
const HEALTH_MS = 5_000;

type Parts = Pick<
  Amp,
  "config" | "store" | "secrets" | "feeds" | "metrics" | "log" | "now" | "processId"
> & {
  readonly url: () => string;
  readonly flush: (agent: AgentRef) => Promise<void>;
};

type Held = {
  readonly agent: AgentRef;
  socket: Promise<InboxSocket>;
  /** Whether this process has a socket of the agent. */
  isHeld: boolean;
  usedAtMs: number;
};

export class AmsWire implements Wire {
  readonly #parts: Parts;
  readonly #inboxes: Inboxes;
  readonly #held = new Map<string, Held>();
  /** Until when an inbox isn't joined, by agent. */
  readonly #away = new Map<string, number>();
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #timers: readonly NodeJS.Timeout[];
  #isAway = false;
  #isStopped = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#inboxes = new Inboxes(parts);
    this.#timers = [
      setInterval(() => this.#sweep(), SWEEP_MS),
      setInterval(() => void this.#ask(), HEALTH_MS),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  url(): string {
    return this.#parts.url();
  }

  isAway(): boolean {
    return this.#isAway;
  }

  size(): number {
    return this.#held.size;
  }

  async ring(agent: AgentRef, { id, n, isAwaited, isGiven }: Ring): Promise<boolean> {
    if (!isAwaited && !isGiven) return false;
    const written = isAwaited ? this.#whenWritten(agent, id) : Promise.resolve(false);
    void this.#send(agent, { amp: "ring", id, n });
    return written;
  }

  async receipt(agent: AgentRef): Promise<void> {
    if (this.#parts.store.kind === "redis")
      await this.#send(agent, { amp: "receipt", kind: "any", id: "" });
  }

  async ended(agent: AgentRef, why: string): Promise<void> {
    if (this.#parts.store.kind !== "redis") return;
    const inbox = await this.#inboxes.find(agent).catch(() => null);
    if (inbox !== null) await this.#send(agent, { amp: "ended", why });
  }

  hold(agent: AgentRef): void {
    // The only process there is has no other to hear.
    if (this.#parts.store.kind !== "redis") return;
    const held = this.#enter(agent);
    if (held !== null) held.isHeld = true;
  }

  release({ id }: AgentRef): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    held.isHeld = false;
    held.usedAtMs = this.#parts.now();
  }

  async inbox(agent: AgentRef, isNew: boolean) {
    try {
      const inbox = await (isNew ? this.#inboxes.renew(agent) : this.#inboxes.open(agent));
      if (isNew) await this.#leave(agent.id);
      return { conversation_id: inbox.conversationId, magic_link: inbox.link };
    } catch (error) {
      this.#note(error);
      return null;
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all([...this.#held.keys()].map((id) => this.#leave(id)));
  }

  #enter(agent: AgentRef): Held | null {
    const { now, config } = this.#parts;
    const known = this.#held.get(agent.id);
    if (known !== undefined) {
      known.usedAtMs = now();
      return known;
    }
    if (this.#isStopped || (this.#away.get(agent.id) ?? 0) > now()) return null;
    if (this.#held.size >= config.AMS_AMP_INBOX_SOCKETS && !this.#giveWay()) return null;
    const held: Held = { agent, socket: this.#join(agent), isHeld: false, usedAtMs: now() };
    this.#held.set(agent.id, held);
    held.socket.then(
      ({ ended }) => void ended.then((awayMs) => this.#lost(held, awayMs)),
      (error: unknown) => {
        this.#note(error);
        this.#lost(held, 1_000);
      },
    );
    return held;
  }

  async #join(agent: AgentRef): Promise<InboxSocket> {
    const inbox = await this.#inboxes.open(agent);
    const onWrong = () => this.#parts.metrics.notifications.inc({ outcome: "wrong" });
    return joinInbox(inbox, (one) => void this.#hear(agent, one).catch(() => {}), onWrong);
  }

  #lost(held: Held, awayMs: number): void {
    if (this.#held.get(held.agent.id) !== held) return;
    this.#held.delete(held.agent.id);
    this.#away.set(held.agent.id, this.#parts.now() + awayMs);
    if (!held.isHeld || this.#isStopped) return;
    setTimeout(() => {
      this.#away.delete(held.agent.id);
      if (this.#parts.feeds.has(held.agent)) this.hold(held.agent);
    }, awayMs).unref();
  }

  /** An inbox without a socket here gives its place up. */
  #giveWay(): boolean {
    const idle = [...this.#held.values()].find(({ isHeld }) => !isHeld);
    if (idle === undefined) return false;
    void this.#leave(idle.agent.id);
    return true;
  }

  async #leave(id: string): Promise<void> {
    const held = this.#held.get(id);
    this.#held.delete(id);
    const socket = await held?.socket.catch(() => null);
    await socket?.close().catch(() => {});
  }

  async #send(agent: AgentRef, notification: Notification): Promise<void> {
    const held = this.#enter(agent);
    if (held === null) return;
    try {
      const socket = await held.socket;
      await socket.send(notification);
      this.#isAway = false;
      this.#parts.metrics.notifications.inc({ outcome: "sent" });
    } catch (error) {
      this.#note(error);
    }
  }

  async #hear(agent: AgentRef, notification: Notification): Promise<void> {
    const { feeds, flush, metrics } = this.#parts;
    switch (notification.amp) {
      case "ring": {
        if (!feeds.has(agent)) return;
        if (!(await feeds.look(agent, notification.n))) return;
        metrics.notifications.inc({ outcome: "answered" });
        return this.#send(agent, { amp: "written", id: notification.id });
      }
      case "written":
        for (const resolve of this.#waiting.get(`${agent.id}|${notification.id}`) ?? []) resolve();
        return;
      case "receipt":
        return feeds.has(agent) ? flush(agent) : undefined;
      case "ended":
        feeds.close(agent, 4003, notification.why);
    }
  }

  #whenWritten({ id: agentId }: AgentRef, id: string): Promise<boolean> {
    const key = `${agentId}|${id}`;
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(key) ?? new Set();
      const done = (is: boolean) => {
        clearTimeout(late);
        waiting.delete(written);
        if (waiting.size === 0) this.#waiting.delete(key);
        resolve(is);
      };
      const written = () => done(true);
      const late = setTimeout(() => done(false), WRITTEN_MS_MAX);
      waiting.add(written);
      this.#waiting.set(key, waiting);
    });
  }

  #sweep(): void {
    const before = this.#parts.now() - IDLE_MS;
    for (const { agent, isHeld, usedAtMs } of this.#held.values())
      if (!isHeld && usedAtMs < before) void this.#leave(agent.id);
    for (const [id, untilMs] of this.#away) if (untilMs < this.#parts.now()) this.#away.delete(id);
  }

  async #ask(): Promise<void> {
    this.#isAway = await health(this.url()).then(
      () => false,
      () => true,
    );
  }

  #note(error: unknown): void {
    const { log, metrics } = this.#parts;
    metrics.notifications.inc({ outcome: "failed" });
    log.debug({ event: "wire_failed", ...describeError(error) }, "the wire can't be used now");
  }
}
