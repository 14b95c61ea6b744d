import { ACCOUNT_BODY_BYTES_MAX, JSON_TOKENS_MAX } from "@ams/protocol";
import { afterEach, expect, test } from "vitest";
import { openTestControl, type TestControl } from "../testing/control.ts";

let open: TestControl | null = null;
afterEach(async () => {
  await open?.close();
  open = null;
});

async function start(...given: Parameters<typeof openTestControl>): Promise<TestControl> {
  open = await openTestControl(...given);
  return open;
}

test("§2.1.6 an address that used its budget is refused with the limit and the time, and comes back after it", async () => {
  const { ask, clock } = await start({ addressCpuMsPerSecond: 5 });
  const bad = () => ask("GET", "/v1/account", { bearer: "wrong" });
  const statuses = [];
  for (let n = 0; n < 22; n += 1) statuses.push((await bad()).status);
  expect(statuses).toEqual([...Array(21).fill(401), 429]);
  const refused = await bad();
  expect(refused.json.error).toBe("rate_limited");
  expect(refused.json.message).toContain("5 ms");
  expect(refused.headers.get("retry-after")).toBe("1");
  expect((await ask("GET", "/v1", { address: "192.0.2.2" })).status).toBe(200);
  expect((await ask("GET", "/healthz")).status).toBe(200);
  clock.ms += 1_000;
  expect((await bad()).status).toBe(401);
});

test("§2.1.6 an account pays for itself: strangers at its address don't use its budget, nor it theirs", async () => {
  const { ask, account } = await start({ addressCpuMsPerSecond: 5, accountCpuMsPerSecond: 5 });
  const { credential } = await account("falcon");
  const mine = () => ask("GET", "/v1/account", { bearer: credential });
  expect((await mine()).status).toBe(200);
  for (let n = 0; n < 30; n += 1) await ask("GET", "/v1/account", { bearer: "wrong" });
  expect((await ask("GET", "/v1")).status).toBe(429);
  expect((await mine()).status).toBe(200);
  for (let n = 0; n < 30; n += 1) await mine();
  const refused = await mine();
  expect(refused.status).toBe(429);
  expect(refused.json.message).toContain("account");
  const elsewhere = await ask("GET", "/v1/account", { bearer: credential, address: "192.0.2.9" });
  expect(elsewhere.status).toBe(429);
});

test("§2.1.6 whoever shows a link pays for its conversation", async () => {
  const { ask, account } = await start({ addressCpuMsPerSecond: 5, accountCpuMsPerSecond: 100 });
  const { credential } = await account("falcon");
  const minted = await ask("POST", "/v1/falcon/conversations", { bearer: credential });
  const { pathname, search } = new URL(minted.json.magic_link);
  const inspect = (address: string) => ask("GET", `/v1${pathname}${search}`, { address });
  for (let n = 0; n < 40; n += 1) expect((await inspect("192.0.2.7")).status).toBe(200);
  for (let n = 0; n < 40; n += 1) await ask("GET", "/v1", { address: "192.0.2.7" });
  expect((await ask("GET", "/v1", { address: "192.0.2.7" })).status).toBe(429);
  expect((await inspect("192.0.2.7")).status).toBe(200);
});

test("§2.1.6 a credential or link that has ended uses up nothing of its account or conversation", async () => {
  const { ask, account } = await start({ addressCpuMsPerSecond: 5, accountCpuMsPerSecond: 5 });
  const { credential } = await account("falcon");
  const minted = await ask("POST", "/v1/falcon/conversations", { bearer: credential });
  const path = new URL(minted.json.magic_link).pathname;
  const inspect = (link: string, address: string) =>
    ask("GET", `/v1${path}${new URL(link).search}`, { address });
  const mine = (bearer: string, address: string) => ask("GET", "/v1/account", { bearer, address });
  expect((await inspect(minted.json.magic_link, "192.0.2.3")).status).toBe(200);
  const link = await ask("POST", `/v1${path}/link`, { bearer: credential });
  const body = { grace_s: 0 };
  const rotated = await ask("POST", "/v1/account/credential", { bearer: credential, body });
  for (let n = 0; n < 60; n += 1) {
    await mine(credential, "192.0.2.4");
    await inspect(minted.json.magic_link, "192.0.2.5");
  }
  expect((await mine(rotated.json.credential, "192.0.2.6")).status).toBe(200);
  expect((await inspect(link.json.magic_link, "192.0.2.7")).status).toBe(200);
  const refused = [
    await mine(credential, "192.0.2.4"),
    await inspect(minted.json.magic_link, "192.0.2.5"),
  ];
  for (const { status, json } of refused) {
    expect([status, json.message]).toEqual([429, expect.stringContaining("This address")]);
  }
});

test("§2.1.6 what a body costs to read is paid by its account", async () => {
  const { ask, account } = await start({ accountCpuMsPerSecond: 2 });
  const { credential } = await account("falcon");
  const canonical_input = Array(8_000).fill(0);
  const body = { id_kind: "jcs-sha256", canonical_input };
  const mint = () => ask("POST", "/v1/falcon/conversations", { bearer: credential, body });
  expect((await mint()).status).toBe(201);
  expect((await mint()).status).toBe(429);
});

test("§2.2 a body of more than 16 KiB makes no account, and is not read to its end", async () => {
  const { ask, control } = await start();
  const padded = (bytes: number) => {
    const empty = '{"namespace":"falcon","x":""}';
    return empty.replace('""', `"${"x".repeat(bytes - empty.length)}"`);
  };
  const refused = await ask("POST", "/v1/accounts", { body: padded(ACCOUNT_BODY_BYTES_MAX + 1) });
  expect([refused.status, refused.json.error]).toEqual([413, "body_too_large"]);
  expect((await ask("POST", "/v1/accounts", { body: padded(ACCOUNT_BODY_BYTES_MAX) })).status).toBe(
    201,
  );
  const { pulled, request } = endless("/v1/accounts");
  expect((await control.fetch(request, { address: "192.0.2.1" })).status).toBe(413);
  expect(pulled()).toBeLessThan(20);
});

test("§2.1.2 a body of too many JSON tokens is refused with the limit", async () => {
  const { ask, account } = await start();
  const { credential } = await account("falcon");
  const mint = (count: number) =>
    ask("POST", "/v1/falcon/conversations", {
      bearer: credential,
      body: `{"more":[${"0,".repeat(count)}0]}`,
    });
  expect((await mint(JSON_TOKENS_MAX / 2 - 4)).status).toBe(201);
  const refused = await mint(JSON_TOKENS_MAX / 2);
  expect([refused.status, refused.json.error]).toEqual([400, "invalid_json"]);
  expect(refused.json.message).toContain("65,536 JSON tokens");
});

test.each([
  "/v1/falcon/conversations",
  "/v1/falcon/conversations/talk/link",
  "/v1/account/credential",
])("§2.1.4 POST %s reads nothing of a body before it knows who asks", async (path) => {
  const { control } = await start();
  for (const authorization of ["", "Bearer wrong"]) {
    const { pulled, request } = endless(path, authorization);
    expect((await control.fetch(request, { address: "192.0.2.1" })).status).toBe(401);
    expect(pulled()).toBe(0);
  }
});

/** A request whose body has no end; `pulled` counts the KiB that were asked of it. */
function endless(path: string, authorization = "") {
  let count = 0;
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    count += 1;
    controller.enqueue(new Uint8Array(1_024).fill(0x20));
  };
  const body = new ReadableStream({ pull }, { highWaterMark: 0 });
  const init: RequestInit & { duplex: "half" } = {
    method: "POST",
    headers: { authorization },
    body,
    duplex: "half",
  };
  return { pulled: () => count, request: new Request(`http://ams.example${path}`, init) };
}
