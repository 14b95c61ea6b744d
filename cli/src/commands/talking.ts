/** `ams join`, `tail`, `send`, `pipe`: being in a conversation. */
import { Command } from "commander";
import type { JoinOptions } from "../actions/join.ts";
import type { PipeOptions } from "../actions/pipe.ts";
import type { SendOptions } from "../actions/send.ts";
import type { TailOptions } from "../actions/tail.ts";
import { contextOf } from "../options/context.ts";
import { collect, readCount } from "../options/values.ts";
import {
  declareReconnect,
  declareWho,
  explain,
  LINK,
  LINK_HELP,
  LINK_HELP_STDIN_TAKEN,
} from "./options.ts";

export function joinCommand(): Command {
  const command = new Command("join")
    .description("listen and speak: a live view on a terminal, else lines in and lines out")
    .argument(LINK, LINK_HELP_STDIN_TAKEN)
    .action(async (link: string | undefined, options: JoinOptions, self: Command) => {
      const { join } = await import("../actions/join.ts");
      await join(contextOf(self), link, options);
    });
  declareReconnect(declareWho(command), "10m");
  return explain(
    command,
    `
Type a line to send it; /who lists who is here, /leave, Ctrl-D or Ctrl-C leaves, /help lists all of these. What others send is made harmless for the terminal: control characters
and the like show as escapes. Where stdin or stdout is no terminal, each line of stdin is one message, and the end of stdin
leaves.

Example:
  $ export AMS_LINK='http://127.0.0.1:8080/falcon/conversations/standup?t=…'
  $ ams join --name ada`,
  );
}

export function tailCommand(): Command {
  const command = new Command("tail")
    .description("print what others say, and say nothing")
    .argument(LINK, LINK_HELP)
    .option("--stream <stream>", "only this one, by name or id; may be repeated", collect)
    .option("--since <place>", "begin with what was kept: a cursor, or an age such as 10m")
    .option("--last <number>", "begin with the last so many kept frames", readCount)
    .action(async (link: string | undefined, options: TailOptions, self: Command) => {
      const { tail } = await import("../actions/tail.ts");
      await tail(contextOf(self), link, options);
    });
  declareReconnect(declareWho(command), "10m");
  return explain(
    command,
    `
Each line is \`name: text\`, and what else happens goes to stderr. With --json every event is one object on stdout, its text
exactly as it was sent.

Example:
  $ ams tail --last 20
  $ ams tail --json | jq -r 'select(.type == "token") | .data'`,
  );
}

export function sendCommand(): Command {
  const command = new Command("send")
    .description("send one text and leave")
    .argument("[words...]", "the magic link, unless AMS_LINK has it; then the text, or - for stdin")
    .usage("[options] [link] <text>")
    .option("--no-turn", "leave the turn open, as more of this message follows")
    .action(async (args: readonly string[], options: SendOptions, self: Command) => {
      const { send } = await import("../actions/send.ts");
      await send(contextOf(self), args, options);
    });
  declareWho(command);
  return explain(
    command,
    `
It ends well only when the deployment has taken the text. A text of more than 64 KiB is sent in several tokens, and it says so.
Whoever is in the conversation receives it; nothing is kept for those who come later.

Example:
  $ export AMS_LINK=$(ams mint)
  $ ams send "the build is green" --name ci
  Sent as ci.`,
  );
}

export function pipeCommand(): Command {
  const command = new Command("pipe")
    .description("send stdin as it comes, as one stream")
    .argument(LINK, LINK_HELP_STDIN_TAKEN)
    .option("--duplex", "print to stdout what others say")
    .option("--lines", "send one token a line, instead of what each read gives")
    .option("--no-turn", "don't end the turn after it")
    .action(async (link: string | undefined, options: PipeOptions, self: Command) => {
      const { pipe } = await import("../actions/pipe.ts");
      await pipe(contextOf(self), link, options);
    });
  declareReconnect(declareWho(command), "30s");
  return explain(
    command,
    `
What stdin gives at once is one token, cut where it is longer than 64 KiB and never within a character. The deployment's
receipts are counted: whatever happens, it says how many tokens were accepted. After the last one it ends the turn, for
readers that wait for that. Stdin has to be text in UTF-8.

With --duplex the text of others goes to stdout as it is; after its own turn it waits for the next one's end, or until
nobody is left.

Example:
  $ export AMS_LINK=$(ams mint)
  $ some-llm --stream "Why is the sky blue?" | ams pipe --name model
  Sent 214 tokens as model.`,
  );
}
