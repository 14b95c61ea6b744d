/**
 * The bus within one process: a payload is delivered before `publish` returns. It is never away.
 */
import type { Bus, Deliver } from "./bus.ts";

export function openMemoryBus(): Bus {
  return openMemoryPort(new MemoryChannels());
}

/**
 * One of several gateways' ports of the same bus: it unsubscribes only what it subscribed
 * itself.
 */
export function openMemoryBusPorts(count: number): readonly Bus[] {
  const channels = new MemoryChannels();
  return Array.from({ length: count }, () => openMemoryPort(channels));
}

type Published = { readonly channel: string; readonly payload: Buffer };

class MemoryChannels {
  readonly #subscribers = new Map<string, Set<Deliver>>();
  readonly #waiting: Published[] = [];
  #delivering = false;

  add(channel: string, deliver: Deliver): void {
    const subscribers = this.#subscribers.get(channel) ?? new Set();
    this.#subscribers.set(channel, subscribers.add(deliver));
  }

  remove(channel: string, deliver: Deliver): void {
    const subscribers = this.#subscribers.get(channel);
    subscribers?.delete(deliver);
    if (subscribers?.size === 0) this.#subscribers.delete(channel);
  }

  /**
   * What a subscriber publishes while it is called waits until all have heard what it was called
   * with: one order for all.
   */
  publish(channel: string, payload: Buffer): void {
    this.#waiting.push({ channel, payload });
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      for (let next = this.#waiting.shift(); next; next = this.#waiting.shift())
        this.#deliver(next);
    } finally {
      this.#delivering = false;
    }
  }

  #deliver({ channel, payload }: Published): void {
    const subscribers = this.#subscribers.get(channel);
    for (const deliver of [...(subscribers ?? [])]) {
      if (subscribers?.has(deliver)) deliver(payload);
    }
  }
}

function openMemoryPort(channels: MemoryChannels): Bus {
  const own = new Map<string, Deliver>();
  const unsubscribe = (channel: string) => {
    const deliver = own.get(channel);
    own.delete(channel);
    if (deliver !== undefined) channels.remove(channel, deliver);
  };
  return {
    publish(channel, payload, keep) {
      // Kept first: whoever hears it finds it in the log.
      const kept = keep?.(payload);
      channels.publish(channel, payload);
      return kept ?? Promise.resolve(true);
    },
    subscribe(channel, deliver) {
      unsubscribe(channel);
      const distinct: Deliver = (payload) => deliver(payload);
      own.set(channel, distinct);
      channels.add(channel, distinct);
      return Promise.resolve();
    },
    unsubscribe,
    onUp: () => undefined,
    notReady: () => null,
    close: () => Promise.resolve(),
  };
}
