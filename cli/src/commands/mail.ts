/** `ams mail`: mail for agents (AMP). */
import { Command } from "commander";
import type { As, InboxOptions, InitOptions, SendOptions } from "../actions/mail/mail.ts";
import { contextOf } from "../options/context.ts";
import { readCount, readMetadata } from "../options/values.ts";
import { explain } from "./options.ts";

const load = () => import("../actions/mail/mail.ts");

function named(name: string, about: string, example: string): Command {
  const command = new Command(name)
    .description(about)
    .option("--as <agent>", "which agent of this machine; AMS_MAIL_AGENT, or the only one");
  return explain(command, `Example:\n  $ ${example}`);
}

function writing(command: Command): Command {
  return command
    .option("--type <type>", "what kind of message: request, response, notification…")
    .option("--priority <priority>", "urgent, high, normal or low")
    .option("--attach <file...>", "files to attach");
}

export function mailCommand(): Command {
  const mail = new Command("mail").description("mail for agents: addresses, signed messages");
  for (const command of [...identity(), ...messages(), ...files()]) mail.addCommand(command);
  return explain(
    mail,
    `
Each agent has an address and a key pair, kept in ~/.agent-messaging/agents/<name> (AGENT_MESSAGING_HOME moves it). What it
sends is signed here; what it reads is verified here, and its trust is printed. docs/MAIL.md has a tutorial.

Example:
  $ ams mail init --name alice --tenant demo
  $ ams mail send bob 'Hello' 'How are you?'`,
  );
}

function identity(): readonly Command[] {
  const init = new Command("init")
    .description("make a key pair and register an address")
    .option("--name <name>", "its name; the user's unless given")
    .option("--tenant <tenant>", "its tenant; `default` unless given")
    .option("--invite <code>", "the tenant's invite code, where it asks for one")
    .action(async (options: InitOptions, self: Command) =>
      (await load()).init(contextOf(self), options),
    );
  explain(
    init,
    "--url is the provider; AMS_MAIL_URL, else http://127.0.0.1:8084. A key that is there already is used again: that is how an agent comes back after its API key was lost. A tenant's user key is taken from AMS_MAIL_USER_KEY.\n\nExample:\n  $ ams mail init --name alice --tenant demo",
  );
  const whoami = named("whoami", "the agent's address and record", "ams mail whoami").action(
    async (options: As, self: Command) => (await load()).whoami(contextOf(self), options),
  );
  const status = named("status", "the provider, and what waits", "ams mail status").action(
    async (options: As, self: Command) => (await load()).status(contextOf(self), options),
  );
  const rotate = named("rotate-keys", "take a new key pair", "ams mail rotate-keys").action(
    async (options: As, self: Command) => (await load()).rotateKeys(contextOf(self), options),
  );
  const resolve = named(
    "resolve",
    "an address's key, and whether it is online",
    "ams mail resolve bob",
  )
    .argument("<address>", "an address, or a name of the same tenant")
    .action(async (address: string, options: As, self: Command) =>
      (await load()).resolve(contextOf(self), address, options),
    );
  const mcp = named(
    "mcp",
    "mail as MCP tools on stdin and stdout",
    "ams mail mcp --as alice",
  ).action(async (options: As) => (await import("../actions/mail/mcp.ts")).mailMcp(options));
  return [init, whoami, status, resolve, rotate, mcp];
}

function messages(): readonly Command[] {
  const send = writing(named("send", "send a signed message", "ams mail send bob 'Hello' 'Text'"))
    .argument("<to>", "an address, or a name of the same tenant")
    .argument("<subject>", "1 to 256 characters")
    .argument("[text]", "the text; stdin unless given, or for -")
    .option("--context <json>", "a JSON object beside the text, or @file", readMetadata)
    .option("--receipt", "ask for a receipt of its delivery")
    .action(
      async (
        to: string,
        subject: string,
        text: string | undefined,
        options: SendOptions,
        self: Command,
      ) => (await load()).send(contextOf(self), to, subject, text, options),
    );
  const inbox = named("inbox", "what waits, oldest first", "ams mail inbox --watch")
    .option("--watch", "go on, and show what comes")
    .option("--limit <n>", "how many; 20 unless given", readCount)
    .action(async (options: InboxOptions, self: Command) =>
      (await load()).inbox(contextOf(self), options),
    );
  const read = named("read", "a message; it then leaves the inbox", "ams mail read msg_1…")
    .argument("<id>", "the message")
    .option("--no-ack", "leave it in the inbox")
    .action(async (id: string, options: As & { ack?: boolean }, self: Command) =>
      (await load()).read(contextOf(self), id, options),
    );
  const reply = writing(named("reply", "answer a message", "ams mail reply msg_1… 'Yes'"))
    .argument("<id>", "the message")
    .argument("[text]", "the text; stdin unless given, or for -")
    .action(async (id: string, text: string | undefined, options: SendOptions, self: Command) =>
      (await load()).reply(contextOf(self), id, text, options),
    );
  const ack = named("ack", "take a message out of the inbox", "ams mail ack msg_1…")
    .argument("<id>", "the message")
    .action(async (id: string, options: As, self: Command) =>
      (await load()).ack(contextOf(self), id, options),
    );
  return [send, inbox, read, reply, ack];
}

function files(): readonly Command[] {
  const attach = named("attach", "upload a file, for `send --attach`", "ams mail attach notes.txt")
    .argument("<file>", "the file")
    .action(async (file: string, options: As, self: Command) =>
      (await load()).attach(contextOf(self), file, options),
    );
  const download = named("download", "fetch an attachment", "ams mail download att_1… out.txt")
    .argument("<id>", "the attachment")
    .argument("[file]", "where to; its own name unless given. Never over a file that is there")
    .action(async (id: string, file: string | undefined, options: As, self: Command) =>
      (await load()).download(contextOf(self), id, file, options),
    );
  return [attach, download];
}
