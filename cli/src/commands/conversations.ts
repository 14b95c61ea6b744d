/** `ams mint`, `list`, `inspect`, `close`. */
import type { MintOptions } from "@ams/client";
import { Command } from "commander";
import { contextOf } from "../options/context.ts";
import { readCount, readDuration, readJson, readMetadata } from "../options/values.ts";
import { CONVERSATION_HELP } from "./links.ts";
import { explain, LINK_HELP } from "./options.ts";

type MintFlags = Omit<MintOptions, "expiresInS"> & { readonly expiresIn?: number };

export function mintCommand(): Command {
  const command = new Command("mint")
    .description("make a conversation and print its magic link")
    .option("--alias <alias>", "the conversation's name; made up unless given")
    .option("--metadata <json>", "a JSON object that never changes, or @file", readMetadata)
    .option("--stream-name <name>", "the name that you will join with; made up unless given")
    .option(
      "--stream-metadata <json>",
      "what your stream says about itself, or @file",
      readMetadata,
    )
    .option(
      "--expires-in <time>",
      "let the link admit nobody after this long, such as 2h",
      readDuration,
    )
    .option("--max-joins <n>", "let this many different streams join, ever", readCount)
    .option(
      "--canonical-input <json>",
      "any JSON, or @file: the same input is the same conversation",
      readJson,
    )
    .action(async ({ expiresIn, ...options }: MintFlags, self: Command) => {
      const { mint } = await import("../actions/conversations.ts");
      const expiry = expiresIn === undefined ? {} : { expiresInS: expiresIn };
      await mint(contextOf(self), { ...options, ...expiry });
    });
  return explain(
    command,
    `
Whoever has the link can join, so pass it on as you would a key. It alone is on stdout:
  $ export AMS_LINK=$(ams mint --alias standup --metadata '{"title":"Stand-up"}')
  Minted falcon/standup. Whoever has this link can join:
  $ ams join`,
  );
}

export function listCommand(): Command {
  const command = new Command("list")
    .description("list your conversations, oldest first")
    .action(async (_options: object, self: Command) => {
      const { list } = await import("../actions/conversations.ts");
      await list(contextOf(self));
    });
  return explain(command, "Example:\n  $ ams list --json | jq -r .alias");
}

export function inspectCommand(): Command {
  const command = new Command("inspect")
    .description("show a conversation and who is in it, without joining")
    .argument("[conversation]", `${LINK_HELP}; or the alias of one of yours`)
    .action(async (argument: string | undefined, _options: object, self: Command) => {
      const { inspect } = await import("../actions/conversations.ts");
      await inspect(contextOf(self), argument);
    });
  return explain(command, "Example:\n  $ ams inspect standup --json | jq '.streams | length'");
}

export function closeCommand(): Command {
  const command = new Command("close")
    .description("end a conversation of yours and send everybody out of it")
    .argument("<conversation>", CONVERSATION_HELP)
    .option("--yes", "don't ask")
    .action(async (conversation: string, options: { readonly yes?: boolean }, self: Command) => {
      const { close } = await import("../actions/conversations.ts");
      await close(contextOf(self), conversation, options);
    });
  return explain(command, "Example:\n  $ ams close standup --yes");
}
