/** A worker that waits for one run, which connects to it from elsewhere. */
import { createServer, type Server, type TLSSocket } from "node:tls";
import { rawUs, setOffset } from "../clock.ts";
import { type Channel, IDENTITY, keyOf, openChannel, TLS } from "./channel.ts";
import { servePool } from "./serve-pool.ts";

/** Milliseconds within which a client has proved the token. */
const HANDSHAKE_MS = 5_000;
/** Connections that may be proving it at once. */
const PROVING_MAX = 16;

export type Listening = {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly token: string;
  /** Called with the port when it listens. */
  readonly onListening: (port: number) => void;
  /** Ends the waiting, and a run that has begun. */
  readonly signal: AbortSignal;
};

/** Resolves when the run is over; rejects when it can't listen, or the run's end broke off. */
export function runRemoteWorker(options: Listening): Promise<void> {
  const { host, port, token, onListening, signal } = options;
  return new Promise((resolve, reject) => {
    const server = createServer({
      ...TLS,
      handshakeTimeout: HANDSHAKE_MS,
      pskCallback: (_, identity) => (identity === IDENTITY ? keyOf(token) : null),
    });
    server.maxConnections = PROVING_MAX;
    server.once("error", reject);
    server.on("tlsClientError", () => undefined); // A wrong token; it goes on listening.
    server.once("secureConnection", (socket) => {
      server.on("secureConnection", (second) => second.destroy());
      server.close(); // The token is used up.
      serve(socket, signal).then(resolve, reject);
    });
    signal.addEventListener("abort", () => {
      server.close();
      resolve();
    });
    server.listen(port, host, () => onListening(portOf(server)));
  });
}

/** One run, until it asks to leave. */
function serve(socket: TLSSocket, signal: AbortSignal): Promise<void> {
  let isLeaving = false;
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      socket.destroy();
      reject(error);
    };
    const end = async () => {
      isLeaving = true;
      await pool.leave();
      channel.end();
      resolve();
    };
    const pool = servePool({
      report: (message) => channel.send(message),
      fail,
      asked: () => void end().catch(fail),
    });
    const receive = (message: unknown) => {
      if (isClock(message)) answerClock(message, channel);
      else pool.receive(message);
    };
    const broken = () => {
      if (isLeaving) return;
      pool.leave().catch(() => undefined);
      reject(new Error("The connection to the run broke."));
    };
    const channel = openChannel(socket, receive, broken);
    signal.addEventListener("abort", () => {
      isLeaving = true;
      end().catch(fail);
    });
  });
}

type Clock = { readonly type: "clock" } | { readonly type: "offset"; readonly us: number };

function isClock(message: unknown): message is Clock {
  const { type, us } = Object(message);
  return type === "clock" || (type === "offset" && Number.isFinite(us));
}

function answerClock(message: Clock, channel: Channel): void {
  if (message.type === "clock") channel.send({ type: "clock", us: rawUs() });
  else setOffset(message.us);
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
