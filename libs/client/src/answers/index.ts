/**
 * Requests and answers in a conversation: `ams-client/answers`. A page or program asks an agent by
 * `ask`, and after a reload goes on with the answer by `reopen`; the agent answers by `serve`. It
 * is written over the SDK's own `join`, `events` and `pipe`.
 *
 * A request is a turn of JSON, `{"id", …}`; `{"id", "stop": id}` stops an answer. An answer is a
 * turn of the agent: lines of JSON, of which the first is `{"re": id}`. Everybody in the
 * conversation reads both. Where it keeps its frames, both come again after a reload.
 *
 * @example
 * ```ts
 * import { createAccount, join } from "ams-client";
 * import { ask, reopen, serve } from "ams-client/answers";
 *
 * const account = await createAccount("http://127.0.0.1:8080", { namespace: "answers" });
 * const { magicLink: link } = await account.mint({ replay: { ttlS: 60, maxBytes: 65_536 } });
 * const agent = await join(link, { credential: account.credential, streamName: "counter" });
 * const serving = serve(
 *   agent,
 *   async function* ({ to }) {
 *     for (let n = 1; n <= Number(to); n += 1) yield { n };
 *   },
 *   () => ({ failed: true }),
 * );
 *
 * const address = { link, agent: agent.streamId };
 * const answer = (await ask(address, { to: 2 })).getReader();
 * for (let next = await answer.read(); !next.done; next = await answer.read()) {
 *   console.log(next.value.n);
 * }
 * // 1
 * // 2
 * const again = await reopen(address, (request) => request.to === 2);
 * const kept = await again.lines(again.ids).getReader().read();
 * console.log("kept", kept.value?.n); // kept 1
 * await again.close();
 * await agent.close();
 * await serving;
 * ```
 */
export { type AgentAddress, ask, type Reopened, reopen } from "./asking.ts";
export type { Fields, Request } from "./found.ts";
export { type Respond, serve } from "./serving.ts";
