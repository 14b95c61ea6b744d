/** `ams webhook`: events of an account, sent to a server of its own. */
import { Command } from "commander";
import { contextOf } from "../options/context.ts";
import { CONVERSATION_HELP } from "./links.ts";
import { explain } from "./options.ts";

const load = () => import("../actions/webhooks/webhooks.ts");

const ID_HELP = "as `ams webhook list` names it";

export function webhookCommand(): Command {
  const command = new Command("webhook").description(
    "have events of your conversations sent to your own server",
  );
  for (const make of [create, list, revoke, enable, deliveries, replay, optIn, optOut]) {
    command.addCommand(make());
  }
  return explain(
    command,
    `
Only conversations that opted in have events. Each is signed by Standard Webhooks, and arrives at least once.

Example:
  $ ams webhook create https://example.com/ams --types stream.joined,message
  $ ams webhook opt-in standup --messages`,
  );
}

function create(): Command {
  const command = new Command("create")
    .description("make a webhook, and print its secret, which is shown once")
    .argument("<url>", "where events are sent: https, and outside")
    .option("--types <list>", "such as stream.joined,message; all but message unless given")
    .action(async (url: string, { types }: { readonly types?: string }, self: Command) => {
      await (await load()).createWebhook(contextOf(self), url, types);
    });
  return explain(command, "Example:\n  $ ams webhook create https://example.com/ams >secret");
}

function list(): Command {
  const command = new Command("list")
    .description("list the webhooks, without their secrets")
    .action(async (_options: object, self: Command) => {
      await (await load()).listWebhooks(contextOf(self));
    });
  return explain(command, "Example:\n  $ ams webhook list --json | jq -r .webhook_id");
}

function revoke(): Command {
  const command = new Command("revoke")
    .description("remove a webhook; what waited for it is dropped")
    .argument("<webhook-id>", ID_HELP)
    .action(async (id: string, _options: object, self: Command) => {
      await (await load()).revokeWebhook(contextOf(self), id);
    });
  return explain(command, "Example:\n  $ ams webhook revoke wh_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ");
}

function enable(): Command {
  const command = new Command("enable")
    .description("send to a webhook again that was disabled after too many failures")
    .argument("<webhook-id>", ID_HELP)
    .action(async (id: string, _options: object, self: Command) => {
      await (await load()).enableWebhook(contextOf(self), id);
    });
  return explain(command, "Example:\n  $ ams webhook enable wh_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ");
}

function deliveries(): Command {
  const command = new Command("deliveries")
    .description("list the latest attempts, the newest first")
    .argument("<webhook-id>", ID_HELP)
    .action(async (id: string, _options: object, self: Command) => {
      await (await load()).listDeliveries(contextOf(self), id);
    });
  return explain(command, "Example:\n  $ ams webhook deliveries wh_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ");
}

function replay(): Command {
  const command = new Command("replay")
    .description("send an event once more")
    .argument("<webhook-id>", ID_HELP)
    .argument("<message-id>", "as `ams webhook deliveries` names it")
    .action(async (id: string, messageId: string, _options: object, self: Command) => {
      await (await load()).replayDelivery(contextOf(self), id, messageId);
    });
  return explain(
    command,
    "Example:\n  $ ams webhook replay wh_01J8ZQ4T9V3W5X7Y9ABCDEFGHJ evt_0123456789abcdefghijklmnopq",
  );
}

function optIn(): Command {
  const command = new Command("opt-in")
    .description("let webhooks have events of a conversation")
    .argument("<conversation>", CONVERSATION_HELP)
    .option("--messages", "each finished turn too; a stream hooks-… that only reads joins for it")
    .action(async (conversation: string, options: { readonly messages?: true }, self: Command) => {
      const level = { messages: options.messages === true };
      await (await load()).optIn(contextOf(self), conversation, level);
    });
  return explain(command, "Example:\n  $ ams webhook opt-in standup --messages");
}

function optOut(): Command {
  const command = new Command("opt-out")
    .description("let webhooks have nothing of a conversation any more")
    .argument("<conversation>", CONVERSATION_HELP)
    .action(async (conversation: string, _options: object, self: Command) => {
      await (await load()).optIn(contextOf(self), conversation, null);
    });
  return explain(command, "Example:\n  $ ams webhook opt-out standup");
}
