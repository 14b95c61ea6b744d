import { afterEach, beforeEach, expect, test } from "vitest";
import { AmsError, END_OF_TURN_DATA } from "../node.ts";
import { all, codeOf } from "../testing/collect.ts";
import { type FakeBroker, named, PEER_ID, startFakeBroker, token } from "../testing/fake-broker.ts";
import { came, left, OTHER_ID } from "../testing/peer.ts";
import { joinQuickly } from "../testing/quick.ts";
import { ask, reopen, serve } from "./index.ts";

let broker: FakeBroker;
beforeEach(async () => {
  broker = await startFakeBroker();
});
afterEach(() => broker.stop());

const ASKER = named("asker", OTHER_ID);
const end = (seq: string, stream = named("peer")) => token(seq, END_OF_TURN_DATA, stream);
const json = (value: object) => JSON.stringify(value);

/** Asks the peer, whom the test plays, and gives the call and the id of the request. */
async function asking(signal?: AbortSignal) {
  const address = { link: broker.link, agent: PEER_ID, options: { guest: true } as const };
  const answer = ask(address, { to: 2 }, signal);
  const call = await broker.call();
  call.join();
  call.send(came());
  const { data } = await call.frame();
  await call.frame(); // The end of the turn.
  const request: { id: string } = JSON.parse(String(data));
  return { answer: await answer, call, request };
}

test("an answer is given line by line, wherever its tokens are cut, and the connection ends with it", async () => {
  const { answer, call, request } = await asking();
  expect(request).toMatchObject({ to: 2 });
  const text = `${json({ re: "another" })}\n${json({ n: 0 })}\n${json({ re: request.id })}\n`;
  const whole = `${text}${json({ n: 1 })}\nno JSON\n${json({ n: 2 })}\n`;
  for (const [at, letter] of [...whole].entries()) call.send(token(`1-${at + 1}`, letter));
  call.send(end(`1-${whole.length + 1}`));
  expect(await all(answer.values())).toEqual([{ n: 1 }, { n: 2 }]);
  await call.closed;
});

test("an agent that leaves before the end is an error, and so is a lost part", async () => {
  const first = await asking();
  first.call.send(token("1-1", `${json({ re: first.request.id })}\n`), left("1-1"));
  expect(await codeOf(all(first.answer.values()))).toBe("connection_lost");
  await first.call.closed;
  const second = await asking();
  second.call.send(token("1-1", `${json({ re: second.request.id })}\n`), token("1-3", "x"));
  expect(await codeOf(all(second.answer.values()))).toBe("tokens_lost");
  await second.call.closed;
});

test("an aborted signal asks the agent to stop and leaves; a reader that cancels leaves", async () => {
  const control = new AbortController();
  const stopped = await asking(control.signal);
  control.abort();
  const { data } = await stopped.call.frame();
  expect(JSON.parse(String(data))).toMatchObject({ stop: stopped.request.id });
  await stopped.call.closed;
  const { answer, call } = await asking();
  await answer.cancel();
  await call.closed;
});

test("a conversation that keeps nothing has no requests to go on with", async () => {
  const address = { link: broker.link, agent: PEER_ID, options: { guest: true } as const };
  const opening = reopen(address, () => true);
  (await broker.call()).close(4400, "no_replay");
  const call = await broker.call();
  call.join();
  const { ids, close } = await opening;
  expect(ids).toEqual([]);
  await close();
  await call.closed;
});

test("an agent answers in order; a stop ends an answer whose writer ignores the signal", async () => {
  const { me, call } = await joinQuickly(broker);
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const serving = serve(
    me,
    async function* ({ id }) {
      yield { id };
      if (id === "one") await held;
    },
    (error) => ({ failed: error instanceof AmsError ? error.code : "stopped" }),
  );
  call.send(came("asker", OTHER_ID));
  const asked = [{ id: "one" }, { id: "two" }, { id: "x", stop: "one" }];
  for (const [at, request] of asked.entries()) {
    call.send(token(`1-${2 * at + 1}`, json(request), ASKER), end(`1-${2 * at + 2}`, ASKER));
  }
  const said: unknown[] = [];
  while (said.filter((data) => data === END_OF_TURN_DATA).length < 2) {
    said.push((await call.frame()).data);
  }
  const lines = said.join("").split(/\n/).join(" ");
  expect(lines.indexOf('{"re":"one"}')).toBeLessThan(lines.indexOf('{"failed":"stopped"}'));
  expect(lines.indexOf('{"failed":"stopped"}')).toBeLessThan(lines.indexOf('{"re":"two"}'));
  release();
  await me.close();
  await serving;
});
