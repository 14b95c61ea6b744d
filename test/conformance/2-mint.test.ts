/** §2.3, §2.6: minting, in all its forms and refusals. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import {
  account,
  expectProblem,
  http,
  inspect,
  mint,
  readMinted,
  renewLink,
  tryMint,
  unique,
} from "./driver.ts";
import { dial, expectRefusal, join } from "./subscriber.ts";

const jcs = (canonical_input: unknown, more = {}) => ({
  id_kind: "jcs-sha256",
  canonical_input,
  ...more,
});

test("§2.3 answers 201 with all that was asked for", async () => {
  const ann = await account();
  const alias = unique();
  const wish = {
    alias,
    stream_name: "Lead.1_a-b",
    metadata: { title: "é", nested: { list: [1, null, true] } },
    stream_metadata: { role: "lead" },
  };
  const answer = await tryMint(ann, { ...wish, expires_in_s: 60, max_joins: 3 });
  expect(answer.status).toBe(201);
  const minted = readMinted(answer);
  expect(minted).toMatchObject({
    ...wish,
    namespace: ann.namespace,
    id_kind: "ulid",
    replay: null,
  });
  const life = Date.parse(minted.expires_at ?? "") - Date.parse(minted.created_at);
  expect(life).toBe(60_000);
});

test("§2.3 needs no body, and then everything is generated", async () => {
  const ann = await account();
  const path = `/v1/${ann.namespace}/conversations`;
  const answer = await http("POST", path, { bearer: ann.credential });
  expect(answer.status).toBe(201);
  const minted = readMinted(answer);
  expect(minted.alias).toMatch(/^[a-z]+-[a-z]+-\d{4}$/);
  expect(minted.stream_name).toMatch(/^stream-[A-Za-z0-9_-]{8}$/);
  expect(minted).toMatchObject({ metadata: {}, stream_metadata: {}, expires_at: null });
});

test("§2.3.1 §2.3.2 alias and stream_name null or empty mean generated ones", async () => {
  const ann = await account();
  for (const empty of [null, ""]) {
    const minted = await mint(ann, { alias: empty, stream_name: empty });
    expect(minted.alias).not.toBe("");
    expect(minted.stream_name).not.toBe("");
  }
});

test("§1.4 the magic link names namespace, alias and token, and nothing else", async () => {
  const minted = await mint(await account());
  const url = new URL(minted.magic_link);
  expect(url.pathname.endsWith(`/${minted.namespace}/conversations/${minted.alias}`)).toBe(true);
  expect([...url.searchParams.keys()]).toEqual(["t"]);
  expect(minted.t).toMatch(/^[A-Za-z0-9_-]{43}$/);
});

test("§2.3.2 its stream_id is the one that the minter gets on connecting with that name", async () => {
  const ann = await account();
  const minted = await mint(ann, { stream_name: "lead" });
  const subscriber = await join(minted, { as: ann, name: "lead" });
  expect(subscriber.joined.stream_id).toBe(minted.stream_id);
  expect(subscriber.joined.conversation_id).toBe(minted.conversation_id);
});

const refusals: readonly (readonly [string, string, Readonly<Record<string, unknown[]>>])[] = [
  ["§2.3.1", "invalid_alias", { alias: ["-a", "A", "a_b", "a.b", "a".repeat(64), 1, {}, ["a"]] }],
  ["§2.3.2", "invalid_stream_name", { stream_name: ["-a", ".a", "a b", "é", "a".repeat(64), 7] }],
  ["§2.3.7", "unsupported_id_kind", { id_kind: ["uuid", "", 1, "ULID"] }],
  ["§2.3.3", "invalid_metadata", { metadata: [[], "a", 1, null, true] }],
  ["§2.3.4", "invalid_stream_metadata", { stream_metadata: [[], "a", 1, null, false] }],
  ["§2.3.5", "invalid_expiry", { expires_in_s: [0, -1, 1.5, "60", true, 31_536_001] }],
  ["§2.3.6", "invalid_max_joins", { max_joins: [0, -1, 1.5, "3", [], 100_001] }],
  [
    "§7.1",
    "invalid_replay",
    {
      replay: [
        ...[true, {}, { ttl_s: 60 }, { ttl_s: "60", max_bytes: 1_048_576 }],
        ...[
          { ttl_s: 0, max_bytes: 1_048_576 },
          { ttl_s: 60, max_bytes: 1_023 },
        ],
      ],
    },
  ],
];
test.for(refusals)("%s a bad wish is 400 %s", async ([, error, wishes]) => {
  const ann = await account();
  for (const [member, values] of Object.entries(wishes)) {
    for (const value of values) expectProblem(await tryMint(ann, { [member]: value }), 400, error);
  }
});

test("§2.3.1 an alias that is taken is 409 alias_taken, in this namespace only", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const alias = unique();
  await mint(ann, { alias });
  expectProblem(await tryMint(ann, { alias }), 409, "alias_taken");
  await mint(bob, { alias });
});

test("§2.3.1 of ten concurrent mints of one alias exactly one is answered 201", async () => {
  const ann = await account();
  const alias = unique();
  const answers = await Promise.all(Array.from({ length: 10 }, () => tryMint(ann, { alias })));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  for (const answer of answers.filter(({ status }) => status !== 201)) {
    expectProblem(answer, 409, "alias_taken");
  }
});

test("§2.3.3 metadata has 16,384 bytes of compact JSON and not one more, white space not counted", async () => {
  const ann = await account();
  const path = `/v1/${ann.namespace}/conversations`;
  const send = (member: string, inside: number) => {
    const value = `{ "é" : [ "${"x".repeat(inside - 11)}" ] }`;
    return http("POST", path, { bearer: ann.credential, raw: `{"${member}":${value}}` });
  };
  for (const member of ["metadata", "stream_metadata"]) {
    const fits = await send(member, 16_384);
    expect(fits.status, fits.text.slice(0, 200)).toBe(201);
    expectProblem(await send(member, 16_385), 400, `invalid_${member}`);
  }
});

test("§1.7 metadata comes back as it was given, digit for digit and in its order", async () => {
  const ann = await account();
  const metadata =
    '{"z":1,"a":12345678901234567890.10,"__proto__":{"x":1e400},"10":"\\u0041","2":[-0,1.50]}';
  const path = `/v1/${ann.namespace}/conversations`;
  const raw = `{"metadata": ${metadata}}`;
  const answer = await http("POST", path, { bearer: ann.credential, raw });
  expect(answer.status, answer.text).toBe(201);
  expect(answer.text).toContain(`"metadata":${metadata}`);
  const minted = readMinted(answer);
  const inspected = await http("GET", `${minted.path}?t=${minted.t}`);
  expect(inspected.text).toContain(`"metadata":${metadata}`);
  const subscriber = await join(minted, { as: ann });
  expect(subscriber.texts[0]).toContain(`"conversation_metadata":${metadata}`);
});

test("§2.3.5 expiry ends admission only: live sockets stay", async () => {
  const ann = await account();
  const minted = await mint(ann, { expires_in_s: 1 });
  const early = await join(minted, { as: ann, name: "early" });
  for (;;) {
    const late = dial(minted, { as: ann, name: "late" });
    if (await late.settled()) {
      late.leave();
      continue;
    }
    await expectRefusal(late, 4001, "invalid_magic_link");
    break;
  }
  expectProblem(await http("GET", `${minted.path}?t=${minted.t}`), 403, "invalid_token");
  await early.drained();
});

test("§2.3.6 max_joins counts streams, not connects; one that was counted may come back", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann, { max_joins: 2 });
  const first = await join(minted, { as: ann, name: "first" });
  await expectRefusal(dial(minted, { as: bob, name: "first" }), 4004, "stream_name_conflict");
  await join(minted, { as: bob, name: "second" });
  await expectRefusal(dial(minted, { as: ann, name: "third" }), 4001, "invalid_magic_link");
  await join(minted, { as: ann, name: "first" }); // A takeover.
  expect(await first.ended()).toEqual({ code: 4001, reason: "stream_displaced" });
  const second = await join(minted, { as: bob, name: "second" });
  second.leave();
  await second.closed;
  await join(minted, { as: bob, name: "second" });
  expect((await inspect(minted)).conversation_id).toBe(minted.conversation_id);
});

test("§2.3.6 joins that a guest used up are the owner's again with a new link, which the guest has not", async () => {
  const ann = await account();
  const minted = await mint(ann, { max_joins: 2 });
  const guest = { protocols: ["ams.v1", "ams.guest"] };
  for (const name of [unique("g"), unique("g")]) await join(minted, { ...guest, name });
  await expectRefusal(dial(minted, { as: ann, name: "owner" }), 4001, "invalid_magic_link");
  const renewed = await renewLink(ann, minted);
  await join(renewed, { as: ann, name: "owner" });
  await expectRefusal(dial(minted, { ...guest, name: "again" }), 4001, "invalid_magic_link");
});

test("§2.6 has the id of namespace and RFC 8785 bytes", async () => {
  const ann = await account();
  const minted = await mint(ann, jcs({ b: [1.0, "é"], a: unique() }));
  const again = await mint(ann, jcs({ a: unique(), b: [] }));
  expect(again.conversation_id).not.toBe(minted.conversation_id);
  const text = unique();
  const { conversation_id, id_kind } = await mint(ann, jcs({ z: 1e21, a: text, é: false }));
  const canonical = `${ann.namespace}\n{"a":"${text}","z":1e+21,"é":false}`;
  expect(conversation_id).toBe(`conv_${createHash("sha256").update(canonical).digest("hex")}`);
  expect(id_kind).toBe("jcs-sha256");
});

test("§2.6.1 again in the same namespace answers 200 with the same conversation, whatever else is asked for", async () => {
  const ann = await account();
  const input = { key: unique() };
  const first = await mint(ann, jcs(input, { metadata: { is: "first" } }));
  const answer = await tryMint(ann, jcs(input, { alias: unique(), metadata: { is: "second" } }));
  expect(answer.status, answer.text).toBe(200);
  const second = readMinted(answer);
  const { conversation_id, alias } = first;
  expect(second).toMatchObject({ conversation_id, alias, metadata: { is: "first" } });
  expect(second.t).not.toBe(first.t);
  await join(first, { as: ann, name: "by-the-first" });
  await join(second, { as: ann, name: "by-the-second" });
});

test("§2.6.1 in another namespace the same input is another conversation", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const input = { key: unique() };
  const [one, two] = [await mint(ann, jcs(input)), await mint(bob, jcs(input))];
  expect(one.conversation_id).not.toBe(two.conversation_id);
});

test("§2.6 any JSON value is an input, null too", async () => {
  const ann = await account();
  for (const input of [null, 0, "", [], {}, true]) await mint(ann, jcs(input));
});

test("§2.6.2 a bad canonical input is 400 invalid_canonical_input", async () => {
  const ann = await account();
  const path = `/v1/${ann.namespace}/conversations`;
  const kind = '"id_kind":"jcs-sha256"';
  for (const raw of [
    `{${kind}}`,
    '{"canonical_input":{}}',
    `{${kind},"canonical_input":12345678901234567890}`,
    `{${kind},"canonical_input":1e400}`,
    `{${kind},"canonical_input":"\\ud800"}`,
    `{${kind},"canonical_input":{"\\udc00":1}}`,
    `{${kind},"canonical_input":{"a":1,"a":2}}`,
  ]) {
    const answer = await http("POST", path, { bearer: ann.credential, raw });
    expectProblem(answer, 400, "invalid_canonical_input");
  }
});

test("§2.6.3 the 33rd link ends the oldest, and the sockets that it admitted stay", async () => {
  const ann = await account();
  const input = { key: unique() };
  const oldest = await mint(ann, jcs(input));
  const second = await mint(ann, jcs(input));
  const early = await join(oldest, { as: ann, name: "early" });
  for (let links = 3; links <= 32; links += 1) await mint(ann, jcs(input));
  expect((await http("GET", `${oldest.path}?t=${oldest.t}`)).status).toBe(200);
  await mint(ann, jcs(input));
  expectProblem(await http("GET", `${oldest.path}?t=${oldest.t}`), 403, "invalid_token");
  await expectRefusal(dial(oldest, { as: ann, name: "late" }), 4001, "invalid_magic_link");
  await join(second, { as: ann, name: "by-the-second" });
  await early.drained();
});
