/** A worker on another machine, from the side of the run. */
import { connect, type TLSSocket } from "node:tls";
import { AmsError } from "@ams/client";
import { rawUs } from "../clock.ts";
import { type Channel, IDENTITY, keyOf, openChannel, TLS } from "./channel.ts";
import { isFromWorker } from "./messages.ts";
import type { Port, PortEvents } from "./port.ts";

export type Address = { readonly host: string; readonly port: number };

/** Questions for its time in a row; the fastest answer is the best. */
const PROBES = 16;
/** Milliseconds after which clocks are compared again, as they drift. */
const COMPARE_MS = 10_000;
const CONNECT_MS = 10_000;
const LEAVE_MS = 10_000;

export type RemotePort = Port & {
  /**
   * Microseconds by which its clock, as it is used, may be off: half of the fastest answer's way.
   */
  readonly uncertaintyUs: () => number;
};

/** Rejects with a sentence when it can't be reached, or the token is not its own. */
export async function remotePort(address: Address, token: string): Promise<RemotePort> {
  const socket = await secured(address, token);
  let events: PortEvents | null = null;
  let isLeaving = false;
  let hasEnded = false;
  let answered: (workerUs: number) => void = () => {};
  let onEnd = () => {};
  const channel = openChannel(
    socket,
    (message) => {
      if (isFromWorker(message)) events?.message(message);
      else if (isTime(message)) answered(message.us);
    },
    () => {
      hasEnded = true;
      answered(0);
      onEnd();
      const { host, port } = address;
      if (!isLeaving) events?.ended(`: the connection to ${host}:${port} broke`);
    },
  );
  const ask = () =>
    new Promise<number>((resolve) => {
      answered = resolve;
      if (hasEnded) resolve(0);
      channel.send({ type: "clock" });
    });
  let uncertaintyUs = await compare(channel, ask);
  const timer = setInterval(() => {
    compare(channel, ask).then(
      (us) => {
        uncertaintyUs = us;
      },
      () => undefined, // Its connection has ended, which is noticed there.
    );
  }, COMPARE_MS);
  return {
    listen: (given) => {
      events = given;
      if (hasEnded) given.ended(": its connection broke");
    },
    send: (message) => channel.send(message),
    uncertaintyUs: () => uncertaintyUs,
    leave: async () => {
      isLeaving = true;
      clearInterval(timer);
      if (hasEnded) return;
      const late = setTimeout(() => socket.destroy(), LEAVE_MS);
      const ended = new Promise<void>((resolve) => {
        onEnd = resolve;
      });
      channel.send({ type: "leave" });
      await ended;
      clearTimeout(late);
    },
  };
}

/** Sets the worker's clock to this process's, and returns how exact that is. */
async function compare(channel: Channel, ask: () => Promise<number>): Promise<number> {
  let best = { wayUs: Number.POSITIVE_INFINITY, offsetUs: 0 };
  for (let probe = 0; probe < PROBES; probe += 1) {
    const from = rawUs();
    const workerUs = await ask();
    const wayUs = rawUs() - from;
    if (wayUs < best.wayUs) best = { wayUs, offsetUs: from + wayUs / 2 - workerUs };
  }
  channel.send({ type: "offset", us: best.offsetUs });
  return best.wayUs / 2;
}

function secured({ host, port }: Address, token: string): Promise<TLSSocket> {
  const at = `The load worker at ${host}:${port}`;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      ...TLS,
      timeout: CONNECT_MS,
      pskCallback: () => ({ psk: keyOf(token), identity: IDENTITY }),
      checkServerIdentity: () => undefined, // There is no certificate: the key proves it.
    });
    const refuse = (sentence: string, code: "unreachable" | "refused" = "unreachable") => {
      socket.destroy();
      reject(new AmsError(code, sentence));
    };
    socket.once("secureConnect", () => {
      socket.setTimeout(0);
      resolve(socket);
    });
    socket.once("timeout", () => refuse(`${at} did not answer within ${CONNECT_MS / 1_000} s.`));
    socket.once("error", ({ syscall, code }: NodeJS.ErrnoException) => {
      const isAway = syscall === "connect" || syscall === "getaddrinfo";
      if (isAway) refuse(`${at} can't be reached (${code}).`);
      else refuse(`${at} refused the token of AMS_LOAD_TOKEN, or has a run already.`, "refused");
    });
    socket.once("close", () => refuse(`${at} closed the connection: it may have a run already.`));
  });
}

function isTime(message: unknown): message is { readonly us: number } {
  const { type, us } = Object(message);
  return type === "clock" && Number.isFinite(us);
}
