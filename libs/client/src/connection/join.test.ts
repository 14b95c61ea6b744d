import { createServer } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AmsError } from "../errors.ts";
import {
  CREDENTIAL,
  type FakeBroker,
  LINK_TOKEN,
  named,
  PEER_ID,
  startFakeBroker,
} from "../testing/fake-broker.ts";
import { joinQuickly, QUICK } from "../testing/quick.ts";
import { type Join, joinOver } from "./join.ts";
import type { JoinOptions } from "./join-options.ts";
import { openSocket } from "./node-socket.ts";
import type { Timing } from "./timing.ts";

let broker: FakeBroker;
beforeEach(async () => {
  broker = await startFakeBroker();
});
afterEach(() => broker.stop());

const joinIn =
  (timing: Partial<Timing>): Join =>
  (link, options) =>
    joinOver(openSocket, link, options, { ...QUICK, ...timing });
const join = joinIn({});

async function failure(joining: Promise<unknown>): Promise<AmsError> {
  const error = await joining.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AmsError)) throw new Error(`Not an AmsError: ${String(error)}`);
  expect(`${error.message}${JSON.stringify(error)}`).not.toContain(LINK_TOKEN);
  expect(`${error.message}${JSON.stringify(error)}`).not.toContain(CREDENTIAL);
  return error;
}

describe("§3.2 what a join says", () => {
  test("the account as a subprotocol, and each wish as a query parameter beside the link's own", async () => {
    const identity = { kind: "agent", model: "m-1" } as const;
    const { me, call } = await joinQuickly(broker, {
      streamName: "writer",
      streamMetadata: { name: "Ä€𝄞" },
      peerIdentity: identity,
      selfSubscribe: true,
      subscribeStreams: [PEER_ID],
      receipts: true,
    });
    expect(call.protocols).toEqual(["ams.v1", `ams.bearer.${CREDENTIAL}`]);
    const query = Object.fromEntries(call.query);
    const decode = (text = "") => JSON.parse(Buffer.from(text, "base64url").toString());
    expect(query.t).toBe(LINK_TOKEN);
    expect(query.stream_name).toBe("writer");
    expect(decode(query.stream_metadata)).toEqual({ name: "Ä€𝄞" });
    expect(decode(query.peer_identity)).toEqual(identity);
    expect(query.self_subscribe).toBe("true");
    expect(query.subscribe_streams).toBe(PEER_ID);
    expect(query.receipts).toBe("true");
    await me.close();
  });

  test("the link alone joins as a guest, under a name of its own: a word and 4 random characters", async () => {
    for (const joining of [
      join(broker.link),
      join(broker.link, {}),
      join(broker.link, { guest: true }),
    ]) {
      const call = await broker.call();
      expect(call.protocols).toEqual(["ams.v1", "ams.guest"]);
      expect(call.query.get("stream_name")).toMatch(/^[a-z]+-[a-z2-7]{4}$/);
      call.join();
      await (await joining).close();
    }
  });

  test("a credential, if there is one, goes before being a guest; a wrong one makes nobody a guest", async () => {
    for (const credential of [undefined, CREDENTIAL]) {
      const joining = join(broker.link, { credential, guest: true });
      const call = await broker.call();
      expect(call.protocols[1]).toBe(credential ? `ams.bearer.${CREDENTIAL}` : "ams.guest");
      call.join();
      await (await joining).close();
    }
    const wrong = await failure(join(broker.link, { credential: "", guest: true }));
    expect(wrong.code).toBe("invalid_credential");
  });

  test("metadata too large for an address follows in a frame, before anything else", async () => {
    const streamMetadata = { text: "x".repeat(10_000) };
    const { me, call } = await joinQuickly(broker, { streamMetadata });
    expect(call.query.has("stream_metadata")).toBe(false);
    await me.send("first");
    expect(await call.frame()).toEqual({ type: "set_metadata", metadata: streamMetadata });
    expect(await call.frame()).toEqual({ type: "token", data: "first" });
    await me.close();
  });

  test("what joined says is there to read", async () => {
    const peer = { ...named("peer"), metadata: { a: 1 }, peer_identity: { kind: "human" } };
    const { me } = await joinQuickly(broker, {}, { peers: [peer], metadata: { b: 2 } });
    expect(me.streamName).toBe("me");
    expect(me.conversationMetadata).toEqual({ title: "Stand-up" });
    expect(me.metadata).toEqual({ b: 2 });
    expect([...me.peers.values()]).toEqual([
      {
        streamId: PEER_ID,
        streamName: "peer",
        ownerAccountId: named("").owner_account_id,
        peerIdentity: { kind: "human" },
        metadata: { a: 1 },
      },
    ]);
    await me.close();
  });
});

describe("what can't be joined is refused in one sentence", () => {
  const mistakes: readonly (readonly [string, string, Partial<JoinOptions>, string])[] = [
    ["no URL", "hello", {}, "invalid_link"],
    ["an empty link", " ", {}, "invalid_link"],
    ["a web page", "https://example.com/", {}, "invalid_link"],
    ["a link without its token", "http://h/demo/conversations/a", {}, "invalid_link"],
    [
      "a link cut off in its token",
      `http://h/demo/conversations/a?t=${"t".repeat(42)}`,
      {},
      "invalid_link",
    ],
    ["half a credential", "", { credential: "ams_sk_half" }, "invalid_credential"],
    [
      "a credential that is undefined",
      "",
      { credential: undefined as never },
      "missing_credential",
    ],
    [
      "no guest either",
      "",
      { credential: undefined as never, guest: false as never },
      "missing_credential",
    ],
    ["a bad stream name", "", { streamName: "no spaces" }, "invalid_stream_name"],
    ["metadata that is no object", "", { streamMetadata: [] as never }, "invalid_stream_metadata"],
    [
      "too much metadata",
      "",
      { streamMetadata: { x: "x".repeat(16_384) } },
      "invalid_stream_metadata",
    ],
    ["a cycle", "", { streamMetadata: cycle() }, "invalid_stream_metadata"],
    ["a bad peer identity", "", { peerIdentity: { kind: "robot" } as never }, "invalid_argument"],
    ["a stream name as a selection", "", { subscribeStreams: ["writer"] }, "invalid_argument"],
    ["less than no time", "", { reconnectForMs: -1 }, "invalid_argument"],
    ["a buffer of no size", "", { sendBufferBytes: Number.NaN }, "invalid_argument"],
    ["an aborted signal", "", { signal: AbortSignal.abort() }, "aborted"],
  ];

  test.each(mistakes)("%s, before anything is sent", async (_, link, options, code) => {
    const all = { credential: CREDENTIAL, ...options } as JoinOptions;
    const error = await failure(join(link === "" ? broker.link : link, all));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(/^[A-Z].*\.$/);
  });

  test.each([
    [4001, "invalid_magic_link"],
    [4002, "invalid_credential"],
    [4003, "account_concurrency_limit"],
    [4003, "conversation_subscriber_limit"],
    [4004, "stream_name_conflict"],
    [4005, "conversation_not_found"],
    [4400, "invalid_stream_metadata_header"],
  ])("§3.3 a refusal with %i %s, at once", async (closeCode, reason) => {
    const joining = failure(join(broker.link, { credential: CREDENTIAL }));
    (await broker.call()).close(closeCode, reason);
    expect(await joining).toMatchObject({ code: reason, closeCode });
  });

  test("§6.2 a reason or code that this SDK doesn't know", async () => {
    const joining = failure(join(broker.link, { credential: CREDENTIAL }));
    (await broker.call()).close(4002, "something_new");
    expect(await joining).toMatchObject({ code: "refused", closeCode: 4002 });
  });

  test("a connection that nobody takes", async () => {
    const { link } = broker;
    await broker.stop();
    const error = await failure(join(link, { credential: CREDENTIAL }));
    expect(error.code).toBe("unreachable");
    expect(error.message).toContain("ECONNREFUSED");
    broker = await startFakeBroker();
  });

  test("a web page where AMS should be", async () => {
    broker.upgrades = false;
    broker.answer = () => ({ status: 200, type: "text/html", body: "<h1>Hello</h1>" });
    expect((await failure(join(broker.link, { credential: CREDENTIAL }))).code).toBe("not_ams");
  });

  test("some other JSON where AMS should be", async () => {
    broker.upgrades = false;
    broker.answer = () => ({ status: 200, body: '{"hello":"world"}' });
    expect((await failure(join(broker.link, { credential: CREDENTIAL }))).code).toBe("not_ams");
  });

  test("a proxy that lets HTTP through and no WebSocket", async () => {
    broker.upgrades = false;
    broker.answer = () => ({ status: 200, body: '{"version":"1","features":[],"limits":{}}' });
    const error = await failure(join(broker.link, { credential: CREDENTIAL }));
    expect(error.code).toBe("websocket_blocked");
  });

  test("a deployment that takes the connection and says nothing", async () => {
    broker.answer = () => ({ status: 200, body: '{"version":"1","features":[],"limits":{}}' });
    const silent = joinIn({ dialMs: 30 });
    const error = await failure(silent(broker.link, { credential: CREDENTIAL }));
    expect(error.code).toBe("websocket_blocked");
  });

  test("a server that takes connections and says nothing at all", async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    if (address === null || typeof address === "string") throw new Error("It has a port.");
    const link = broker.link.replace(broker.url, `http://127.0.0.1:${address.port}`);
    const impatient = joinIn({ dialMs: 30, diagnoseMs: 30 });
    expect((await failure(impatient(link, { credential: CREDENTIAL }))).code).toBe("timeout");
    silent.close();
  });

  test("a first frame that is not joined, or can't be read", async () => {
    for (const text of ["[]", "{", '{"type":"joined"}', '{"type":"pong"}']) {
      const joining = failure(join(broker.link, { credential: CREDENTIAL }));
      (await broker.call()).sendText(text);
      expect((await joining).code).toBe("unexpected_answer");
    }
  });
});

test("a busy deployment is asked again, for a while", async () => {
  const joining = join(broker.link, { credential: CREDENTIAL });
  (await broker.call()).close(4503, "draining");
  (await broker.call()).close(4500, "internal_error");
  (await broker.call()).join();
  await (await joining).close();
  const impatient = joinIn({ joinMs: 0 });
  const failing = failure(impatient(broker.link, { credential: CREDENTIAL }));
  (await broker.call()).close(4503, "draining");
  expect((await failing).code).toBe("draining");
});

test("a signal stops a join under way, and later ends the connection", async () => {
  const early = new AbortController();
  const joining = failure(join(broker.link, { credential: CREDENTIAL, signal: early.signal }));
  const call = await broker.call();
  early.abort();
  expect((await joining).code).toBe("aborted");
  await call.closed;

  const late = new AbortController();
  const { me } = await joinQuickly(broker, { signal: late.signal });
  const reading = failure(me.tokens().next());
  late.abort();
  expect((await reading).code).toBe("aborted");
  expect((await me.closed)?.code).toBe("aborted");
});

function cycle(): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  value.self = value;
  return value;
}
