/** `ams key`: credentials of one's own account for programs, with only the rights they need. */
import type { KeyScope } from "@ams/client";
import { Command, InvalidArgumentError } from "commander";
import { contextOf } from "../options/context.ts";
import { readDuration } from "../options/values.ts";
import { explain } from "./options.ts";

const load = () => import("../actions/keys/keys.ts");

const SCOPES: readonly KeyScope[] = ["join", "read", "mint", "full"];

type Flags = { readonly scope: readonly KeyScope[]; readonly expiresIn?: number };

export function keyCommand(): Command {
  const command = new Command("key").description(
    "make, list and end keys: credentials for programs, with only the rights they need",
  );
  for (const make of [createCommand, listKeysCommand, revokeCommand]) command.addCommand(make());
  return explain(
    command,
    `
Example:
  $ ams key list
  $ export AMS_CREDENTIAL=$(ams key create reporter --scope join --scope read)`,
  );
}

function createCommand(): Command {
  const command = new Command("create")
    .description("make a key, and print its credential; it is never shown again")
    .argument("<name>", "what you call it: 1 to 64 characters")
    .requiredOption("--scope <scope>", "join, read, mint or full; may be repeated", readScope)
    .option("--expires-in <time>", "end it after this long, such as 30d", readDuration)
    .action(async (name: string, { scope, expiresIn }: Flags, self: Command) => {
      const expiry = expiresIn === undefined ? {} : { expiresInS: expiresIn };
      await (await load()).createKey(contextOf(self), { name, scopes: scope, ...expiry });
    });
  return explain(
    command,
    `
\`join\` connects, \`read\` lists and inspects, \`mint\` mints conversations and makes links, \`full\` does everything that the
account's own credential does. Stdout has the credential and nothing else: send it to a file or a variable.

Example:
  $ export AMS_CREDENTIAL=$(ams key create reporter --scope join --scope read --expires-in 30d)`,
  );
}

function listKeysCommand(): Command {
  const command = new Command("list")
    .description("list the keys of your account, without their credentials")
    .action(async (_options: object, self: Command) => (await load()).listKeys(contextOf(self)));
  return explain(command, "Example:\n  $ ams key list --json | jq -r .key_id");
}

function revokeCommand(): Command {
  const command = new Command("revoke")
    .description("end a key at once, and close the connections that it opened")
    .argument("<key-id>", "as `ams key list` names it")
    .action(async (keyId: string, _options: object, self: Command) =>
      (await load()).revokeKey(contextOf(self), keyId),
    );
  return explain(
    command,
    "Example:\n  $ ams key revoke $(ams key list --json | jq -r .key_id | tail -n 1)",
  );
}

function readScope(text: string, earlier: readonly KeyScope[] = []): readonly KeyScope[] {
  const scope = SCOPES.find((one) => one === text);
  if (scope === undefined) throw new InvalidArgumentError("It is join, read, mint or full.");
  return [...earlier, scope];
}
