/** Frames of a mesh as server-sent events. */
import { isJsonObject, type JsonObject, parseStrictText } from "@ams/provenance";
import type { Http } from "./http.ts";

/** What the service committed, or what became of work. What others wrote in it is data. */
export type MeshFrame = JsonObject & { readonly t: string; readonly seq: number };

/** Characters of one event: a frame with its envelope. */
const EVENT_MAX = 1_048_576;
const PAUSE_MS = 500;

/** From a seq on, and again from where it was after a break, until `signal`. */
export async function* framesOf(
  http: Http,
  path: string,
  from: number,
  signal: AbortSignal,
): AsyncIterable<MeshFrame> {
  let next = from;
  while (!signal.aborted) {
    try {
      const answer = await http.stream(`${path}?from=${next}`, signal);
      if (!answer.ok || answer.body === null) throw new Error("no events");
      for await (const frame of read(answer.body)) {
        yield frame;
        next = frame.seq + 1;
      }
    } catch {
      if (signal.aborted) return;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

async function* read(body: ReadableStream<Uint8Array>): AsyncIterable<MeshFrame> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = parts.pop() ?? "";
      if (rest.length > EVENT_MAX) throw new Error("an event is too long");
      for (const part of parts) {
        const frame = frameOf(part);
        if (frame !== null) yield frame;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function frameOf(event: string): MeshFrame | null {
  const line = event.split("\n").find((one) => one.startsWith("data: "));
  const parsed = parseStrictText(line?.slice("data: ".length) ?? "", { bytes: EVENT_MAX });
  if (!parsed.ok || !isJsonObject(parsed.value)) return null;
  const { t, seq } = parsed.value;
  return typeof t === "string" && typeof seq === "number" ? { ...parsed.value, t, seq } : null;
}
