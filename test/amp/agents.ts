/** Agents that use a provider from outside, by the client of the protocol. */
import { generateKeyPairSync } from "node:crypto";
import { AmpClient, registerAgent } from "@ams/amp";
import { WebSocket } from "ws";

export async function newAgent(
  endpoint: string,
  name: string,
  tenant = "acme",
): Promise<AmpClient> {
  const { privateKey: key } = generateKeyPairSync("ed25519");
  const { address, api_key } = await registerAgent(endpoint, key, { name, tenant });
  return new AmpClient({ address: String(address), apiKey: String(api_key), key, endpoint });
}

/** The same agent at another process. */
export function at(client: AmpClient, endpoint: string): AmpClient {
  return new AmpClient({ ...client.identity, endpoint });
}

export type Listener = {
  /** Ids of messages, in the order in which this connection got them. */
  readonly ids: string[];
  readonly closed: Promise<void>;
  readonly close: () => void;
};

/** A socket of the agent; resolves once it is connected. */
export function listen(client: AmpClient, got: (id: string) => void = () => {}): Promise<Listener> {
  const { endpoint, apiKey } = client.identity;
  const socket = new WebSocket(`${endpoint.replace("http", "ws")}/ws`, {
    headers: { authorization: `Bearer ${apiKey}` },
  });
  const ids: string[] = [];
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => {});
  return new Promise((resolve, reject) => {
    socket.on("message", (data) => {
      const { type, data: message } = JSON.parse(data.toString());
      if (type === "connected") resolve({ ids, closed, close: () => socket.close() });
      if (type !== "message.new") return;
      ids.push(message.id);
      got(message.id);
    });
    socket.once("close", () => reject(new Error("closed before it was connected")));
  });
}
