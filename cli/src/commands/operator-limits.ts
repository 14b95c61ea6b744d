/** `ams operator limits` and `plan`: what an account may have (§11.2, §2.10). */
import { Command, InvalidArgumentError } from "commander";
import { contextOf } from "../options/context.ts";
import { readCount } from "../options/values.ts";
import { explain } from "./options.ts";

const ACCOUNT_HELP = "its namespace, or its id";

/** By option, as `npm run control -- limits` has them: the limit that it sets, and what it is. */
const OPTIONS = {
  streams: ["streams_max", "streams at a time"],
  guests: ["guests_max", "guests at a time; 0: none"],
  conversations: ["conversations_max", "conversations at a time"],
  subscribers: ["subscribers_max", "subscribers of each conversation at a time"],
  mints: ["mints_per_minute", "mints per minute; 0: no limit"],
  frames: ["frames_per_second", "frames per second; 0: no limit"],
  bytes: ["bytes_per_second", "bytes per second; 0: no limit"],
  deliveries: ["deliveries_per_second", "deliveries per second; 0: no limit"],
  replayBytes: ["replay_bytes_max", "bytes that each conversation may keep; 0: none"],
  replaySeconds: ["replay_seconds_max", "seconds that it may keep them; 0: none"],
} as const;

type Flags = { readonly [Option in keyof typeof OPTIONS]?: number | "default" };

/** By limit; null follows the plan, then the deployment. */
export type LimitChanges = Readonly<Record<string, number | null>>;

export const LIMIT_NAMES: readonly string[] = Object.values(OPTIONS).map(([limit]) => limit);

export function limitsCommand(): Command {
  const command = new Command("limits")
    .description("set limits of an account; without options, show those of its own")
    .argument("<account>", ACCOUNT_HELP);
  for (const [name, [, help]] of Object.entries(OPTIONS)) {
    command.option(`--${name.replace(/[A-Z]/, "-$&").toLowerCase()} <n>`, help, readLimit);
  }
  command.action(async (named: string, flags: Flags, self: Command) => {
    const changes: LimitChanges = Object.fromEntries(
      Object.entries(OPTIONS).flatMap(([name, [limit]]) => {
        const value = Object.entries(flags).find(([given]) => given === name)?.[1];
        if (value === undefined) return [];
        return [[limit, value === "default" ? null : value] as const];
      }),
    );
    const { limits } = await import("../actions/operator.ts");
    await limits(contextOf(self), named, changes, LIMIT_NAMES);
  });
  return explain(
    command,
    `
Each value is a whole number, or \`default\`: then the account follows its plan again, else the deployment.

Example:
  $ ams operator limits falcon --streams 50 --guests default`,
  );
}

export function planCommand(): Command {
  const command = new Command("plan")
    .description("put an account under a plan")
    .argument("<account>", ACCOUNT_HELP)
    .argument("<plan>", "the name of a plan of the deployment; none for no plan")
    .action(async (named: string, plan: string, _: unknown, self: Command) => {
      const { plan: put } = await import("../actions/operator.ts");
      await put(contextOf(self), named, plan === "none" ? null : plan);
    });
  return explain(command, "Example:\n  $ ams operator plan falcon small");
}

/** Not null for "default": commander makes an empty text of it. */
function readLimit(text: string): number | "default" {
  if (text === "default") return text;
  try {
    return readCount(text);
  } catch {
    throw new InvalidArgumentError("It is a whole number, or default.");
  }
}
