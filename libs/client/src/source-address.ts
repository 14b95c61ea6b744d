/**
 * For programs in Node that open more connections than one address of a machine has ports, such as
 * load tests; `ams load` has it.
 */
import { type Join, joinOver } from "./connection/join.ts";
import { openSocketFrom } from "./connection/node-socket.ts";

/** `join` from one address of this machine. */
export function joinFrom(localAddress: string): Join {
  return (magicLink, options) => joinOver(openSocketFrom(localAddress), magicLink, options);
}
