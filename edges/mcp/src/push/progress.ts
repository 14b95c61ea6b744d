/** Word for a client that waits for a long call, where it asked for it by a progress token. */
import type { ServerContext } from "@modelcontextprotocol/server";
import type { Call } from "../request/call.ts";

/** Milliseconds between two notifications: clients that reset their patience do so within 3 s. */
const PROGRESS_MS = 2_500;

/** Null where the request gave no token. */
export function progressOf({ _meta, notify }: ServerContext["mcpReq"]): Call["progress"] {
  const progressToken = _meta?.progressToken;
  if (progressToken === undefined) return null;
  return async (progress) => {
    const params = { progressToken, progress, message: "Waiting for a message." };
    // A client that has gone needs none.
    await notify({ method: "notifications/progress", params }).catch(() => undefined);
  };
}

export async function whileWaiting<Value>(
  { progress }: Call,
  work: () => Promise<Value>,
): Promise<Value> {
  if (progress === null) return await work();
  let count = 0;
  const timer = setInterval(() => {
    count += 1;
    void progress(count);
  }, PROGRESS_MS);
  timer.unref();
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
