import { DirectoryUnavailable } from "@ams/directory";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openTestControl, PEPPERS, type TestControl } from "../testing/control.ts";
import { readResetWish, runReset } from "./reset-command.ts";
import { EXIT_MISCONFIGURED, EXIT_UNAVAILABLE, EXIT_USAGE } from "./said.ts";

let open: TestControl;
beforeEach(async () => {
  open = await openTestControl();
});
afterEach(() => open.close());

const ACME = { namespace: "acme" as never, folder: null };

test("§2.2.10 a key that somebody else made ends too, and can't take the account back", async () => {
  const { ask } = open;
  const { credential } = await open.account("acme");
  const body = { name: "thief", scopes: ["full"] };
  const key = await ask("POST", "/v1/account/keys", { bearer: credential, body });
  const printed = JSON.parse((await runReset(open.directory, PEPPERS, ACME)).out);
  const rotate = { bearer: key.json.credential, body: { grace_s: 0 } };
  expect((await ask("POST", "/v1/account/credential", rotate)).status).toBe(401);
  const keys = await ask("GET", "/v1/account/keys", { bearer: printed.credential });
  expect([keys.status, keys.json]).toEqual([200, { keys: [] }]);
});

test("§2.2.4 every credential ends, and the one that is printed opens the account", async () => {
  const { ask } = open;
  const { credential, account_id } = await open.account("acme");
  const body = { grace_s: 600 };
  const rotated = await ask("POST", "/v1/account/credential", { bearer: credential, body });
  const said = await runReset(open.directory, PEPPERS, ACME);
  expect([said.exit, said.error]).toEqual([0, ""]);
  const printed = JSON.parse(said.out);
  expect(printed).toMatchObject({ account_id, namespace: "acme" });
  for (const old of [credential, rotated.json.credential]) {
    expect((await ask("GET", "/v1/account", { bearer: old })).status).toBe(401);
  }
  expect((await ask("GET", "/v1/account", { bearer: printed.credential })).status).toBe(200);
});

test("peppers that the store doesn't know change nothing", async () => {
  const { credential } = await open.account("acme");
  await open.directory.confirmPeppers(PEPPERS);
  const others = { credential: ["x".repeat(40)], link: PEPPERS.link } as const;
  const said = await runReset(open.directory, others, ACME);
  expect([said.exit, said.out]).toEqual([EXIT_MISCONFIGURED, ""]);
  expect((await open.ask("GET", "/v1/account", { bearer: credential })).status).toBe(200);
});

test("a namespace that nobody has is exit 64, a directory that is away 69", async () => {
  const said = await runReset(open.directory, PEPPERS, ACME);
  expect([said.exit, said.out]).toEqual([EXIT_USAGE, ""]);
  const away = {
    ...open.directory,
    accountOf: () => Promise.reject(new DirectoryUnavailable("away")),
  };
  expect((await runReset(away, PEPPERS, ACME)).exit).toBe(EXIT_UNAVAILABLE);
});

test.each([
  [[]],
  [["reset-credential"]],
  [["reset-credential", "acme", "more"]],
  [["reset-credential", "Not-One"]],
  [["reset-credential", "acme", "--streams", "5"]],
])("%j is refused with a sentence", (args) => {
  const wish = readResetWish(args);
  expect(wish.ok ? "" : wish.fault).toMatch(/\w+ \w+/);
});

test("a folder is taken", () => {
  expect(readResetWish(["reset-credential", "acme", "--directory", ".ams"])).toEqual({
    ok: true,
    value: { namespace: "acme", folder: ".ams" },
  });
});
