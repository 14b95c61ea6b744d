// The rest of W11: each error is provoked, and nothing else has changed then. The last test holds
// the list of errors against the tests of all files, so that a new error needs one.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Space } from "@ams/edge";
import { type Journals, openJournals } from "@ams/journal";
import { findRedisBinary, type RedisServer, startRedisServer } from "@ams/store/testing";
import { ERRORS, hash } from "@ams/workflow-rules";
import { afterEach, describe, expect, test } from "vitest";
import { define } from "./space/commands.ts";
import { LiveSpace } from "./space/live-space.ts";
import {
  AT,
  CONVERSATION,
  type Desk,
  LINK,
  message,
  openDesk,
  openRun,
  sign,
} from "./testing/desk.ts";
import {
  desk,
  expectRefused,
  newFolderOfTest,
  post,
  reopen,
  run,
  step,
  useDesk,
  useRun,
} from "./testing/one-desk.ts";

useDesk();

const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const spawn = (child: string, branch = "main", rest: object = {}) =>
  message(desk, run, { type: "spawn", op: "spawn", branch, content: { child, ...rest } });

describe("input", () => {
  test.each([
    ["no UTF-8", 400, "invalid_utf8", () => post(Uint8Array.of(0x22, 0xc0, 0xaf, 0x22))],
    ["a byte order mark", 400, "invalid_utf8", () => post("\ufeff{}")],
    ["a lone surrogate", 400, "invalid_unicode", () => post('{"header":"\\ud800"}')],
    ["nested too deep", 400, "too_deep", () => post(`{"header":${nested(16)}}`)],
    ["too many items", 400, "too_many_members", () => post(`[0${",0".repeat(1_024)}]`)],
    ["an integer too large", 400, "invalid_number", () => post('{"header":9007199254740992}')],
    ["an unknown member", 400, "invalid_request", () => post({ header: {}, extra: 1 })],
    ["no link", 400, "invalid_magic_link", () => open({ magic_link: "nonsense" })],
    [
      "a time to live of half a second",
      400,
      "invalid_request",
      () => open({ magic_link: "nonsense", body_ttl_s: 0.5 }),
    ],
    ["a limit of 0", 400, "invalid_limit", () => desk.ask("GET", `${AT}/runs?limit=0`)],
    ["a limit of 1,001", 400, "invalid_limit", () => desk.ask("GET", `${AT}/runs?limit=1001`)],
    ["a cursor of letters", 400, "invalid_cursor", () => desk.ask("GET", `${AT}/runs?cursor=x`)],
    ["another method", 405, "method_not_allowed", () => desk.ask("PATCH", `${AT}/runs`)],
    ["another path", 404, "not_found", () => desk.ask("GET", "/nothing")],
  ] as const)("W11 %s is %i %s", async (_what, status, code, ask) => {
    await expectRefused(status, code, ask);
  });
});

const open = (body: object) => desk.ask("POST", "/conversations", body);

describe("identity", () => {
  const notes = () => message(desk, run, { type: "note", op: "note" });
  test.each([
    ["no bearer", 401, "missing_credential", null],
    ["a wrong bearer", 401, "invalid_credential", "wrong"],
    ["no member", 404, "not_found", "osprey"],
    ["a deployment that is away", 503, "store_unavailable", "unavailable"],
    ["a fault of the program", 500, "internal_error", "broken"],
  ] as const)("D2, W11 a write with %s is %i %s", async (_what, status, code, bearer) => {
    const note = await notes();
    await expectRefused(status, code, () => desk.ask("POST", `${AT}/messages`, note, bearer));
  });

  test("D2 a wrong token of the link is 403", async () => {
    await expectRefused(403, "invalid_token", () =>
      desk.ask("POST", `${AT}/runs/${run}/stop?t=x`, "", null),
    );
  });

  test("P3.3 a did:web without a document is 404", async () => {
    await reopen({ didWeb: { isOn: true, hosts: [] } });
    const given = await notes();
    given.header.agent_identity.did = "did:web:nobody.invalid";
    await expectRefused(404, "did_not_found", () => post(sign(given.header, Buffer.from("{}"))));
  });
});

describe("branches", () => {
  test("W4.4 a child with open children can't be merged", async () => {
    await post(await spawn("outer"));
    await post(await spawn("inner", "main/outer"));
    const { branches } = (await desk.ask("GET", `${AT}/runs/${run}`)).body;
    const parents = [branches.main.tip, branches["main/outer"].tip];
    const own = { type: "merge", op: "merge", content: { children: ["outer"] }, parents } as const;
    await expectRefused(409, "branch_open", async () => post(await message(desk, run, own)));
  });

  test("W4.1 a branch is at most 16 segments deep", async () => {
    let branch = "main";
    for (let depth = 2; depth <= 16; depth += 1) {
      expect((await post(await spawn("x", branch))).status).toBe(201);
      branch += "/x";
    }
    await expectRefused(409, "limit_reached", async () => post(await spawn("x", branch)));
  });

  test("W4.4 a branch has at most 256 children", async () => {
    for (let child = 0; child < 256; child += 1)
      expect((await post(await spawn(`c${child}`))).status).toBe(201);
    await expectRefused(409, "limit_reached", async () => post(await spawn("one-more")));
  });

  test("W4.3 past its deadline a branch is closed by a tick", async () => {
    await post(await spawn("late", "main", { deadline_ms: 1_000 }));
    const note = () => message(desk, run, { type: "note", op: "note", branch: "main/late" });
    expect((await post(await note())).status).toBe(201);
    const late = await note();
    desk.clock.now += 1_001;
    const isOpen = async () =>
      (await desk.ask("GET", `${AT}/runs/${run}/dag`)).body.branches["main/late"].open;
    await expect.poll(isOpen).toBe(false);
    await expectRefused(409, "branch_closed", () => post(late));
  });
});

describe("load", () => {
  test("W5.8 readers of events beyond the limit are busy", async () => {
    const readers: AbortController[] = [];
    const events = () => {
      const reader = new AbortController();
      readers.push(reader);
      const url = `http://ams.example/workflow/v1${AT}/runs/${run}/events`;
      const headers = { authorization: "Bearer falcon" };
      const request = new Request(url, { headers, signal: reader.signal });
      return desk.app.fetch(request, { address: "127.0.0.1" });
    };
    // The service itself listens too: for its metrics, and for its stream.
    let last = await events();
    for (let count = 1; count <= 2_000 && last.status === 200; count += 1) last = await events();
    expect(last.status).toBe(503);
    await expectRefused(503, "busy", () => desk.ask("GET", `${AT}/runs/${run}/events`));
    for (const reader of readers) reader.abort();
  });

  test("J1.6 a commit that others come before 8 times is busy, and nothing is written", async () => {
    const place = { kind: "embedded", folder: newFolderOfTest(), durability: { kind: "memory" } };
    const opened = await openJournals(place as Parameters<typeof openJournals>[0]);
    if (!opened.ok) throw new Error(opened.fault);
    let tries = 0;
    const journals: Journals = new Proxy(opened.value, {
      get: (target, name) =>
        name === "append"
          ? async () => {
              tries += 1;
              return { ok: false, fault: "conflict", head: 1 };
            }
          : Reflect.get(target, name).bind(target),
    });
    const space = {
      conversationId: CONVERSATION,
      seed: new Uint8Array(32),
      bodyTtlS: null,
    } as Space;
    const live = new LiveSpace(space, journals, () => 1);
    const definition = { name: "a", v: 1, def: "0", source: {} } as Parameters<typeof define>[1];
    const outcome = await define(live, definition, "acc_falcon", () => 1);
    expect([outcome, tries]).toEqual([{ kind: "failed", code: "busy" }, 8]);
    expect(
      (await opened.value.read(`workflow:${CONVERSATION}`, 0, { entries: 1, bytes: 1 })).head,
    ).toBe(0);
    await opened.value.close();
  });
});

describe.skipIf(findRedisBinary() === null)("the store", () => {
  let server: RedisServer;
  const desks: Desk[] = [];
  const folders: string[] = [];
  const keep = (kind: "memory" | "replicas", more: object = {}) => {
    const durability = kind === "memory" ? { kind } : { kind, count: 1 };
    const opened = openDesk({ kind: "redis", url: server.url, durability }, more);
    desks.push(opened);
    return opened;
  };
  afterEach(async () => {
    await Promise.all(desks.splice(0).map((one) => one.stop()));
    await server.stop();
    for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
  });
  const send = (to: Desk, given: unknown) => to.ask("POST", `${AT}/messages`, given);
  const at = async (of: Desk, id: string) => {
    const [log, state] = [
      await of.ask("GET", `${AT}/log/head`),
      await of.ask("GET", `${AT}/runs/${id}`),
    ];
    return [log.status, log.body, state.body.state];
  };

  test("J1.12 a store that is away is 503, for a stop too, and the same bytes are taken afterwards", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ams-workflow-redis-"));
    folders.push(folder);
    const args = { appendOnlyDir: folder, args: ["--appendfsync", "always"] };
    server = await startRedisServer(args);
    const one = keep("memory");
    const id = await openRun(one);
    const given = await message(one, id, { step: "reserve" });
    const before = await at(one, id);
    const { port } = server;
    await server.stop();
    for (const ask of [() => send(one, given), () => one.ask("POST", `${AT}/runs/${id}/stop`)]) {
      const away = await ask();
      expect([away.status, away.body.error]).toEqual([503, "store_unavailable"]);
      expect(away.headers.get("x-ams-error-hash")).toBe(hash("error", away.body));
    }
    server = await startRedisServer({ ...args, port });
    await expect.poll(async () => at(one, id), { timeout: 20_000 }).toEqual(before);
    expect((await send(one, given)).status).toBe(201);
  });

  test("J1.10, W12.4 a store that went back is never served, and nothing is written over it", async () => {
    server = await startRedisServer();
    const one = keep("memory");
    const id = await openRun(one);
    const given = await message(one, id, { step: "reserve" });
    const { port } = server;
    await server.stop();
    // It comes back without what it had.
    server = await startRedisServer({ port });
    const refused = async (ask: () => ReturnType<typeof send>) => {
      const answered = await ask();
      return [answered.status, answered.body.error];
    };
    const lost = [409, "history_regressed"];
    await expect.poll(() => refused(() => send(one, given)), { timeout: 20_000 }).toEqual(lost);
    for (const ask of [
      () => send(one, given),
      () => one.ask("GET", `${AT}/runs/${id}`),
      () => one.ask("POST", `${AT}/runs`, { workflow: "order_processing" }),
    ])
      expect(await refused(ask)).toEqual(lost);
    const another = keep("memory");
    expect((await another.ask("GET", `${AT}/log/head`)).status).toBe(404);
  }, 60_000);

  test("J2.3 what no replica has is `not_durable`, and so is its repetition until one has it", async () => {
    server = await startRedisServer();
    const id = await openRun(keep("memory"));
    const strict = keep("replicas");
    const given = await message(strict, id, { step: "reserve" });
    const refused = async () => {
      const { status, body } = await send(strict, given);
      expect([status, body.error, body.retryable]).toEqual([503, "not_durable", true]);
    };
    await refused();
    await refused();
    const replica = await startRedisServer({
      args: ["--replicaof", "127.0.0.1", String(server.port)],
    });
    try {
      await expect
        .poll(async () => (await send(strict, given)).status, { timeout: 30_000 })
        .toBe(200);
      const { messages } = (await strict.ask("GET", `${AT}/runs/${id}/history`)).body;
      expect(messages).toHaveLength(2);
    } finally {
      await replica.stop();
    }
  }, 60_000);
});

test("D11 bodies are erased after the space's body_ttl_s, and every proof holds", async () => {
  await reopen({}, newFolderOfTest());
  await open({ magic_link: LINK, body_ttl_s: 60 });
  await useRun();
  const given = await step("reserve", { content: { secret: 1 } });
  await post(given);
  const path = `${AT}/messages/${given.header.id}/body`;
  expect((await desk.ask("GET", path)).body).toEqual({ secret: 1 });
  const before = (await desk.ask("GET", `${AT}/log/head`)).body;
  desk.clock.now += 60_000;
  await expectRefused(410, "body_erased", () => desk.ask("GET", path));
  // It is gone from the store, not hidden: earlier time does not bring it back.
  const earlier = async () => {
    desk.clock.now -= 60_000;
    const { status } = await desk.ask("GET", path);
    desk.clock.now += 60_000;
    return status;
  };
  await expect.poll(earlier, { timeout: 20_000 }).toBe(410);
  expect((await desk.ask("GET", `${AT}/log/head`)).body).toEqual(before);
  expect((await post(await step("charge"))).status).toBe(201);
});

test("W11 each error of the list has a test with its status", () => {
  const folders = [import.meta.dirname, join(import.meta.dirname, "../../../test/workflow")];
  const tested = new Set<string>();
  for (const folder of folders)
    for (const name of readdirSync(folder).filter((file) => file.endsWith(".test.ts"))) {
      const text = readFileSync(join(folder, name), "utf8");
      for (const [, status, code = ""] of text.matchAll(/\b([45]\d\d),\s*"([a-z0-9_]+)"/g)) {
        const known = Object.entries(ERRORS).find(([one]) => one === code);
        if (known?.[1][0] === Number(status)) tested.add(code);
      }
    }
  const missing = Object.keys(ERRORS).filter((code) => !tested.has(code));
  expect(missing).toEqual([]);
});
