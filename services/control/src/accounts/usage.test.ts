import { HOUR_MS } from "@ams/directory";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openTestControl, type TestControl } from "../testing/control.ts";
import { EXIT_USAGE } from "./said.ts";
import { readUsageWish, runUsage } from "./usage-command.ts";

let open: TestControl;
beforeEach(async () => {
  open = await openTestControl();
});
afterEach(() => open.close());

const COUNTS = { bytes_in: 480, deliveries: 36, bytes_out: 990, replay_bytes: 7 };

async function used(account_id: string, seq: number, tokens_in: number, hoursAgo = 0) {
  const hour = Math.floor(open.clock.ms / HOUR_MS) - hoursAgo;
  const counts = { ...COUNTS, tokens_in, connection_ms: 1_499 };
  const rates = { frames: 3, bytes: 40, deliveries: 9 };
  const delta = { account_id: account_id as never, hour, counts, rates };
  await open.directory.handIn("gateway", seq, [delta]);
}

test("§2.10.6 an account's use is shown by the hour, the present one too, as JSON and CSV", async () => {
  const { credential: bearer, account_id } = await open.account("acme");
  await used(account_id, 1, 5, 30);
  await used(account_id, 2, 12, 1);
  await used(account_id, 3, 4);
  const answer = await open.ask("GET", "/v1/account/usage", { bearer });
  expect(answer.json.hours).toMatchObject([
    { hour: "2026-01-02T02:00:00.000Z", tokens_in: 12, connection_s: 1, ...COUNTS },
    { hour: "2026-01-02T03:00:00.000Z", tokens_in: 4, peak_streams: 0 },
  ]);
  const all = await open.ask("GET", "/v1/account/usage?hours=31&format=csv", { bearer });
  expect(all.headers.get("content-type")).toBe("text/csv; charset=utf-8");
  expect(all.text.split("\r\n")).toEqual([
    "hour,tokens_in,bytes_in,deliveries,bytes_out,connection_s,peak_streams,replay_bytes",
    "2025-12-31T21:00:00.000Z,5,480,36,990,1,0,7",
    "2026-01-02T02:00:00.000Z,12,480,36,990,1,0,7",
    "2026-01-02T03:00:00.000Z,4,480,36,990,1,0,7",
    "",
  ]);
});

test("§2.2.11 the rates of now are in the use of the account", async () => {
  const { credential: bearer, account_id } = await open.account("acme");
  await used(account_id, 1, 5);
  const { use } = (await open.ask("GET", "/v1/account", { bearer })).json;
  expect(use).toMatchObject({ frames_per_second: 3, bytes_per_second: 40 });
  expect(use.deliveries_per_second).toBe(9);
});

test("§2.10.6 a key that may not read sees no use, and nobody that of another account", async () => {
  const { credential, account_id } = await open.account("acme");
  await used(account_id, 1, 5);
  const other = await open.account("beta");
  const none = await open.ask("GET", "/v1/account/usage", { bearer: other.credential });
  expect(none.json).toEqual({ hours: [] });
  const body = { name: "joiner", scopes: ["join"] };
  const key = await open.ask("POST", "/v1/account/keys", { bearer: credential, body });
  const refused = await open.ask("GET", "/v1/account/usage", { bearer: key.json.credential });
  expect([refused.status, refused.json.error]).toEqual([403, "insufficient_scope"]);
});

test.each([
  ["hours=0", "invalid_limit"],
  ["hours=841", "invalid_limit"],
  ["hours=1e2", "invalid_limit"],
  ["format=xml", "malformed_request"],
])("§2.10.6 %s is refused as %s", async (query, error) => {
  const { credential: bearer } = await open.account("acme");
  const answer = await open.ask("GET", `/v1/account/usage?${query}`, { bearer });
  expect([answer.status, answer.json.error]).toEqual([400, error]);
});

test("an operator exports the use of an account, and announces", async () => {
  const { account_id } = await open.account("acme");
  await used(account_id, 1, 5);
  const run = async (...args: string[]) => {
    const wish = readUsageWish(args);
    if (!wish.ok) throw new Error(wish.fault);
    return runUsage(open.directory, wish.value, open.clock.ms);
  };
  const csv = await run("usage", "acme", "--format", "csv", "--hours", "1");
  expect(csv.out.split("\r\n")[1]).toBe("2026-01-02T03:00:00.000Z,5,480,36,990,1,0,7");
  expect(JSON.parse((await run("usage", "acme")).out).hours).toHaveLength(1);
  expect((await run("usage", "absent")).exit).toBe(EXIT_USAGE);
  expect((await run("announce", "moving at 18:00", "--namespace", "acme")).exit).toBe(0);
  expect((await run("announce", "moving", "--namespace", "absent")).exit).toBe(EXIT_USAGE);
});

test.each([
  [["usage"]],
  [["usage", "acme", "--hours", "0"]],
  [["usage", "acme", "--format", "xml"]],
  [["announce", ""]],
  [["announce", "two\nlines"]],
  [["announce", "x".repeat(501)]],
  [["announce", "x", "--level", "loud"]],
  [["announce", "x", "--namespace", "Not One"]],
  [["announce", "x", "--directory", "here"]],
])("refused with the reason: %j", (args) => {
  expect(readUsageWish(args)).toMatchObject({ ok: false, fault: expect.any(String) });
});
