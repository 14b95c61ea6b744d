/**
 * What an event stream of the SDK's needs on its way out: a comment at once, comments while nothing
 * else comes, an end when the client has gone, and word of how much of it was read. Its events pass
 * as they are.
 */

/**
 * Milliseconds without bytes after which a comment is sent: below what proxies wait before they
 * cut.
 */
export const KEEP_ALIVE_MS = 15_000;

const OK = new TextEncoder().encode(":ok\n\n");
const KEEP_ALIVE = new TextEncoder().encode(":keepalive\n\n");

export type StreamCare = {
  /** Whether the stream begins with `:ok`, so that the client sees at once that it stands. */
  readonly greet: boolean;
  /** Fires when the client has gone. */
  readonly signal: AbortSignal;
  readonly keepAliveMs: number;
  /** Called with the bytes of each event that the client's connection took. */
  readonly onTaken?: (bytes: number) => void;
  /** Called once, when the stream is over for whatever reason. */
  readonly onEnd?: () => void;
};

/**
 * The response with its body cared for; one that is no event stream is returned as it is, and is
 * over at once.
 */
export function careForStream(response: Response, care: StreamCare): Response {
  const { body, status, headers } = response;
  const isStream = headers.get("content-type")?.startsWith("text/event-stream") === true;
  if (body === null || !isStream) {
    care.onEnd?.();
    return response;
  }
  return new Response(new CaredStream(body, care).readable, { status, headers });
}

class CaredStream {
  readonly readable: ReadableStream<Uint8Array>;
  readonly #source: ReadableStreamDefaultReader<Uint8Array>;
  readonly #care: StreamCare;
  readonly #onAbort = () => this.#finish();
  #timer: NodeJS.Timeout | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  /** True while the connection waits for more: only then may a comment be put in. */
  #wanted = false;
  #over = false;

  constructor(body: ReadableStream<Uint8Array>, care: StreamCare) {
    this.#source = body.getReader();
    this.#care = care;
    this.readable = new ReadableStream(
      {
        start: (controller) => this.#start(controller),
        pull: (controller) => this.#pull(controller),
        cancel: () => this.#finish(),
      },
      // Nothing is read from the source before the connection asks, so that what it took can be
      // counted.
      { highWaterMark: 0 },
    );
  }

  #start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    if (this.#care.greet) controller.enqueue(OK);
    if (this.#care.signal.aborted) {
      this.#finish();
      return;
    }
    this.#care.signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#timer = setTimeout(() => this.#keepAlive(controller), this.#care.keepAliveMs);
    this.#timer.unref();
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.#wanted = true;
    const { done, value } = await this.#source.read();
    this.#wanted = false;
    if (this.#over) return;
    if (done) {
      this.#finish();
      return;
    }
    controller.enqueue(value);
    this.#timer?.refresh();
    this.#care.onTaken?.(value.byteLength);
  }

  #keepAlive(controller: ReadableStreamDefaultController<Uint8Array>): void {
    if (this.#over) return;
    if (this.#wanted) controller.enqueue(KEEP_ALIVE);
    this.#timer?.refresh();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#care.signal.removeEventListener("abort", this.#onAbort);
    // Resolves the read under way, and lets the SDK forget the stream.
    this.#source.cancel().catch(() => undefined);
    try {
      this.#controller?.close();
    } catch {
      // It was cancelled by its reader, and is closed thereby.
    }
    this.#care.onEnd?.();
  }
}
