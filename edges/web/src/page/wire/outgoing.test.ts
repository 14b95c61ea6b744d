import { AmsError } from "@ams/client";
import { expect, test } from "vitest";
import { type Line, Outgoing } from "./outgoing.ts";

/**
 * A connection that takes frames when the test says so, and gives back what waits as the SDK does.
 */
function line() {
  const out: string[] = [];
  const waiting: (() => void)[] = [];
  const put = (frame: string, signal?: AbortSignal) =>
    new Promise<null>((resolve, reject) => {
      const take = () => {
        out.push(frame);
        resolve(null);
      };
      waiting.push(take);
      signal?.addEventListener("abort", () => {
        waiting.splice(waiting.indexOf(take), 1);
        reject(new AmsError("aborted", "Taken back."));
      });
    });
  const self: Line = {
    send: (data, options) => put(data, options?.signal),
    endTurn: (options) => put("|", options?.signal),
  };
  /** Takes frames until nothing more comes. */
  const drain = async () => {
    for (let quiet = 0; quiet < 10; quiet += 1) {
      const next = waiting.shift();
      if (next !== undefined) quiet = 0;
      next?.();
      await Promise.resolve();
    }
  };
  return { self, out, drain };
}

test("a text of several tokens is never cut open by the next one", async () => {
  const outgoing = new Outgoing();
  const { self, out, drain } = line();
  outgoing.open(self);
  const both = Promise.all([
    outgoing.send(["a", "b", "c"], () => undefined),
    outgoing.send(["QUICK"], () => undefined),
  ]);
  await drain();
  expect(await both).toEqual([{ ok: true }, { ok: true }]);
  expect(out).toEqual(["a", "b", "c", "|", "QUICK", "|"]);
});

test("what waits when a connection is given up goes out on the next one, once", async () => {
  const outgoing = new Outgoing();
  const first = line();
  const second = line();
  const said: string[] = [];
  outgoing.open(first.self);
  const text = outgoing.send(["a", "b"], (token) => said.push(token));
  const next = outgoing.send(["c"], (token) => said.push(token));
  await Promise.resolve();
  outgoing.pause();
  await first.drain();
  expect(first.out).toEqual([]);
  outgoing.open(second.self);
  await second.drain();
  expect(await Promise.all([text, next])).toEqual([{ ok: true }, { ok: true }]);
  expect(second.out).toEqual(["a", "b", "|", "c", "|"]);
  expect(said).toEqual(["a", "b", "c"]);
});

test("when it ends for good, only what never went out is given back", async () => {
  const outgoing = new Outgoing();
  const error = new AmsError("conversation_closed", "It is closed.");
  const taken: string[] = [];
  outgoing.open({
    send: (data) => {
      if (taken.length > 0) return Promise.reject(error);
      taken.push(data);
      return Promise.resolve(null);
    },
    endTurn: () => Promise.resolve(null),
  });
  const sent = await outgoing.send(["a", "b", "c"], () => undefined);
  expect(sent).toEqual({ ok: false, error, unsent: "bc" });
  outgoing.end(error);
  expect(await outgoing.send(["d"], () => undefined)).toEqual({ ok: false, error, unsent: "d" });
});
