/** One attempt to get a stream onto the wire, within a time limit. */
import {
  type AmsEvent,
  type Connection,
  type Join,
  type JoinedEvent,
  type JoinOptions,
  join,
} from "@ams/client";
import { faultOf } from "../checks/ams-faults.ts";
import { failure } from "../checks/faults.ts";
import type { Clock, Result } from "../contract.ts";
import { DIAL_MS } from "../limits.ts";

/** What a dial gives: the connection, its first event, and the others as they come. */
export type Dialled = {
  readonly connection: Connection;
  readonly joined: JoinedEvent;
  readonly events: AsyncIterator<AmsEvent, undefined>;
};

export type Dial = (link: string, options: JoinOptions) => Promise<Result<Dialled>>;

export function dialOver(clock: Clock, joinBy: Join = join): Dial {
  return async (link, options) => {
    const limit = new AbortController();
    const cancel = clock.after(DIAL_MS, () => limit.abort());
    try {
      const connection = await joinBy(link, { ...options, signal: limit.signal });
      const events = connection.events();
      const first = await events.next();
      if (first.done || first.value.type !== "joined") return failure("unavailable");
      return { ok: true, connection, joined: first.value, events };
    } catch (error) {
      return failure(limit.signal.aborted ? "dial_timeout" : faultOf(error));
    } finally {
      cancel();
    }
  };
}
