// Who a call speaks for, and for how long its subscription stays.
import { expect, test } from "vitest";
import { createSeal } from "../checks/seal.ts";
import { SESSION_LIVE_MS, SWEEP_MS } from "../limits.ts";
import { desk, faultIn, must } from "../testing/desk.ts";
import { GUEST, PEER } from "../testing/fake-wire.ts";

const X = { link: "link-of-x" };

test("guests of one link are never taken for each other: a name is the one's who has it, and only a handle proves that", async () => {
  const { clock, wire, open } = desk();
  const [g1, g2] = [open("g1", { who: GUEST }), open("g2", { who: GUEST })];
  const one = must(await g1.join(X));
  const two = must(await g2.join(X));
  expect(one.streamName).toMatch(/^test-[a-z2-9]{4}$/);
  expect(two.streamName).not.toBe(one.streamName);
  const { conversationId, handle } = one;
  const byName = { conversationId, streamName: one.streamName };
  expect(faultIn(await g2.recv(byName))).toBe("not_joined");
  expect(faultIn(await g2.recv({ ...byName, ...X }))).toBe("name_taken");
  clock.pass(SESSION_LIVE_MS + 1);
  expect(faultIn(await g2.recv({ ...byName, ...X }))).toBe("name_taken");
  expect(faultIn(await g2.recv({ handle }))).toBe("unknown_handle");
  expect(faultIn(await g2.recv({ handle, link: "link-of-y" }))).toBe("conversation_mismatch");
  expect(faultIn(await g2.recv({ handle: `${handle}x`, ...X }))).toBe("unknown_handle");
  expect(must(await g2.recv({ handle, ...X })).streamName).toBe(one.streamName);
  expect(faultIn(await g1.recv({}))).toBe("seat_taken");
  expect(must(await g1.recv({ handle, ...X })).streamName).toBe(one.streamName);
  expect(wire.calls).toHaveLength(2);
  const stranger = open("g3", { who: GUEST });
  expect(faultIn(await stranger.recv({ conversationId }))).toBe("not_joined");
  expect(wire.call.options).toMatchObject({ guest: true });
});

test("a handle leaves from any session, also while the one that joined is live", async () => {
  const { open } = desk();
  const [joining, other] = [open("g1", { who: GUEST }), open("g2", { who: GUEST })];
  const { handle, streamName, conversationId } = must(await joining.join(X));
  expect(faultIn(await other.leave({ conversationId, streamName, ...X }))).toBe("name_taken");
  expect(must(await other.leave({ handle, ...X })).streamName).toBe(streamName);
  expect(faultIn(await joining.recv({}))).toBe("left");
});

test("a handle holds on another process with the same secret, and on none with another", async () => {
  const seal = createSeal("of the deployment");
  const here = desk({}, seal);
  const { handle, streamName } = must(await here.open("g1", { who: GUEST }).join(X));
  const there = desk({}, seal).open("g9", { who: GUEST });
  const found = must(await there.recv({ ...X, handle }));
  expect(found).toMatchObject({ streamName, handle });
  const stranger = desk().open("g9", { who: GUEST });
  expect(faultIn(await stranger.recv({ ...X, handle }))).toBe("unknown_handle");
});

test("an automatic name is the same for a session that another process revives, and what it missed is said", async () => {
  const { streamName } = must(await desk().open("g1", { who: GUEST }).join(X));
  const there = desk();
  there.wire.streams = [{ ...PEER, streamName }]; // It has not left yet.
  there.wire.epoch = 2;
  const revived = there.open("g1", { who: GUEST, revived: true });
  expect(must(await revived.join(X))).toMatchObject({ streamName, truncated: true });
});

test("a guest's subscription leaves after 60 s when nobody used it again, else after 5 min, an account's after 10", async () => {
  const { clock, wire, open } = desk();
  must(await open("once", { who: GUEST }).join(X));
  const often = open("often", { who: GUEST });
  must(await often.join(X));
  must(await often.recv({}));
  must(await open("account").join(X));
  const live = () => wire.calls.map(({ hungUp }) => !hungUp);
  clock.pass(60_000 + SWEEP_MS);
  expect(live()).toEqual([false, true, true]);
  clock.pass(240_000);
  expect(live()).toEqual([false, false, true]);
  clock.pass(300_000);
  expect(live()).toEqual([false, false, false]);
});
