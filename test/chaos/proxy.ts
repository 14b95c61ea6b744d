/** A TCP proxy before one server, whose connections can be cut, delayed and stalled. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { Random } from "./random.ts";

export type Proxy = {
  readonly port: number;
  /** Ends one connection in the middle of what it carries. */
  readonly cutOne: (random: Random) => void;
  /** From now on bytes take so long in either direction; 0 ends that. Their order stays. */
  readonly delay: (ms: number) => void;
  /** Carries nothing until `resume`, then ends what was open: bytes in between are lost. */
  readonly blackHole: () => void;
  readonly resume: () => void;
  /** While true, what Redis publishes reaches no subscriber; everything else passes. */
  readonly deafen: (isDeaf: boolean) => void;
  readonly close: () => Promise<void>;
};

/** The beginning of a message of Redis to a subscriber. */
const PUBLISHED = /^[*>][34]\r\n\$[78]\r\n[sp]?message\r\n/;

export async function openProxy(target: { readonly port: number }): Promise<Proxy> {
  const open = new Set<readonly [Socket, Socket]>();
  let delayMs = 0;
  let isBlack = false;
  let isDeaf = false;
  const carry = (from: Socket, to: Socket) => {
    from.on("data", (bytes) => {
      if (isBlack) return; // Lost: the connection is ended when the proxy carries again.
      if (isDeaf && PUBLISHED.test(bytes.toString("latin1", 0, 24))) return;
      // Timers of one length fire in order.
      if (delayMs === 0) to.write(bytes);
      else setTimeout(() => to.writable && to.write(bytes), delayMs);
    });
  };
  const server = createServer((client) => {
    const upstream = connect(target.port, "127.0.0.1");
    const pair = [client, upstream] as const;
    open.add(pair);
    const end = () => {
      open.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.setNoDelay(true).on("error", end).on("close", end);
    carry(client, upstream);
    carry(upstream, client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cutAll = () => {
    for (const [client] of [...open]) client.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cutOne: (random) => random.pick([...open])?.[0].destroy(),
    delay: (ms) => {
      // What is under way would be overtaken: a change of the delay cuts.
      cutAll();
      delayMs = ms;
    },
    blackHole: () => {
      isBlack = true;
    },
    deafen: (deaf) => {
      isDeaf = deaf;
    },
    resume: () => {
      isBlack = false;
      cutAll();
    },
    close: async () => {
      cutAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
