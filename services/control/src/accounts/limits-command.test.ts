import { DirectoryUnavailable } from "@ams/directory";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openTestControl, type TestControl } from "../testing/control.ts";
import { readLimitsWish, runLimits } from "./limits-command.ts";
import { EXIT_UNAVAILABLE, EXIT_USAGE } from "./said.ts";

let open: TestControl;
beforeEach(async () => {
  open = await openTestControl();
});
afterEach(() => open.close());

async function run(...args: string[]) {
  const wish = readLimitsWish(args);
  if (!wish.ok) throw new Error(wish.fault);
  return runLimits(open.directory, wish.value);
}

test("without a limit it shows the account", async () => {
  const { account_id } = await open.account("acme");
  const said = await run("limits", "acme");
  expect([said.exit, said.error]).toEqual([0, ""]);
  expect(JSON.parse(said.out)).toMatchObject({
    account_id,
    namespace: "acme",
    streams_max: null,
    guests_max: null,
    conversations_max: null,
    subscribers_max: null,
  });
});

test("a limit that is set holds for the account, and default takes it back", async () => {
  const { credential: bearer } = await open.account("acme");
  const set = ["--streams", "50", "--guests", "0", "--conversations", "2", "--subscribers", "500"];
  expect((await run("limits", "acme", ...set)).exit).toBe(0);
  const limits = async () => (await open.ask("GET", "/v1/account", { bearer })).json.limits;
  const others = {
    guests_per_account: 0,
    conversations_per_account: 2,
    subscribers_per_conversation: 500,
    keys_per_account: 50,
  };
  expect(await limits()).toMatchObject({ streams_per_account: 50, ...others });
  await run("limits", "acme", "--streams=default");
  expect(await limits()).toMatchObject({ streams_per_account: 10, ...others });
});

test("a limit of subscribers holds for conversations that are there and that come", async () => {
  const { credential: bearer } = await open.account("acme");
  const mint = (alias: string) =>
    open.ask("POST", "/v1/acme/conversations", { bearer, body: { alias } });
  await mint("before");
  await run("limits", "acme", "--subscribers", "7");
  await mint("after");
  for (const alias of ["before", "after"]) {
    const admission = await open.directory.admission({ namespace: "acme", alias } as never);
    expect(admission?.conversation.subscribers_max).toBe(7);
  }
});

test("a namespace that nobody has is exit 64", async () => {
  const said = await run("limits", "absent");
  expect([said.exit, said.out]).toEqual([EXIT_USAGE, ""]);
});

test("a directory that can't be reached is exit 69", async () => {
  const wish = readLimitsWish(["limits", "acme"]);
  const away = {
    ...open.directory,
    accountOf: () => Promise.reject(new DirectoryUnavailable("away")),
  };
  const said = wish.ok ? await runLimits(away, wish.value) : null;
  expect(said?.exit).toBe(EXIT_UNAVAILABLE);
});

test.each([
  [[]],
  [["limits"]],
  [["other", "acme"]],
  [["limits", "acme", "more"]],
  [["limits", "Not-One"]],
  [["limits", "v1"]],
  [["limits", "acme", "--streams"]],
  [["limits", "acme", "--streams", "0"]],
  [["limits", "acme", "--streams", "1.5"]],
  [["limits", "acme", "--streams", "-1"]],
  [["limits", "acme", "--subscribers", "many"]],
  [["limits", "acme", "--guests", "-1"]],
  [["limits", "acme", "--unknown"]],
])("%j is refused with a sentence", (args) => {
  const wish = readLimitsWish(args);
  expect(wish.ok ? "" : wish.fault).toMatch(/\w+ \w+/);
});
