/** The agent of a command: the account's credential, the link, and a key of this machine. */
import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Agent } from "@ams/workflow-client";
import { historyInFile, signerFromFile } from "@ams/workflow-client/key-file";
import { CliError } from "../../faults/fault.ts";
import type { Context } from "../../options/context.ts";
import { configFolder } from "../../options/profile.ts";
import { accountOf, settingsOf } from "../../options/settings.ts";
import { orCliError } from "./fault.ts";

export type KeyOptions = { readonly key?: string };

/** Opens the conversation, and closes it. What was seen of the log is kept between commands. */
export async function withAgent<Value>(
  context: Context,
  link: string,
  { key }: KeyOptions,
  use: (agent: Agent) => Promise<Value>,
): Promise<Value> {
  const settings = await settingsOf(context);
  const { credential } = await accountOf(context, settings);
  const folder = join(configFolder(), "workflow");
  const at = createHash("sha256").update(new URL(link).pathname).digest("hex").slice(0, 32);
  return await orCliError(async () => {
    const own = keyOf(folder, key ?? (process.env.AMS_WORKFLOW_KEY || undefined));
    const history = historyInFile(join(folder, `${at}.json`));
    const agent = await Agent.connect({ link, credential, key: own, history, listen: false });
    try {
      return await use(agent);
    } finally {
      await agent.close();
    }
  });
}

function keyOf(folder: string, given: string | undefined) {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return signerFromFile(given ?? join(folder, "agent.key"));
  } catch (error) {
    const sentence = error instanceof Error ? error.message : "The key can't be used.";
    throw new CliError("config_unusable", `The agent's key: ${sentence}.`, {}, error);
  }
}
