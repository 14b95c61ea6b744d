/** Takes upgrades of the process's own HTTP server at `<base>/ws`. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { Amp } from "../amp.ts";
import { SOCKET_TIMES, Socket } from "./socket.ts";

const PATH = /^(?:\/amp)?(?:\/api)?\/v1(?:\/v1)?\/ws$/;
const FRAME_BYTES_MAX = 1_048_576;
const PROTOCOL = "amp.v1";
/** Milliseconds over which the sockets of a stopping process are closed. */
const SPREAD_MS = 5_000;

export type SocketServer = {
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly stop: () => Promise<void>;
};

export function createSocketServer(amp: Amp, times = SOCKET_TIMES): SocketServer {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: FRAME_BYTES_MAX,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  });
  return {
    upgrade: (request, socket, head) => {
      const path = (request.url ?? "").split("?")[0] ?? "";
      if (!PATH.test(path)) {
        const message = '{"error":"not_found","message":"There is no socket at this address."}';
        const lines = ["HTTP/1.1 404 Not Found", "content-type: application/json"];
        const rest = [`content-length: ${message.length}`, "connection: close", "", message];
        socket.end([...lines, ...rest].join("\r\n"));
        return;
      }
      server.handleUpgrade(request, socket, head, (opened) => {
        const who = { address: addressOfPeer(amp, request), bearer: bearerOfHead(request) };
        new Socket(amp, opened, who, times);
      });
    },
    stop: async () => {
      amp.feeds.closeAll(1001, "stopping", amp.feeds.size > 1 ? SPREAD_MS : 0);
      const untilMs = Date.now() + SPREAD_MS + 2_000;
      while (server.clients.size > 0 && Date.now() < untilMs)
        await new Promise((resolve) => setTimeout(resolve, 20));
      for (const client of server.clients) client.terminate();
      server.close();
    },
  };
}

function bearerOfHead({ headers }: IncomingMessage): string | null {
  return /^bearer (\S+)$/i.exec(headers.authorization ?? "")?.[1] ?? null;
}

function addressOfPeer({ reached }: Amp, { headers, socket }: IncomingMessage): string {
  const forwarded = headers["x-forwarded-for"];
  const list = Array.isArray(forwarded) ? forwarded.join(",") : (forwarded ?? "");
  const nearest = reached.trustProxy ? list.split(",").at(-1)?.trim() : "";
  return nearest || (socket.remoteAddress ?? "");
}
