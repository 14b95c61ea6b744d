/** The frames of a mesh as server-sent events, from a seq on, then live (M10.4). */
import { answerEvents, nextEvent } from "@ams/edge";
import { refuse } from "@ams/mesh-rules";
import { throwRefusal } from "../answers.ts";
import { framesAt } from "../space/frames.ts";
import { type Context, get, type Row, wholeOf } from "./route.ts";

/** Readers of one mesh in this process. */
const READERS_MAX = 2_000;
/** Milliseconds between two comments that keep a connection open. */
const ALIVE_EVERY_MS = 15_000;
/** Frames that a reader may be behind before the rest waits for it. */
const BEHIND_MAX = 256;

async function events({ live, request, url }: Context): Promise<Response> {
  if (live.listeners >= READERS_MAX) throwRefusal(refuse("busy"));
  const asked = wholeOf(url, "from", 0, Number.MAX_SAFE_INTEGER);
  let next = nextEvent(request, asked);
  const encoder = new TextEncoder();
  let wake = () => {};
  let stop = () => {};
  const stream = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const unlisten = live.listen(() => wake());
        const timer = setInterval(() => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(": alive\n\n"));
        }, ALIVE_EVERY_MS);
        stop = () => {
          unlisten();
          clearInterval(timer);
          wake();
        };
        const close = () => {
          stop();
          try {
            controller.close();
          } catch {
            // It was cancelled by its reader.
          }
        };
        if (request.signal.aborted) close();
        else request.signal.addEventListener("abort", close, { once: true });
      },
      async pull(controller) {
        while (next >= live.size && !request.signal.aborted)
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        if (request.signal.aborted || next >= live.size) return;
        const text = framesAt(live, next)
          .map((frame) => `id: ${next}\ndata: ${JSON.stringify(frame)}\n\n`)
          .join("");
        next += 1;
        controller.enqueue(encoder.encode(text));
      },
      cancel: () => stop(),
    },
    { highWaterMark: BEHIND_MAX },
  );
  return answerEvents(stream);
}

export const eventRoutes: readonly Row[] = [get(["events"], events)];
