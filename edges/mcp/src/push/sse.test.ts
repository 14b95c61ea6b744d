import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { careForStream, KEEP_ALIVE_MS, type StreamCare } from "./sse.ts";

const EVENT = new TextEncoder().encode("event: message\ndata: {}\n\n");

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A stream as the SDK makes one, and what its client gets. */
function openStream(care: Partial<StreamCare> = {}) {
  const abort = new AbortController();
  const cancelled = vi.fn();
  let source: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      source = controller;
    },
    cancel: cancelled,
  });
  const headers = { "content-type": "text/event-stream", "mcp-session-id": "id" };
  const response = careForStream(new Response(body, { status: 200, headers }), {
    greet: true,
    signal: abort.signal,
    keepAliveMs: KEEP_ALIVE_MS,
    ...care,
  });
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
  const read = async () => {
    const { done, value } = await reader.read();
    return done ? null : new TextDecoder().decode(value);
  };
  return { abort, cancelled, reader, read, response, source };
}

describe("a stream that is cared for", () => {
  test("begins with :ok, keeps its headers, and passes events as they are", async () => {
    const { read, response, source } = openStream();
    expect(response.headers.get("mcp-session-id")).toBe("id");
    expect(await read()).toBe(":ok\n\n");
    source?.enqueue(EVENT);
    expect(await read()).toBe(new TextDecoder().decode(EVENT));
  });

  test("gets a comment whenever 15 s pass without bytes, and none sooner", async () => {
    const { read, source } = openStream({ greet: false });
    const first = read();
    await vi.advanceTimersByTimeAsync(KEEP_ALIVE_MS - 1);
    source?.enqueue(EVENT);
    expect(await first).toContain("data");
    const second = read();
    await vi.advanceTimersByTimeAsync(KEEP_ALIVE_MS - 1);
    let came = false;
    void second.then(() => {
      came = true;
    });
    await vi.advanceTimersByTimeAsync(0);
    expect(came).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await second).toBe(":keepalive\n\n");
    const third = read();
    await vi.advanceTimersByTimeAsync(KEEP_ALIVE_MS);
    expect(await third).toBe(":keepalive\n\n");
  });

  test("puts no comments before a client that doesn't read", async () => {
    const { read, source } = openStream();
    await vi.advanceTimersByTimeAsync(10 * KEEP_ALIVE_MS);
    source?.enqueue(EVENT);
    expect([await read(), await read()]).toEqual([":ok\n\n", new TextDecoder().decode(EVENT)]);
  });

  test("counts what the client took, and nothing that only waits", async () => {
    const onTaken = vi.fn();
    const { read, source } = openStream({ onTaken });
    source?.enqueue(EVENT);
    source?.enqueue(EVENT);
    expect(await read()).toBe(":ok\n\n");
    expect(onTaken).not.toHaveBeenCalled();
    await read();
    expect(onTaken.mock.calls).toEqual([[EVENT.byteLength]]);
  });

  test.each([
    ["the client goes", ({ abort }: ReturnType<typeof openStream>) => abort.abort()],
    ["its reader cancels", ({ reader }: ReturnType<typeof openStream>) => void reader.cancel()],
    ["the SDK closes it", ({ source }: ReturnType<typeof openStream>) => source?.close()],
  ])("is over once when %s, and the SDK knows", async (_, end) => {
    const onEnd = vi.fn();
    const stream = openStream({ onEnd, greet: false });
    const reading = stream.read();
    end(stream);
    expect(await reading).toBeNull();
    stream.abort.abort();
    await vi.advanceTimersByTimeAsync(2 * KEEP_ALIVE_MS);
    expect(onEnd).toHaveBeenCalledTimes(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("of a client that had gone already is over at once", async () => {
    const onEnd = vi.fn();
    const abort = new AbortController();
    abort.abort();
    const { read, cancelled } = openStream({ signal: abort.signal, onEnd, greet: false });
    expect(await read()).toBeNull();
    expect([onEnd.mock.calls.length, cancelled.mock.calls.length]).toEqual([1, 1]);
  });
});

test("an answer that is no event stream is handed on, and over", async () => {
  const onEnd = vi.fn();
  const response = Response.json({ a: 1 });
  const { signal } = new AbortController();
  const cared = careForStream(response, { greet: true, signal, keepAliveMs: 1, onEnd });
  expect(cared).toBe(response);
  expect(onEnd).toHaveBeenCalledTimes(1);
});
