// Every error of a mesh (M11): what no other test provokes is provoked here, and the last test
// holds that none is left out.
import { readdirSync, readFileSync } from "node:fs";
import type { Journals } from "@ams/journal";
import { ERRORS } from "@ams/mesh-rules";
import { encodeMultibaseKey } from "@ams/provenance";
import { StoreUnavailable } from "@ams/store";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  AT,
  agentNamed,
  type Desk,
  envelope,
  hire,
  type Loose,
  newFolder,
  openDesk,
  openMesh,
  PRIME,
  post,
  removeFolder,
} from "./testing/desk.ts";

const [alice, bob] = [agentNamed("alice"), agentNamed("bob")];
let folder: string;
let desk: Desk;
const place = () => ({ kind: "embedded", folder, durability: { kind: "memory" } }) as const;

beforeEach(() => {
  folder = newFolder();
});

afterEach(async () => {
  await desk.stop();
  removeFolder(folder);
});

/** Refused with this code; status, sentence and `retryable` are the table's. */
function expectRefused({ status, body }: { status: number; body: Loose }, code: string): void {
  expect([status, body.error]).toEqual([Reflect.get(ERRORS, code)[0], code]);
  expect(body.message).toBe(Reflect.get(ERRORS, code)[1]);
  const again = ["parent_unknown", "not_decided", "no_attestors"];
  expect(body.retryable).toBe(status === 429 || status === 503 || again.includes(code));
}

const greet = { kind: "intent", to: bob.did, intent: { action: "greet" } };

describe("requests", () => {
  beforeEach(async () => {
    desk = openDesk(place());
    await openMesh(desk, [alice, bob]);
  });

  test.each([
    ["invalid_json", "{"],
    ["duplicate_key", '{"v":1,"v":1}'],
    ["invalid_unicode", '{"v":"\\ud800"}'],
    ["invalid_number", '{"v":1e400}'],
    ["too_deep", `{"v":${"[".repeat(20)}${"]".repeat(20)}}`],
    ["too_many_members", `{"v":[${"0,".repeat(1_024)}0]}`],
    ["too_large", JSON.stringify({ v: "x".repeat(100_000) })],
    ["body_too_large", JSON.stringify({ v: "x".repeat(1_100_000) })],
  ])("%s", async (code, text) => {
    const before = (await desk.ask("GET", AT)).body.log;
    expectRefused(await desk.ask("POST", `${AT}/envelopes`, text), code);
    expect((await desk.ask("GET", AT)).body.log).toEqual(before);
  });

  test("invalid_utf8", async () => {
    const bytes = Uint8Array.of(0x7b, 0xff, 0x7d);
    const headers = { authorization: "Bearer falcon" };
    const url = `http://ams.example/mesh/v1${AT}/envelopes`;
    const request = new Request(url, { method: "POST", body: bytes, headers });
    const answer = await desk.app.fetch(request, { address: "127.0.0.1" });
    expectRefused({ status: answer.status, body: await answer.json() }, "invalid_utf8");
  });

  test("keys and DIDs: invalid_key, weak_key, did_not_found, did_not_allowed", async () => {
    const from = async (did: string) =>
      await desk.ask("POST", `${AT}/envelopes`, envelope(desk, alice, greet, did), "falcon");
    const zero = encodeMultibaseKey(new Uint8Array(32));
    expectRefused(await from("did:key:zABC"), "invalid_key");
    expectRefused(await from(`did:key:${zero}`), "weak_key");
    expectRefused(await from("did:w7:nobody"), "did_not_found");
    expectRefused(await from("did:web:example.org"), "did_not_allowed");
    const path = `${AT}/identifiers/${encodeURIComponent("did:w7:nobody")}`;
    expectRefused(await desk.ask("GET", path), "did_not_found");
    const prime = await desk.ask("GET", `${AT}/identifiers/${encodeURIComponent(PRIME)}`);
    expect(prime.body.id).toBe(PRIME);
  });

  test("invalid_op, invalid_policy, invalid_cursor, invalid_limit, not_found", async () => {
    expectRefused(await desk.ask("POST", `${AT}/registry/ops`, { op: {} }), "invalid_op");
    const card = `${AT}/agents/${encodeURIComponent(alice.did)}`;
    expectRefused(await desk.ask("PUT", card, { card: { did: alice.did } }), "invalid_op");
    for (const policy of [{}, { id: "p", actions: { allow: ["two words"] } }, { id: "p", more: 1 }])
      expectRefused(await desk.ask("PUT", `${AT}/policy`, policy), "invalid_policy");
    const journal = `${AT}/ledger/journal`;
    expectRefused(await desk.ask("GET", `${journal}?after=x`), "invalid_cursor");
    expectRefused(await desk.ask("GET", `${journal}?limit=0`), "invalid_limit");
    for (const path of ["intents", "envelopes", "delegations", "poo", "decisions", "aig"])
      expectRefused(await desk.ask("GET", `${AT}/${path}/nothing`), "not_found");
  });

  test("graph_limit: a node has 256 children, and no more", async () => {
    await desk.ask("POST", `${AT}/ledger/deposits`, { to: alice.did, amount: "50 USD", ref: "d" });
    const id = await hire(desk, alice, bob);
    const progress = { kind: "inference", to: PRIME, parent: id, payload: { stage: "progress" } };
    await post(desk, "execute", bob, { ...progress, payload: { stage: "started" } });
    for (let count = 1; count < 256; count += 1) await post(desk, "execute", bob, progress);
    expectRefused(await post(desk, "execute", bob, progress), "graph_limit");
  });
});

test("rate_limited: writes of an account in a minute, and meshes in a day", async () => {
  desk = openDesk(place(), { writesPerMinute: 1 });
  await openMesh(desk, [alice]);
  expect((await post(desk, "envelopes", alice, greet)).status).toBe(201);
  const limited = await post(desk, "envelopes", alice, greet);
  expectRefused(limited, "rate_limited");
  expect(limited.headers.get("retry-after")).toBe("1");
});

describe("the store", () => {
  let fail: ((journal: string) => Promise<never> | Promise<Loose>) | null;
  const failing = (journals: Journals): Journals => ({
    ...bound(journals),
    append: (journal, ...rest) =>
      fail === null || !journal.startsWith("mesh:")
        ? journals.append(journal, ...rest)
        : fail(journal),
  });

  beforeEach(async () => {
    fail = null;
    desk = openDesk(place(), {}, undefined, failing);
    await openMesh(desk, [alice, bob]);
    await post(desk, "envelopes", alice, greet);
  });

  test.each([
    ["not_durable", async () => ({ ok: false, fault: "not_durable" })],
    ["store_unavailable", async () => ({ ok: false, fault: "unavailable" })],
    ["store_unavailable", () => Promise.reject(new StoreUnavailable("away"))],
    ["busy", async () => ({ ok: false, fault: "conflict", head: 9 })],
    ["history_regressed", async () => ({ ok: false, fault: "regressed", head: 0 })],
  ] as const)("%s: nothing is accepted, and the state is as before", async (code, fault) => {
    const before = (await desk.ask("GET", AT)).body.log;
    fail = fault;
    expectRefused(await post(desk, "envelopes", alice, greet), code);
    fail = null;
    if (code === "history_regressed") {
      expectRefused(await desk.ask("GET", AT), code);
      return;
    }
    expect((await desk.ask("GET", AT)).body.log).toEqual(before);
    expect((await post(desk, "envelopes", alice, greet)).status).toBe(201);
  });

  test("internal_error: a mistake of the program fails one request, and changes nothing", async () => {
    const before = (await desk.ask("GET", AT)).body.log;
    const broken = {
      get status(): never {
        throw new Error("a mistake");
      },
    };
    const request = Object.assign(Object.create(broken), { url: "no url", method: "GET" });
    const answer = await desk.app.fetch(request, { address: "127.0.0.1" });
    expectRefused({ status: answer.status, body: await answer.json() }, "internal_error");
    expect((await desk.ask("GET", AT)).body.log).toEqual(before);
  });
});

function bound(journals: Journals): Omit<Journals, "append"> {
  return {
    read: (...given) => journals.read(...given),
    watch: (...given) => journals.watch(...given),
    saveSnapshot: (...given) => journals.saveSnapshot(...given),
    loadSnapshot: (...given) => journals.loadSnapshot(...given),
    putBlob: (...given) => journals.putBlob(...given),
    getBlob: (...given) => journals.getBlob(...given),
    deleteBlob: (...given) => journals.deleteBlob(...given),
    list: (...given) => journals.list(...given),
    notReady: () => journals.notReady(),
    close: () => journals.close(),
  };
}

test("M11 no code is left out", () => {
  desk = openDesk(place());
  const folders = ["../src/", "../../../libs/mesh-rules/src/", "../../../test/mesh/"];
  const files = folders.flatMap((name) => {
    const at = new URL(name, import.meta.url);
    const names = readdirSync(at).filter((file) => file.endsWith(".test.ts"));
    return names.map((file) => readFileSync(new URL(file, at), "utf8"));
  });
  const texts = files.join("\n");
  const missing = Object.keys(ERRORS).filter((code) => !texts.includes(`"${code}"`));
  expect(missing).toEqual([]);
});
