/**
 * Keeps two tabs of one browser from using one stream name: a tab that is duplicated gets a copy of
 * everything that the first one keeps for itself, its stream name too.
 */

/**
 * Milliseconds that the other tabs have to answer. Only tabs that come back under a name wait for
 * them.
 */
const ANSWER_MS = 120;

type Message = { readonly kind: "asks" | "has"; readonly name: string };

/** Null where the browser has none: a second tab then takes the stream over, and both say so. */
const channel =
  typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("tincan streams");
/** The names that this tab uses. */
const own = new Set<string>();

channel?.addEventListener("message", ({ data }: MessageEvent<Message>) => {
  if (data.kind === "asks" && own.has(data.name)) post({ kind: "has", name: data.name });
});

/** From now on this tab uses the name, and answers others that ask. */
export function claimName(name: string): void {
  own.add(name);
}

export async function isUsedByAnotherTab(name: string): Promise<boolean> {
  if (channel === null || own.has(name)) return false;
  return await new Promise((resolve) => {
    const end = (isUsed: boolean) => {
      clearTimeout(timer);
      channel.removeEventListener("message", onAnswer);
      resolve(isUsed);
    };
    const onAnswer = ({ data }: MessageEvent<Message>) => {
      if (data.kind === "has" && data.name === name) end(true);
    };
    const timer = setTimeout(end, ANSWER_MS, false);
    channel.addEventListener("message", onAnswer);
    post({ kind: "asks", name });
  });
}

function post(message: Message): void {
  channel?.postMessage(message);
}
