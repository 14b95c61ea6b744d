/** Somebody's URL that webhooks are sent to: it answers as it is set, and keeps what came. */
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";

export type Delivery = {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  /** The status that it was answered. */
  readonly status: number;
};

export type Receiver = {
  readonly url: string;
  readonly deliveries: readonly Delivery[];
  /** Resolves with the first delivery that fits, among those that came and those to come. */
  readonly delivery: (fits: (delivery: Delivery) => boolean) => Promise<Delivery>;
};

/** `answer` gives the status for the nth request, from 0 on. */
export async function startReceiver(
  answer: (n: number) => number | Promise<number>,
): Promise<Receiver> {
  const deliveries: Delivery[] = [];
  const watchers = new Set<() => void>();
  let requests = 0;
  const server = createServer(async (request, response) => {
    const n = requests++;
    const body = await text(request);
    const status = await answer(n);
    deliveries.push({ headers: request.headers, body, status });
    response.writeHead(status, status === 302 ? { location: "/elsewhere" } : {}).end();
    for (const look of watchers) look();
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    deliveries,
    delivery: (fits) =>
      new Promise((resolve) => {
        const look = () => {
          const found = deliveries.find(fits);
          if (found === undefined) return;
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
        look();
      }),
  };
}

/** The headers with which a body is posted by whoever knows the secret. */
export function signed(secret: string, body: string | Buffer, timestamp = Date.now() / 1000) {
  const seconds = String(Math.floor(timestamp));
  const hmac = createHmac("sha256", secret).update(`${seconds}.`).update(body);
  return { "x-timestamp": seconds, "x-signature": hmac.digest("hex") };
}
