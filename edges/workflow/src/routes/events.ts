/** A run as server-sent events: what was committed from a seq on, then what happens (W5.8). */
import { answerEvents, nextEvent } from "@ams/edge";
import { refuse } from "@ams/workflow-rules";
import { Refused, reject } from "../answers.ts";
import { aliveFrame, commitFrame, haltFrame, taskFrame, tasksOf } from "../frames.ts";
import { type Context, get, type Row, wholeOf } from "./route.ts";

/** Readers of one conversation in this process. */
const READERS_MAX = 2_000;
/** Milliseconds between two `alive`: an agent's lease is renewed by it. */
const ALIVE_EVERY_MS = 1_000;
/** Entries that are read at a time. */
const PAGE = 64;

function getEvents(context: Context): Response {
  const { live, segments, request, url } = context;
  const run = segments[1] ?? "";
  if (!live.conversation.runs.has(run)) throw new Refused(refuse("run_unknown"));
  if (live.listeners >= READERS_MAX) reject("busy");
  const asked = wholeOf(url, "from", 0, Number.MAX_SAFE_INTEGER);
  return answerEvents(streamOf(context, run, nextEvent(request, asked)));
}

function streamOf({ live, request }: Context, run: string, from: number): ReadableStream {
  let next = from;
  let end = () => {};
  let wake = () => {};
  const encoder = new TextEncoder();
  const text = (frame: unknown, id?: number) =>
    encoder.encode(`${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(frame)}\n\n`);
  return new ReadableStream<Uint8Array>({
    start(controller) {
      let tasks = "";
      const say = (frame: unknown, id?: number) => {
        // A reader that doesn't read is let go, and comes back with its last id.
        if ((controller.desiredSize ?? 0) < -1_000) end();
        else controller.enqueue(text(frame, id));
      };
      const unlisten = live.listen((applied) => {
        const halt = haltFrame(applied);
        if (halt !== null) say(halt);
        wake();
      });
      const timer = setInterval(() => say(aliveFrame(live.conversation.size)), ALIVE_EVERY_MS);
      let isEnded = false;
      end = () => {
        if (isEnded) return;
        isEnded = true;
        unlisten();
        clearInterval(timer);
        wake();
        try {
          controller.close();
        } catch {
          // It was cancelled by its reader.
        }
      };
      request.signal.addEventListener("abort", end, { once: true });
      const pump = async () => {
        while (!isEnded) {
          const { conversation } = live;
          if (next >= conversation.size) {
            const found = conversation.runs.get(run);
            const ready = found === undefined ? [] : tasksOf(found);
            const keys = ready.map(({ key }) => key).join();
            if (keys !== tasks) for (const task of ready) say(taskFrame(task));
            tasks = keys;
            await new Promise<void>((resolve) => {
              wake = resolve;
              if (next < live.conversation.size || isEnded) resolve();
            });
            continue;
          }
          const entries = await live.entries(next, PAGE);
          if (entries.length === 0) return end();
          for (const { seq, committed } of entries) {
            next = seq + 1;
            const node = conversation.nodes[seq];
            if (isEnded || node === undefined || node.run !== run) continue;
            say(await commitFrame(live, node, committed, true), seq);
          }
        }
      };
      pump().catch(end);
    },
    cancel() {
      end();
    },
  });
}

export const eventRoutes: readonly Row[] = [get(["runs", "*", "events"], getEvents)];
