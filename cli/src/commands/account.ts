/** `ams account`: create, show, usage, rotate, delete. */
import { Command, Option } from "commander";
import type { ShowCredential } from "../actions/account.ts";
import type { UsageFlags } from "../actions/usage.ts";
import { contextOf } from "../options/context.ts";
import { readCount, readDuration } from "../options/values.ts";
import { explain } from "./options.ts";

const SHOW = "--show-credential";
const SHOW_HELP = "print the credential too; who has it is this account";

export function accountCommand(): Command {
  const command = new Command("account").description("who you are at a deployment");
  for (const child of [create(), show(), usage(), rotate(), remove()]) command.addCommand(child);
  return explain(
    command,
    `
An account owns a namespace, its conversations, and every stream that it opens. Its credential is kept in a profile: a file
in your config folder that only you can read (ams config path). It is sent to its own deployment and nowhere else.

Example:
  $ ams account create falcon --url http://127.0.0.1:8080
  $ ams account show`,
  );
}

function create(): Command {
  const command = new Command("create")
    .description("make an account and keep it in the profile")
    .argument("<namespace>", "1 to 63 of a-z, 0-9 and -: the first part of its links")
    .option(SHOW, SHOW_HELP)
    .action(async (namespace: string, options: ShowCredential, self: Command) => {
      const { createInProfile } = await import("../actions/account.ts");
      await createInProfile(contextOf(self), namespace, options);
    });
  return explain(
    command,
    `
Example:
  $ ams account create falcon --url http://127.0.0.1:8080
  The account falcon (acc_01KAK…) is made at http://127.0.0.1:8080.
  Its credential is kept in /home/ada/.config/ams/default.json.

Where the operator asks for an invite code, it is read from AMS_INVITE. A second account goes into a profile of its own:
  $ ams account create osprey --profile second`,
  );
}

function show(): Command {
  const command = new Command("show")
    .description("what the deployment knows of your account")
    .option(SHOW, SHOW_HELP)
    .action(async (options: ShowCredential, self: Command) => {
      const { show: run } = await import("../actions/account.ts");
      await run(contextOf(self), options);
    });
  return explain(command, "Example:\n  $ ams account show --json");
}

function usage(): Command {
  const command = new Command("usage")
    .description("each limit of your account, and how much of it is used now")
    .option("--hours <n>", "show instead what was used in each of the last n hours", readCount)
    .addOption(
      new Option("--format <format>", "of the hours, 24 unless --hours is given").choices([
        "text",
        "csv",
        "json",
      ]),
    )
    .action(async (flags: UsageFlags, self: Command) => {
      if (flags.hours !== undefined || flags.format !== undefined) {
        const { usageByHour } = await import("../actions/usage.ts");
        await usageByHour(contextOf(self), flags);
        return;
      }
      const { usage: run } = await import("../actions/account.ts");
      await run(contextOf(self));
    });
  return explain(
    command,
    `
Hours are kept for 35 days (840 of them); those in which nothing was used are left out.

Example:
  $ ams account usage
  live streams     2 of 10
  $ ams account usage --hours 168 --format csv > usage.csv`,
  );
}

function rotate(): Command {
  const command = new Command("rotate")
    .description("change the credential; the old one works until the new one is first used")
    .option(
      "--grace <time>",
      "let the old one work for this long instead (up to 7d; 0 ends it at once)",
      readDuration,
    )
    .option(SHOW, SHOW_HELP)
    .action(async (options: ShowCredential & { readonly grace?: number }, self: Command) => {
      const { rotate: run } = await import("../actions/account.ts");
      await run(contextOf(self), options);
    });
  return explain(
    command,
    `
Example:
  $ ams account rotate --grace 1h
  The old credential works for 3600 s more. The new one is kept in /home/ada/.config/ams/default.json.

The answer holds the new credential and comes only once: ams waits for it whatever signal comes. Should it be lost all the
same, rotate again: without --grace the old one works until the new one is used, 24 hours at most.`,
  );
}

function remove(): Command {
  const command = new Command("delete")
    .description("end the account, its conversations and its namespace, permanently")
    .option("--yes", "don't ask")
    .action(async (options: { readonly yes?: boolean }, self: Command) => {
      const { deleteAccount } = await import("../actions/account.ts");
      await deleteAccount(contextOf(self), options);
    });
  return explain(command, "Example:\n  $ ams account delete --profile second");
}
