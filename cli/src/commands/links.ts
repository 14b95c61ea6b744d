/** `ams link`: the magic links of a conversation of one's own. */
import type { CreateLinkOptions } from "@ams/client";
import { Command } from "commander";
import { contextOf } from "../options/context.ts";
import { readCount, readDuration } from "../options/values.ts";
import { explain } from "./options.ts";

export const CONVERSATION_HELP = "its alias, or a link to it";

type Keep = { readonly keepConnected?: boolean };
type CreateFlags = Omit<CreateLinkOptions, "expiresInS"> & { readonly expiresIn?: number };

export function linkCommand(): Command {
  const command = new Command("link").description(
    "make, list and end magic links of a conversation of yours",
  );
  for (const make of [newLinkCommand, createCommand, listLinksCommand, revokeCommand]) {
    command.addCommand(make());
  }
  return explain(
    command,
    "Example:\n  $ ams link revoke standup\n  $ export AMS_LINK=$(ams link new standup)",
  );
}

function newLinkCommand(): Command {
  const command = new Command("new")
    .description("print a new link; every earlier one stops working")
    .argument("<conversation>", CONVERSATION_HELP)
    .option("--keep-connected", "let those stay who came in by the earlier ones")
    .action(async (conversation: string, options: Keep, self: Command) => {
      const { newLink } = await import("../actions/links.ts");
      await newLink(contextOf(self), conversation, options);
    });
  return explain(command, "Example:\n  $ export AMS_LINK=$(ams link new standup --keep-connected)");
}

function createCommand(): Command {
  const command = new Command("create")
    .description("print one more link, with limits of its own; earlier ones stay")
    .argument("<conversation>", CONVERSATION_HELP)
    .option("--name <text>", "what you call it")
    .option("--read-only", "let whoever joins by it listen only")
    .option("--stream-name <name>", "the only name under which it admits")
    .option("--expires-in <time>", "let it admit nobody after this long, such as 2h", readDuration)
    .option("--max-joins <n>", "let this many different streams join by it, ever", readCount)
    .action(async (conversation: string, { expiresIn, ...flags }: CreateFlags, self: Command) => {
      const { createLink } = await import("../actions/links.ts");
      const expiry = expiresIn === undefined ? {} : { expiresInS: expiresIn };
      await createLink(contextOf(self), conversation, { ...flags, ...expiry });
    });
  return explain(
    command,
    "Example:\n  $ ams link create standup --name audience --read-only --expires-in 2h",
  );
}

function listLinksCommand(): Command {
  const command = new Command("list")
    .description("list the links of a conversation, without their tokens")
    .argument("<conversation>", CONVERSATION_HELP)
    .action(async (conversation: string, _options: object, self: Command) => {
      const { listLinks } = await import("../actions/links.ts");
      await listLinks(contextOf(self), conversation);
    });
  return explain(command, "Example:\n  $ ams link list standup --json | jq -r .link_id");
}

function revokeCommand(): Command {
  const command = new Command("revoke")
    .description("end one link, or every link: then nobody can join any more")
    .argument("<conversation>", CONVERSATION_HELP)
    .argument("[link-id]", "the link to end, as `ams link list` names it; all unless given")
    .option("--keep-connected", "let those stay who are in; of all links only")
    .action(
      async (conversation: string, linkId: string | undefined, options: Keep, self: Command) => {
        const { revokeLinks } = await import("../actions/links.ts");
        await revokeLinks(contextOf(self), conversation, linkId ?? null, options);
      },
    );
  return explain(
    command,
    `
The conversation lives on: \`ams link new\` opens it again, \`ams close\` ends it.

Example:
  $ ams link revoke standup link_1
  $ ams link revoke standup
  No link of standup admits anybody now, and who came in by one is out; \`ams link new standup\` makes a new one.`,
  );
}
