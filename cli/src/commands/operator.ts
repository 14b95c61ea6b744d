/** `ams operator`: what those who run a deployment see and do, by the operator API (§11). */
import { Command } from "commander";
import { contextOf } from "../options/context.ts";
import { limitsCommand, planCommand } from "./operator-limits.ts";
import { explain } from "./options.ts";

const load = () => import("../actions/operator.ts");

const ACCOUNT_HELP = "its namespace, or its id";

export function operatorCommand(): Command {
  const operator = new Command("operator").description(
    "see and look after the accounts and gateways of a deployment that you run",
  );
  for (const command of [...looking(), ...changing()]) operator.addCommand(command);
  return explain(
    operator,
    `
It asks control's admin port, AMS_OPERATOR_URL (http://127.0.0.1:9091 unless given), with the operator key in AMS_OPERATOR_KEY,
which \`npm run control -- operator-key create <name> <role>\` makes.

Example:
  $ ams operator overview
  $ ams operator accounts fal
  $ ams operator suspend falcon --reason spam`,
  );
}

function looking(): readonly Command[] {
  const overview = new Command("overview")
    .description("show connections, conversations, refusals and gaps of all gateways")
    .action(async (_: unknown, self: Command) => (await load()).overview(contextOf(self)));
  const gateways = new Command("gateways")
    .description("list the gateways that live, with what each holds")
    .action(async (_: unknown, self: Command) => (await load()).gateways(contextOf(self)));
  const accounts = new Command("accounts")
    .description("list the accounts, by namespace")
    .argument("[prefix]", "what their namespaces begin with")
    .action(async (prefix: string | undefined, _: unknown, self: Command) =>
      (await load()).accounts(contextOf(self), prefix ?? ""),
    );
  const account = new Command("account")
    .description("show an account with its limits and its use")
    .argument("<account>", ACCOUNT_HELP)
    .action(async (named: string, _: unknown, self: Command) =>
      (await load()).account(contextOf(self), named),
    );
  const audit = new Command("audit")
    .description("list what operators did, the newest first")
    .action(async (_: unknown, self: Command) => (await load()).audit(contextOf(self)));
  return [overview, gateways, accounts, account, audit];
}

function changing(): readonly Command[] {
  const suspend = new Command("suspend")
    .description("refuse an account, and close its sockets and conversations")
    .argument("<account>", ACCOUNT_HELP)
    .option("--reason <text>", "why, for the operators' log")
    .action(async (named: string, options: { reason?: string }, self: Command) =>
      (await load()).change(contextOf(self), named, "suspend", options),
    );
  const resume = new Command("resume")
    .description("end the suspension of an account")
    .argument("<account>", ACCOUNT_HELP)
    .action(async (named: string, _: unknown, self: Command) =>
      (await load()).change(contextOf(self), named, "resume", {}),
    );
  const remove = new Command("delete")
    .description("delete an account with all that it has")
    .argument("<account>", ACCOUNT_HELP)
    .option("-y, --yes", "don't ask")
    .action(async (named: string, options: { yes?: boolean }, self: Command) =>
      (await load()).remove(contextOf(self), named, options),
    );
  const drain = new Command("drain")
    .description("let a gateway give its sockets away and take no more")
    .argument("<gateway>", "its id, as `ams operator gateways` lists it")
    .action(async (gateway: string, _: unknown, self: Command) =>
      (await load()).drain(contextOf(self), gateway),
    );
  return [suspend, resume, limitsCommand(), planCommand(), remove, drain];
}
