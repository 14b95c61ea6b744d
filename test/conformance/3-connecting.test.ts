/** §3.1, §3.2, §3.4: how one comes in, and what a connect may say. */
import { connect } from "node:net";
import { expect, test } from "vitest";
import { type Account, account, gatewayUrl, HERE, inspect, mint, offer, THERE } from "./driver.ts";
import {
  address,
  base64,
  base64url,
  dial,
  expectRefusal,
  join,
  type Subscriber,
  type Wishes,
} from "./subscriber.ts";

const guest: Wishes = { protocols: ["ams.v1", "ams.guest"] };
const bearer = (who: Account): Wishes => ({
  protocols: ["ams.v1", `ams.bearer.${who.credential}`],
});

/** The status line that a gateway answers to these raw bytes. */
function statusOf(head: string): Promise<string> {
  const { hostname, port, protocol } = new URL(gatewayUrl(HERE));
  if (protocol !== "http:") throw new Error("raw requests are tried on http:// only");
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port || 80), hostname, () => socket.write(head));
    socket.on("data", (data) => {
      socket.destroy();
      resolve(data.toString().slice(0, 12));
    });
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("an HTTP status was expected, not a closed socket")));
  });
}

test("§3.1 link and credential together let one in, and joined says who it is", async () => {
  const ann = await account();
  const minted = await mint(ann, { metadata: { title: "x" } });
  const { joined } = await join(minted, { as: ann, name: "lead" });
  expect(joined).toMatchObject({
    conversation_id: minted.conversation_id,
    stream_name: "lead",
    owner_account_id: ann.account_id,
    metadata: {},
    conversation_metadata: { title: "x" },
    self_subscribe: false,
    peers: [],
  });
  for (const absent of ["resumed", "subscribed_streams", "peer_identity"]) {
    expect(joined).not.toHaveProperty(absent);
  }
});

test("§3.1.1 a request without an upgrade is 426", async () => {
  const minted = await mint(await account());
  const url = new URL(address(minted));
  url.protocol = url.protocol === "wss:" ? "https:" : "http:";
  const answer = await fetch(url);
  expect(answer.status).toBe(426);
  expect(await answer.json()).toMatchObject({ error: "upgrade_required" });
});

test("§3.1.1 a malformed handshake is 426", async () => {
  const minted = await mint(await account());
  const { pathname, search, host } = address(minted);
  const right = {
    Connection: "keep-alive, Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  const wrong: readonly Partial<typeof right>[] = [
    { "Sec-WebSocket-Key": "" },
    { "Sec-WebSocket-Key": "!!!!!!!!!!!!!!!!!!!!!!!!" },
    { "Sec-WebSocket-Version": "8" },
    { "Sec-WebSocket-Version": "" },
    { Connection: "keep-alive" },
    { Upgrade: "h2c" },
  ];
  const statusWith = (headers: object) => {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return statusOf(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n${lines.join("")}\r\n`);
  };
  expect(await statusWith(right)).toBe("HTTP/1.1 101");
  for (const fault of wrong) {
    expect([fault, await statusWith({ ...right, ...fault })]).toEqual([fault, "HTTP/1.1 426"]);
  }
});

test("§3.1.1 headers of 30 KiB are read, and over 32 KiB they are 431", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const { pathname, search, host } = address(minted);
  await join(minted, { as: ann, headers: { "x-filler": "x".repeat(30_000) } });
  const status = await statusOf(
    `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nX-Filler: ${"x".repeat(40_000)}\r\n\r\n`,
  );
  expect(status).toBe("HTTP/1.1 431");
});

test("§3.1.2 no compression is negotiated, also where it is offered", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const offering = { "sec-websocket-extensions": "permessage-deflate; client_max_window_bits" };
  const subscriber = await join(minted, { as: ann, headers: offering });
  expect(subscriber.socket.extensions).toBe("");
});

test("§3.2.1 a client that can't set headers names its account by a subprotocol, and §3.2.2 is answered ams.v1", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const subscriber = await join(minted, bearer(ann));
  expect(subscriber.joined.owner_account_id).toBe(ann.account_id);
  expect(subscriber.socket.protocol).toBe("ams.v1");
});

test("§3.2.1 a bearer may stand behind several spaces, and nothing may stand behind it", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const headers = { authorization: `bEARER   ${ann.credential} ` };
  const { joined } = await join(minted, { headers });
  expect(joined.owner_account_id).toBe(ann.account_id);
  for (const authorization of [`Bearer ${ann.credential} more`, ann.credential, "Bearer"]) {
    const refused = dial(minted, { headers: { authorization } });
    await expectRefusal(refused, 4002, "invalid_credential");
  }
});

test("§2.1.1 the address of a connect takes no other method", async () => {
  const url = new URL(address(await mint(await account())));
  url.protocol = url.protocol === "wss:" ? "https:" : "http:";
  for (const method of ["POST", "DELETE", "PUT"]) {
    const answer = await fetch(url, { method });
    expect([answer.status, await answer.json()]).toMatchObject([
      405,
      { error: "method_not_allowed" },
    ]);
  }
});

test("§3.2.1 a header beats a subprotocol", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const { joined } = await join(minted, { ...bearer(bob), as: ann });
  expect(joined.owner_account_id).toBe(ann.account_id);
  const { joined: third } = await join(minted, { ...guest, as: bob });
  expect(third.owner_account_id).toBe(bob.account_id);
});

test("§3.2.2 without ams.v1 among the subprotocols none is answered", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const subscriber = await join(minted, { as: ann });
  expect(subscriber.socket.protocol).toBe("");
});

test("§3.2.3 a guest joins as the link's own account where guests are offered, else is refused", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const { features } = await offer();
  if (!features.includes("guests")) {
    await expectRefusal(dial(minted, guest), 4002, "invalid_credential");
    return;
  }
  const one = await join(minted, { ...guest, name: "one" });
  const two = await join(minted, { ...guest, name: "two", at: THERE });
  expect(one.joined.owner_account_id).toMatch(/^acc_anon_[0-9a-f]{26}$/);
  expect(two.joined.owner_account_id).toBe(one.joined.owner_account_id);
  expect(one.socket.protocol).toBe("ams.v1");
  two.say("hello");
  expect(await one.token("hello")).toMatchObject({ stream_id: two.id });
});

test("§3.2.3 a bearer that is wrong is never downgraded to a guest", async () => {
  const minted = await mint(await account());
  const wrong = `ams_sk_${"A".repeat(43)}`;
  const protocols = ["ams.v1", "ams.guest", `ams.bearer.${wrong}`];
  await expectRefusal(dial(minted, { protocols }), 4002, "invalid_credential");
  const headers = { authorization: `Bearer ${wrong}` };
  await expectRefusal(dial(minted, { ...guest, headers }), 4002, "invalid_credential");
});

test("§3.2 a stream name that is absent or empty is generated", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const wishes: Wishes[] = [
    {},
    { headers: { "x-ams-stream-name": "" } },
    { query: { stream_name: "" } },
  ];
  for (const wish of wishes) {
    const { joined } = await join(minted, { ...wish, as: ann });
    expect(joined.stream_name).toMatch(/^stream-[A-Za-z0-9_-]{8}$/);
  }
});

test("§1.3 the same account and name always give the same stream id, others others", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const [minted, other] = await Promise.all([mint(ann), mint(ann)]);
  const first = await join(minted, { as: ann, name: "lead" });
  first.leave();
  await first.closed;
  const back = await join(minted, { as: ann, name: "lead", at: THERE });
  expect(back.id).toBe(first.id);
  expect((await join(minted, { as: bob, name: "lead-2" })).id).not.toBe(first.id);
  expect((await join(other, { as: ann, name: "lead" })).id).not.toBe(first.id);
});

test("§3.2 every header has a query parameter of the same meaning", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const watcher = await join(minted, { as: ann, name: "watcher" });
  const metadata = { is: "é", list: [1, { a: null }] };
  const peer_identity = { kind: "human", client: "browser" };
  const listed = watcher.id;
  const forms: readonly [string, Wishes][] = [
    [
      "by-header",
      {
        headers: {
          "x-ams-stream-name": "by-header",
          "x-ams-stream-metadata": base64(metadata),
          "x-ams-peer-identity": base64(peer_identity),
          "x-ams-self-subscribe": "TRUE",
          "x-ams-subscribe-streams": listed,
          "x-ams-receipts": "true",
        },
      },
    ],
    [
      "by-query",
      {
        query: {
          stream_name: "by-query",
          stream_metadata: base64url(metadata),
          peer_identity: base64url(peer_identity),
          self_subscribe: "1",
          subscribe_streams: listed,
          receipts: "true",
        },
      },
    ],
  ];
  for (const [name, wishes] of forms) {
    const subscriber = await join(minted, { ...wishes, as: ann });
    const shown = { stream_name: name, metadata, peer_identity };
    expect(subscriber.joined).toMatchObject({
      ...shown,
      self_subscribe: true,
      subscribed_streams: [listed],
    });
    await expectReceiptAndEcho(subscriber);
    const announced = await watcher.next("stream_joined");
    expect(announced).toMatchObject({ ...shown, stream_id: subscriber.id });
    const { streams } = await inspect(minted);
    expect(streams.find(({ stream_name }) => stream_name === name)).toMatchObject(shown);
  }
});

async function expectReceiptAndEcho(subscriber: Subscriber): Promise<void> {
  subscriber.say("to myself");
  const token = await subscriber.token("to myself");
  expect(await subscriber.next("x_receipt")).toMatchObject({ seq: token.seq, ts: token.ts });
}

test("§3.2 when a header and its query parameter are both there the header wins", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const { joined } = await join(minted, {
    as: ann,
    name: "header",
    headers: { "x-ams-stream-metadata": base64({ is: "header" }), "x-ams-self-subscribe": "false" },
    query: {
      stream_name: "query",
      stream_metadata: base64url({ is: "query" }),
      self_subscribe: "true",
    },
  });
  expect(joined).toMatchObject({
    stream_name: "header",
    metadata: { is: "header" },
    self_subscribe: false,
  });
});

test("§3.2 self-subscribe is on for true and 1 in any case, and off for anything else", async () => {
  const ann = await account();
  const minted = await mint(ann);
  for (const [text, on] of [
    ["1", true],
    ["True", true],
    ["0", false],
    ["yes", false],
    ["", false],
  ] as const) {
    const { joined } = await join(minted, { as: ann, name: "a", query: { self_subscribe: text } });
    expect(joined.self_subscribe, `self_subscribe=${text}`).toBe(on);
  }
});

test("§3.2 stream metadata of 8,192 bytes is taken in its header", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const metadata = { a: "b".repeat(8_192 - 8) };
  const headers = { "x-ams-stream-metadata": base64(metadata) };
  const { joined } = await join(minted, { as: ann, headers });
  expect(joined.metadata).toEqual(metadata);
});

test("§3.4 of ten accounts' worth of connects for one name exactly one gets it, on whatever gateway", async () => {
  const everybody = await Promise.all([account("ann"), account("bob"), account("eve")]);
  const minted = await mint(await account());
  const attempts = everybody.map((as, index) => dial(minted, { as, name: "lead", at: index }));
  const joined = await Promise.all(attempts.map((attempt) => attempt.settled()));
  expect(joined.filter((is) => is)).toHaveLength(1);
  for (const attempt of attempts.filter((_, index) => !joined[index])) {
    expect(await attempt.ended()).toEqual({ code: 4004, reason: "stream_name_conflict" });
  }
});

test("§3.4 a name is free for another account once its stream has left", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const watcher = await join(minted, { as: ann, name: "watcher", at: THERE });
  const holder = await join(minted, { as: ann, name: "lead" });
  await expectRefusal(dial(minted, { as: bob, name: "lead" }), 4004, "stream_name_conflict");
  holder.leave();
  await watcher.next("stream_left", ({ stream_id }) => stream_id === holder.id);
  const heir = await join(minted, { as: bob, name: "lead", at: THERE });
  expect(heir.id).not.toBe(holder.id);
});

test("§3.4.1 one account may hold several streams in one conversation", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const one = await join(minted, { as: ann, name: "one" });
  const two = await join(minted, { as: ann, name: "two", at: THERE });
  expect(two.joined.peers).toMatchObject([{ stream_id: one.id, owner_account_id: ann.account_id }]);
  expect(await one.next("stream_joined")).toMatchObject({ stream_id: two.id });
});
