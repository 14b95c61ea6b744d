/**
 * From the server library's requests to web-standard ones and back, so that whoever answers them
 * can be tested without a socket. A request's body streams at the speed of its reader; an answer is
 * sent whole, but for event streams.
 */
import { STATUS_CODES } from "node:http";
import { type HttpApp, isHost } from "@ams/process";
import { PROBLEMS, type ProblemCode } from "@ams/protocol";
import type { UwsRequest, UwsResponse } from "./uws.ts";

export type HttpHandler = HttpApp["fetch"];

/** Answers one request through the handler. Its failure is a 500. */
export function bridge(response: UwsResponse, request: UwsRequest, handler: HttpHandler): void {
  const exchange = new Exchange(response);
  const peer = { address: Buffer.from(response.getRemoteAddressAsText()).toString() };
  const standard = toRequest(request, exchange);
  if (standard === null) {
    respondProblem(response, "not_found");
    return;
  }
  handler(standard, peer)
    .then((answer) => exchange.answer(answer, standard.method === "HEAD"))
    .catch(() => {
      if (!exchange.over) respondProblem(response, "internal_error");
    });
}

/** Answers with the problem's status and body (§2.1). */
export function respondProblem(
  response: UwsResponse,
  code: ProblemCode,
  headers: Readonly<Record<string, string>> = {},
  connection: "keep" | "close" = "keep",
): void {
  const { status, message } = PROBLEMS[code];
  response.cork(() => {
    response.writeStatus(statusLine(status)).writeHeader("content-type", "application/json");
    for (const [name, value] of Object.entries(headers)) response.writeHeader(name, value);
    response.end(JSON.stringify({ error: code, message }), connection === "close");
  });
}

/** Those that a web-standard request has as they are. */
const STANDARD_METHODS: readonly string[] = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "PATCH",
  "DELETE",
  "OPTIONS",
];

function toRequest(request: UwsRequest, exchange: Exchange): Request | null {
  const method = request.getCaseSensitiveMethod();
  const isStandard = STANDARD_METHODS.includes(method);
  const headers = new Headers();
  const query = request.getQuery();
  const host = request.getHeader("host") || "localhost";
  if (!isHost(host)) return null; // It would read as a path.
  const url = `http://${host}${request.getUrl()}${query === "" ? "" : `?${query}`}`;
  try {
    request.forEach((name, value) => {
      headers.append(name, value);
    });
    const hasBody = method !== "GET" && method !== "HEAD";
    const standard = new Request(url, {
      method: isStandard ? method : "POST",
      headers,
      ...(hasBody ? { body: exchange.body(), duplex: "half" } : {}),
      signal: exchange.signal,
    });
    // Fetch refuses some methods and changes the case of others; who answers has to see them as
    // they came, to say 405.
    return isStandard ? standard : Object.defineProperty(standard, "method", { value: method });
  } catch {
    return null;
  }
}

/** One request and its answer, until either side has gone. */
class Exchange {
  readonly #response: UwsResponse;
  readonly #abort = new AbortController();
  #over = false;
  /** True while the connection isn't read, because the body that came isn't. */
  #paused = false;
  #writable: (() => void) | null = null;

  constructor(response: UwsResponse) {
    this.#response = response;
    response.onAborted(() => {
      this.#over = true;
      this.#abort.abort();
      this.#wake();
    });
  }

  get over(): boolean {
    return this.#over;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** The request's body, read from the connection no faster than it is read here. */
  body(): ReadableStream<Uint8Array> {
    let ended = false;
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#response.onData((chunk, isLast) => {
          if (ended) return;
          if (chunk.byteLength > 0) controller.enqueue(new Uint8Array(chunk.slice(0)));
          ended = isLast;
          if (isLast) controller.close();
          else if ((controller.desiredSize ?? 0) <= 0) this.#pause();
        });
        this.#abort.signal.addEventListener("abort", () => {
          if (!ended) controller.error(new Error("the client has gone"));
          ended = true;
        });
      },
      pull: () => this.#resume(),
      cancel: () => {
        ended = true;
        this.#resume();
      },
    });
  }

  #pause(): void {
    if (this.#paused || this.#over) return;
    this.#paused = true;
    this.#response.pause();
  }

  /**
   * Only what was paused: the server library stops reading a connection that is resumed without
   * having been.
   */
  #resume(): void {
    if (!this.#paused || this.#over) return;
    this.#paused = false;
    this.#response.resume();
  }

  async answer(answer: Response, isHead: boolean): Promise<void> {
    if (isStreamed(answer) && !isHead) return this.#stream(answer);
    const body = await answer.arrayBuffer();
    if (this.#over) return;
    this.#resume(); // Whatever of the body nobody wanted: the next request comes behind it.
    this.#over = true;
    this.#writeHead(answer, () => {
      // The library takes no further request behind a length without its body, so the client is
      // reported.
      if (isHead) this.#response.endWithoutBody(body.byteLength, true);
      else this.#response.end(body);
    });
  }

  /** An answer that goes on for as long as either side wants it. */
  async #stream(answer: StreamedResponse): Promise<void> {
    if (this.#over) return answer.body.cancel();
    // Once: the library forgets a handler that is set while the one before it runs.
    this.#response.onWritable(() => {
      // With a handler the library leaves it to that to send what waits: an uncork does, also when
      // it holds nothing.
      this.#response.cork(() => undefined);
      this.#wake();
      return true;
    });
    this.#writeHead(answer, () => undefined);
    return this.#writeRest(answer.body.getReader());
  }

  async #writeRest(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    const cancel = () => reader.cancel().catch(() => undefined);
    this.#abort.signal.addEventListener("abort", cancel);
    for (;;) {
      const { done, value } = await reader.read();
      if (this.#over) return;
      if (done) break;
      let taken = true;
      this.#response.cork(() => {
        taken = this.#response.write(value);
      });
      if (!taken) await this.#untilWritable();
    }
    this.#over = true;
    this.#response.cork(() => this.#response.end());
  }

  #writeHead(answer: Response, then: () => void): void {
    this.#response.cork(() => {
      this.#response.writeStatus(statusLine(answer.status));
      for (const [name, value] of answer.headers) {
        if (name !== "content-length") this.#response.writeHeader(name, value);
      }
      then();
    });
  }

  #untilWritable(): Promise<void> {
    return new Promise((resolve) => {
      this.#writable = resolve;
    });
  }

  #wake(): void {
    const writable = this.#writable;
    this.#writable = null;
    writable?.();
  }
}

type StreamedResponse = Response & { readonly body: ReadableStream<Uint8Array> };

/**
 * Event streams are passed on as they come; every other answer is whole when it is begun, and bears
 * its length.
 */
function isStreamed(answer: Response): answer is StreamedResponse {
  const type = answer.headers.get("content-type") ?? "";
  return answer.body !== null && type.startsWith("text/event-stream");
}

function statusLine(status: number): string {
  return `${status} ${STATUS_CODES[status] ?? ""}`;
}
