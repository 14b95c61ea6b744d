import { createServer } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { all, codeOf } from "../testing/collect.ts";
import {
  CREDENTIAL,
  type FakeBroker,
  LINK_TOKEN,
  startFakeBroker,
} from "../testing/fake-broker.ts";
import { createAccount, openAccount } from "./account.ts";
import { health, inspect, offer } from "./deployment.ts";

const ACCOUNT = { account_id: "acc_1", namespace: "demo", created_at: "2026-01-31T12:00:00.000Z" };
const CONVERSATION = {
  conversation_id: "conv_1",
  namespace: "demo",
  alias: "stand-up",
  id_kind: "ulid",
  metadata: { nested: { snake_case: 1 } },
  replay: null,
  expires_at: null,
  created_at: "2026-01-31T12:00:00.000Z",
};

let broker: FakeBroker;
let asked: { method: string; path: string; body: unknown }[] = [];
beforeEach(async () => {
  broker = await startFakeBroker();
  asked = [];
});
afterEach(() => broker.stop());

/** Answers each request with the next of these, and remembers what was asked. */
function answerWith(...answers: readonly (readonly [number, object?])[]) {
  const queue = [...answers];
  asked = [];
  broker.answer = (method, path, body) => {
    asked.push({ method, path, body: body === "" ? null : JSON.parse(body) });
    const [status, json] = queue.shift() ?? [500];
    return { status, ...(json === undefined ? {} : { body: JSON.stringify(json) }) };
  };
}

const open = async () => {
  answerWith([200, ACCOUNT]);
  return await openAccount(`${broker.url}/`, { credential: CREDENTIAL });
};

describe("an account", () => {
  test("§2.2 is made, with an invite where one is needed", async () => {
    answerWith([201, { ...ACCOUNT, credential: CREDENTIAL }]);
    const account = await createAccount(broker.url, { namespace: "demo", invite: "please" });
    expect(asked).toEqual([
      { method: "POST", path: "/v1/accounts", body: { namespace: "demo", invite: "please" } },
    ]);
    expect(account).toMatchObject({
      accountId: "acc_1",
      namespace: "demo",
      credential: CREDENTIAL,
    });
    expect(JSON.stringify(account)).not.toContain(CREDENTIAL);
  });

  test("§1.1 gets a namespace of its own where none is given: a word and 8 random characters", async () => {
    answerWith([201, { ...ACCOUNT, credential: CREDENTIAL }]);
    await createAccount(broker.url);
    const namespace = expect.stringMatching(/^[a-z]+-[a-z2-7]{8}$/);
    expect(asked).toEqual([{ method: "POST", path: "/v1/accounts", body: { namespace } }]);
  });

  test("§2.3 mints, and returns the conversation with its link", async () => {
    const account = await open();
    const minted = {
      ...CONVERSATION,
      magic_link: broker.link,
      stream_id: "str_1",
      stream_name: "lead",
      stream_metadata: {},
    };
    answerWith([201, minted], [200, { ...minted, replay: { ttl_s: 60, max_bytes: 1_024 } }]);
    const conversation = await account.mint({
      alias: "stand-up",
      streamName: "lead",
      metadata: { a: 1 },
      expiresInS: 60,
      maxJoins: 3,
    });
    expect(asked.at(-1)?.body).toEqual({
      alias: "stand-up",
      stream_name: "lead",
      metadata: { a: 1 },
      expires_in_s: 60,
      max_joins: 3,
    });
    expect(conversation).toMatchObject({
      conversationId: "conv_1",
      magicLink: broker.link,
      metadata: { nested: { snake_case: 1 } },
      replay: null,
      expiresAt: null,
    });
    const { replay } = await account.mint({ canonicalInput: null });
    expect(replay).toEqual({ ttlS: 60, maxBytes: 1_024 });
    expect(asked.at(-1)?.body).toEqual({ id_kind: "jcs-sha256", canonical_input: null });
  });

  test("§2.4 lists, page after page", async () => {
    const account = await open();
    answerWith(
      [200, { conversations: [CONVERSATION], next_cursor: "a b" }],
      [200, { conversations: [{ ...CONVERSATION, alias: "second" }], next_cursor: null }],
    );
    const aliases = (await all(account.list())).map((conversation) => conversation.alias);
    expect(aliases).toEqual(["stand-up", "second"]);
    expect(asked.at(-1)?.path).toBe("/v1/demo/conversations?cursor=a%20b");
  });

  test("§2.5 §2.7 inspects, renews the link, closes", async () => {
    const account = await open();
    answerWith([200, { ...CONVERSATION, streams: [] }], [200, { magic_link: broker.link }], [204]);
    expect(await account.inspect("stand-up")).toMatchObject({ alias: "stand-up", streams: [] });
    expect(await account.newLink("stand-up", { keepConnected: true })).toBe(broker.link);
    await account.close("stand-up");
    expect(asked).toEqual([
      { method: "GET", path: "/v1/demo/conversations/stand-up", body: null },
      {
        method: "POST",
        path: "/v1/demo/conversations/stand-up/link",
        body: { keep_connected: true },
      },
      { method: "DELETE", path: "/v1/demo/conversations/stand-up", body: null },
    ]);
  });

  test("§2.7.5 a link with limits is made, listed and revoked", async () => {
    const account = await open();
    const wish = { name: "audience", readOnly: true, maxJoins: 3 };
    const link = { link_id: "link_2", name: "audience", read_only: true, max_joins: 3 };
    answerWith(
      [201, { ...link, magic_link: broker.link }],
      [200, { links: [{ ...link, uses: 1 }] }],
      [204],
    );
    const made = { linkId: "link_2", name: "audience", readOnly: true, streamName: null };
    expect(await account.createLink("stand-up", wish)).toMatchObject({
      ...made,
      magicLink: broker.link,
    });
    const listed = { ...made, maxJoins: 3, joins: null, uses: 1, lastUsedAt: null };
    expect(await account.links("stand-up")).toMatchObject([listed]);
    await account.revokeLink("stand-up", "link_2");
    expect(asked).toEqual([
      {
        method: "POST",
        path: "/v1/demo/conversations/stand-up/links",
        body: { name: "audience", read_only: true, max_joins: 3 },
      },
      { method: "GET", path: "/v1/demo/conversations/stand-up/links", body: null },
      { method: "DELETE", path: "/v1/demo/conversations/stand-up/links/link_2", body: null },
    ]);
  });

  test("§2.2.8 §2.2.10 a key is made, listed and revoked", async () => {
    const account = await open();
    const key = {
      key_id: "key_1",
      name: "reporter",
      scopes: ["join", "read"],
      expires_at: null,
      created_at: "2026-01-31T12:00:00.000Z",
    };
    answerWith(
      [201, { ...key, credential: "ams_sk_key" }],
      [200, { keys: [{ ...key, last_used_at: "2026-01-31T13:00:00.000Z" }] }],
      [204],
    );
    const options = { name: "reporter", scopes: ["join", "read"], expiresInS: 60 } as const;
    const made = { keyId: "key_1", name: "reporter", scopes: ["join", "read"], expiresAt: null };
    expect(await account.createKey(options)).toMatchObject({ ...made, credential: "ams_sk_key" });
    expect(account.credential).toBe(CREDENTIAL);
    const listed = { ...made, lastUsedAt: "2026-01-31T13:00:00.000Z" };
    expect(await account.listKeys()).toMatchObject([listed]);
    await account.revokeKey("key_1/..");
    const body = { name: "reporter", scopes: ["join", "read"], expires_in_s: 60 };
    expect(asked).toEqual([
      { method: "POST", path: "/v1/account/keys", body },
      { method: "GET", path: "/v1/account/keys", body: null },
      { method: "DELETE", path: "/v1/account/keys/key_1%2F..", body: null },
    ]);
  });

  test("§2.10.6 reads what it used in the last hours", async () => {
    const account = await open();
    const counts = { tokens_in: 1, bytes_in: 2, deliveries: 3, bytes_out: 4 };
    const rest = { connection_s: 5, peak_streams: 6, replay_bytes: 7 };
    const hour = "2026-01-31T12:00:00.000Z";
    answerWith([200, { hours: [{ hour, ...counts, ...rest }] }], [200, { hours: [] }]);
    expect(await account.usage({ hours: 48 })).toEqual([
      {
        ...{ hour, tokensIn: 1, bytesIn: 2, deliveries: 3, bytesOut: 4 },
        ...{ connectionS: 5, peakStreams: 6, replayBytes: 7 },
      },
    ]);
    expect(await account.usage()).toEqual([]);
    const paths = asked.map(({ path }) => path);
    expect(paths).toEqual(["/v1/account/usage?hours=48", "/v1/account/usage"]);
  });

  test("§2.2.4 rotates its credential, reads its details, and ends", async () => {
    const account = await open();
    const limits = { streams_per_account: 10, subscribers_per_conversation: 100 };
    answerWith([200, { credential: "ams_sk_new" }], [200, { ...ACCOUNT, limits }], [204]);
    expect(await account.rotate({ graceS: 60 })).toBe("ams_sk_new");
    expect(account.credential).toBe("ams_sk_new");
    expect((await account.details()).limits.streamsPerAccount).toBe(10);
    await account.delete();
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "POST /v1/account/credential",
      "GET /v1/account",
      "DELETE /v1/account",
    ]);
  });
});

describe("what goes wrong over HTTP", () => {
  const create = () => createAccount(broker.url, { namespace: "demo" });

  test("a refusal has the code, the sentence, the status, and when to try again", async () => {
    broker.answer = () => ({
      status: 409,
      body: '{"error":"namespace_taken","message":"The namespace is taken."}',
    });
    await expect(create()).rejects.toMatchObject({
      code: "namespace_taken",
      message: "The namespace is taken.",
      status: 409,
    });
    broker.answer = () => ({
      status: 418,
      body: '{"error":"teapot","message":"Short and stout."}',
    });
    await expect(create()).rejects.toMatchObject({ code: "refused", message: "Short and stout." });
  });

  test.each([
    ["a web page", { status: 200, type: "text/html", body: "<h1>Hello</h1>" }],
    ["a web server's 404", { status: 404, type: "text/html", body: "<h1>Not found</h1>" }],
    ["another API's error", { status: 404, body: '{"detail":"Not Found"}' }],
    ["broken JSON", { status: 200, body: "{" }],
    ["a list", { status: 200, body: "[]" }],
    ["JSON of another shape", { status: 200, body: '{"ok":true}' }],
    ["an answer without a body", { status: 204 }],
  ])("%s is not AMS", async (_, answer) => {
    broker.answer = () => answer;
    const credential = CREDENTIAL;
    for (const ask of [
      create,
      () => openAccount(broker.url, { credential }),
      () => offer(broker.url),
      () => health(broker.url),
      () => inspect(broker.link),
    ]) {
      await expect(ask()).rejects.toMatchObject({
        code: "not_ams",
        message: `What answers at ${broker.url} is not AMS, or none that this SDK knows.`,
      });
    }
  });

  test.each([502, 503, 504])("a proxy's %i is a deployment that is not up", async (status) => {
    broker.answer = () => ({ status, type: "text/html", body: "<h1>Bad gateway</h1>" });
    await expect(create()).rejects.toMatchObject({ code: "unavailable", status });
  });

  test("an answer without end is not AMS, and is not read to its end", async () => {
    const chunk = `"${"x".repeat(1_048_576)}",`;
    const endless = createServer((_, response) => {
      response.setHeader("content-type", "application/json");
      const write = () => {
        if (response.destroyed) return;
        if (response.write(chunk)) setImmediate(write);
        else response.once("drain", write);
      };
      write();
    });
    await new Promise<void>((resolve) => endless.listen(0, "127.0.0.1", resolve));
    const address = endless.address();
    if (address === null || typeof address === "string") throw new Error("It has a port.");
    expect(await codeOf(offer(`http://127.0.0.1:${address.port}`))).toBe("not_ams");
    endless.close();
  });

  test("an answer of nearly the shape is not AMS either, and its cause says what it lacks", async () => {
    broker.answer = () => ({ status: 201, body: '{"account_id":"acc_1"}' });
    await expect(create()).rejects.toMatchObject({
      code: "not_ams",
      cause: { message: "The deployment's answer lacks namespace." },
    });
    const account = await open();
    broker.answer = () => ({ status: 200, body: '{"ok":true}' });
    for (const ask of [() => account.mint(), () => account.list().next(), () => account.rotate()]) {
      expect(await codeOf(ask())).toBe("not_ams");
    }
  });

  test("bad arguments, before anything is sent", async () => {
    expect(await codeOf(createAccount("127.0.0.1:8080", { namespace: "x" }))).toBe(
      "invalid_argument",
    );
    expect(await codeOf(createAccount("", { namespace: "x" }))).toBe("invalid_argument");
    expect(await codeOf(openAccount(broker.url, { credential: "half" }))).toBe(
      "invalid_credential",
    );
    const account = await open();
    expect(await codeOf(account.mint({ metadata: { n: 1n } }))).toBe("invalid_argument");
    for (const timeoutMs of [-1, Number.NaN]) {
      expect(await codeOf(offer(broker.url, { timeoutMs }))).toBe("invalid_argument");
    }
  });

  test("nobody there, no answer in time, and a caller who stops it", async () => {
    const hanging = startFakeBroker();
    const other = await hanging;
    const { url } = other;
    await other.stop();
    expect(await codeOf(offer(url))).toBe("unreachable");
    const stop = new AbortController();
    broker.answer = () => {
      stop.abort();
      return { status: 200, body: "{}" };
    };
    expect(await codeOf(offer(broker.url, { signal: stop.signal }))).toBe("aborted");
    expect(await codeOf(offer(broker.url, { signal: stop.signal }))).toBe("aborted");
    expect(await codeOf(offer(broker.url, { timeoutMs: 0 }))).toBe("timeout");
  });

  test("a port that fetch asks nobody on is reported as such", async () => {
    await expect(offer("http://127.0.0.1:6000")).rejects.toMatchObject({
      code: "unreachable",
      message:
        "No request goes to http://127.0.0.1:6000: its port is one that fetch and browsers refuse.",
    });
  });

  test("a request under way holds the process until its time is over, and not longer", async () => {
    const timers = () =>
      process.getActiveResourcesInfo().filter((resource) => resource === "Timeout").length;
    const before = timers();
    const stop = new AbortController();
    const asking = codeOf(offer(broker.url, { signal: stop.signal }));
    expect(timers()).toBe(before + 1);
    stop.abort();
    await asking;
    expect(timers()).toBe(before);
  });
});

test("§2.8 §2.9 anybody may ask what a deployment offers and how it is", async () => {
  answerWith(
    [200, { version: "1", features: ["guests"], limits: { token_bytes: 65_536, new: "kind" } }],
    [200, { ok: true, host: "gateway-1", ts: "2026-01-31T12:00:00.000Z" }],
  );
  expect(await offer(broker.url)).toEqual({
    version: "1",
    features: ["guests"],
    limits: { token_bytes: 65_536 },
  });
  expect((await health(broker.url)).host).toBe("gateway-1");
});

test("§2.5 §2.7.9 a link shows its conversation and its terms to whoever has it", async () => {
  const terms = { name: "audience", read_only: true, expires_at: "2026-01-31T13:00:00.000Z" };
  answerWith(
    [200, { ...CONVERSATION, streams: [] }],
    [200, { ...CONVERSATION, streams: [], link: { ...terms, stream_name: null, max_joins: 5 } }],
  );
  const { metadata, link } = await inspect(broker.link);
  expect([metadata, link]).toEqual([CONVERSATION.metadata, null]);
  expect((await inspect(broker.link)).link).toEqual({
    name: "audience",
    readOnly: true,
    streamName: null,
    expiresAt: terms.expires_at,
    maxJoins: 5,
  });
  expect(asked[0]?.path).toBe(`/v1/demo/conversations/stand-up?t=${LINK_TOKEN}`);
  expect(await codeOf(inspect("hello"))).toBe("invalid_link");
});
