// What every client does: joins by the link, sends, hears a peer, and leaves. It reads the text of
// a result only, as a model does whose host shows it nothing else.

/** Calls of `ams_recv` at most, of 5 s each. */
const LISTENS_MAX = 12;

/** The calls one after the other; each is given the text that the call before answered. */
export function* talk(name) {
  const joined = yield ["ams_join", {}];
  const handle = /h1_[\w-]+/.exec(joined)?.[0];
  yield ["ams_send", { data: `hello from ${name}`, handle }];
  let last = "";
  for (let listens = 0; listens < LISTENS_MAX; listens += 1) {
    const heard = yield ["ams_recv", { handle, wait_ms: 5_000 }];
    last = heard;
    if (heard.includes(`answer to ${name}`)) {
      yield ["ams_leave", { handle }];
      return;
    }
  }
  throw new Error(`${name} heard no answer; last: ${last}`);
}

/** `call` runs one tool and resolves with the text of its result. */
export async function talkBy(name, call) {
  const steps = talk(name);
  for (let step = steps.next(); !step.done; ) step = steps.next(await call(...step.value));
}

/** The text of a tool's result. */
export function textOf({ content }) {
  return content.map(({ text = "" }) => text).join("\n");
}
