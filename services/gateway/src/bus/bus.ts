/**
 * The contract of the bus: what carries batches and events between the gateways of one deployment.
 *
 * Promised: what one publisher publishes on a channel arrives at each subscriber in that order, and
 * all subscribers of a channel hear all publishers in one and the same order. Not promised: that
 * anything arrives at all. Whoever must know about a loss counts, and asks the directory again
 * after `onUp`.
 */

/** Keeps a payload in a log, and publishes it in the same step where both are one store. */
export type Keep = (payload: Buffer) => Promise<boolean>;

export type Deliver = (payload: Buffer) => void;

export interface Bus {
  /**
   * Hands a payload to the bus, which owns the bytes from then on. Resolves true once the bus has
   * taken it, and kept it if it is to be kept; false when it is away or too far behind: the payload
   * is then lost, or not kept.
   */
  publish(channel: string, payload: Buffer, keep?: Keep): Promise<boolean>;
  /**
   * Resolves once every payload published from now on will be delivered; rejects when the bus is
   * away.
   */
  subscribe(channel: string, deliver: Deliver): Promise<void>;
  unsubscribe(channel: string): void;
  /**
   * Called with channels that are subscribed again after a time in which payloads may have been
   * lost.
   */
  onUp(listener: (channels: readonly string[]) => void): void;
  /** Null while the bus carries, else the name of what it waits for. */
  notReady(): string | null;
  close(): Promise<void>;
}
