/** Requests as bytes: what no client library would send, and all that comes back. */
import { connect } from "node:net";

/** Milliseconds after which a server that neither answers nor closes has not answered. */
const ANSWER_MS_MAX = 5_000;

export type RawAnswer = {
  /** The statuses of all responses on the connection, in order. */
  readonly statuses: readonly number[];
  readonly text: string;
};

/**
 * Sends the text and resolves once the first response is complete by its Content-Length, or the
 * connection is closed. A response to a second request that the server reads out of the same bytes
 * is part of `text`.
 */
export function sendRaw(port: number, text: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" });
    let heard = "";
    const late = setTimeout(() => end(), ANSWER_MS_MAX);
    const end = () => {
      clearTimeout(late);
      socket.destroy();
      const statuses = [...heard.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
      resolve({ statuses, text: heard });
    };
    socket.on("data", (chunk: Buffer) => {
      heard += chunk.toString("latin1");
      if (isComplete(heard)) setImmediate(end);
    });
    socket.on("end", end).on("close", end);
    socket.once("error", (error) => {
      if (heard === "") reject(error);
    });
    socket.write(Buffer.from(text, "latin1"));
  });
}

/** A request line and header lines, with CRLF. */
export function head(line: string, ...headers: readonly string[]): string {
  return [line, ...headers, "", ""].join("\r\n");
}

function isComplete(heard: string): boolean {
  const end = heard.indexOf("\r\n\r\n");
  if (end < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(heard.slice(0, end));
  if (length === null) return heard.endsWith("\r\n0\r\n\r\n");
  return heard.length >= end + 4 + Number(length[1]);
}
