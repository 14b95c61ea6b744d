/** Control as the sender knows it, in memory: events to fetch, webhooks, and what was reported. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Attempt, WaitingEvent, Webhook } from "../control.ts";

type Question = {
  readonly limit?: number;
  readonly account_ids?: readonly string[];
  readonly places?: readonly { readonly entry: string }[];
  readonly attempts?: readonly Attempt[];
};

export type FakeControl = {
  readonly url: string;
  readonly webhooks: Map<string, Webhook[]>;
  readonly reported: Attempt[];
  /** Answers 503 while true. */
  isAway: boolean;
  readonly push: (event: Partial<WaitingEvent> & { readonly account_id: string }) => string;
  readonly waiting: () => number;
  readonly close: () => Promise<void>;
};

export async function startFakeControl(secret: string): Promise<FakeControl> {
  let events: WaitingEvent[] = [];
  let pushed = 0;
  const webhooks = new Map<string, Webhook[]>();
  const reported: Attempt[] = [];
  const answer = (
    step: string,
    { limit = 0, account_ids = [], places = [], attempts = [] }: Question,
  ): object => {
    if (step === "take") return { events: events.slice(0, limit) };
    if (step === "webhooks") {
      return {
        accounts: Object.fromEntries(account_ids.map((id) => [id, webhooks.get(id) ?? []])),
      };
    }
    if (step === "remove") {
      const gone = new Set(places.map(({ entry }) => entry));
      events = events.filter(({ at }) => !gone.has(at.entry));
    }
    if (step === "attempts") reported.push(...attempts);
    return {};
  };
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const isRight = request.headers.authorization === `Bearer ${secret}`;
      if (fake.isAway || !isRight) return void response.writeHead(fake.isAway ? 503 : 404).end();
      const step = request.url?.split("/").at(-1) ?? "";
      const body = JSON.stringify(answer(step, JSON.parse(Buffer.concat(chunks).toString())));
      response.writeHead(200, { "content-type": "application/json" }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const fake: FakeControl = {
    url: `http://127.0.0.1:${port}`,
    webhooks,
    reported,
    isAway: false,
    push: (event) => {
      pushed += 1;
      const message_id = `evt_${pushed}`;
      events.push({
        at: { partition: 0, owner: "o", entry: String(pushed) },
        message_id,
        at_ms: Date.now(),
        type: "stream.joined",
        namespace: "porter",
        observer: null,
        data: { alias: "standup", number: pushed },
        ...event,
      });
      return message_id;
    },
    waiting: () => events.length,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return fake;
}
