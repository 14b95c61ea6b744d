/** A notice of the operator, shown to the sockets of an account or to all of them (§4.10). */
import type { Notice } from "@ams/directory";
import { encodeNotice } from "@ams/protocol";
import type { Session } from "../conversation/session.ts";

/** Sockets that are written to in one turn of the event loop. */
const SOCKETS_AT_ONCE = 1_000;

export function showNotice(
  { account_id, level, text }: Notice,
  sessions: Iterable<{ readonly session: Session }>,
): void {
  const all = [...sessions].filter(
    ({ session }) => account_id === null || session.stream.meter?.account === account_id,
  );
  const frame = encodeNotice(level, text);
  const some = () => {
    for (const { session } of all.splice(0, SOCKETS_AT_ONCE)) session.socket?.send(frame);
    if (all.length > 0) setImmediate(some);
  };
  some();
}
