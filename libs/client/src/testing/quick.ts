/** A `join` that hurries, and a connection that has joined: what most tests begin with. */
import type { Connection } from "../connection/connection.ts";
import { joinOver } from "../connection/join.ts";
import type { JoinOptions } from "../connection/join-options.ts";
import { openSocket } from "../connection/node-socket.ts";
import { TIMING, type Timing } from "../connection/timing.ts";
import { CREDENTIAL, type FakeBroker, type FakeCall } from "./fake-broker.ts";

/** Times that a test needn't wait for. */
export const QUICK: Timing = {
  ...TIMING,
  backoffMs: 1,
  backoffMaxMs: 4,
  pauseMs: 1,
  closeMs: 50,
  random: () => 0.5,
};

export type Pair = { readonly me: Connection; readonly call: FakeCall };

export async function joinQuickly(
  broker: FakeBroker,
  options: Partial<JoinOptions> = {},
  joined: object = {},
  timing: Partial<Timing> = {},
): Promise<Pair> {
  const all = { credential: CREDENTIAL, streamName: "me", ...options } as JoinOptions;
  const joining = joinOver(openSocket, broker.link, all, { ...QUICK, ...timing });
  const call = await broker.call();
  call.join(joined);
  return { me: await joining, call };
}
