/** The bus within one process: a payload is delivered before `publish` returns. It is never away. */
import type { Bus, Deliver } from "./bus.ts";

export function openMemoryBus(): Bus {
  const channels = new Map<string, Set<Deliver>>();
  const own = new Map<string, Deliver>();
  return openMemoryPort(channels, own);
}

/** One of several gateways' doors to the same bus: a port unsubscribes only what it subscribed itself. */
export function openMemoryBusPorts(count: number): readonly Bus[] {
  const channels = new Map<string, Set<Deliver>>();
  return Array.from({ length: count }, () => openMemoryPort(channels, new Map()));
}

function openMemoryPort(channels: Map<string, Set<Deliver>>, own: Map<string, Deliver>): Bus {
  return {
    publish(channel, payload) {
      for (const deliver of [...(channels.get(channel) ?? [])]) deliver(payload);
      return Promise.resolve(true);
    },
    subscribe(channel, deliver) {
      const subscribers = channels.get(channel) ?? new Set();
      own.set(channel, deliver);
      channels.set(channel, subscribers.add(deliver));
      return Promise.resolve();
    },
    unsubscribe(channel) {
      const deliver = own.get(channel);
      const subscribers = channels.get(channel);
      if (deliver === undefined || subscribers === undefined) return;
      own.delete(channel);
      subscribers.delete(deliver);
      if (subscribers.size === 0) channels.delete(channel);
    },
    onUp: () => undefined,
    notReady: () => null,
    close: () => Promise.resolve(),
  };
}
