/**
 * A receiver of webhooks that checks each by the verifier of Standard Webhooks, and that behaves as
 * it is asked to for each request.
 */
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

export type Behaviour = (response: ServerResponse, attempt: number, id: string) => void;

export type Receiver = {
  readonly url: string;
  /** Ids that were accepted, each with how often. */
  readonly accepted: Map<string, number>;
  /** Requests by id. */
  readonly attempts: Map<string, number>;
  readonly bodies: Map<string, string>;
  /** Requests whose signature was refused. */
  refused: number;
  behave: Behaviour;
  secret: string;
  readonly close: () => Promise<void>;
};

export const OK: Behaviour = (response) => response.writeHead(204).end();

export async function startReceiver(secret: string): Promise<Receiver> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    response.on("error", () => undefined);
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      const headers = request.headers as Record<string, string>;
      const id = headers["webhook-id"] ?? "";
      try {
        new Webhook(receiver.secret).verify(body, headers);
      } catch {
        receiver.refused += 1;
        return void response.writeHead(401).end();
      }
      const attempt = (receiver.attempts.get(id) ?? 0) + 1;
      receiver.attempts.set(id, attempt);
      receiver.bodies.set(id, body);
      response.on("finish", () => {
        if (response.statusCode < 200 || response.statusCode > 299) return;
        receiver.accepted.set(id, (receiver.accepted.get(id) ?? 0) + 1);
      });
      receiver.behave(response, attempt, id);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hook`,
    accepted: new Map(),
    attempts: new Map(),
    bodies: new Map(),
    refused: 0,
    behave: OK,
    secret,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
