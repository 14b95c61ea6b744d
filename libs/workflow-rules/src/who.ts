/** Who may do a step: lists of DIDs, roles and accounts. */
import type { StepDefinition } from "./definition.ts";
import type { Message } from "./message.ts";
import type { Run } from "./run.ts";

/** Whether the signer, or the account for which the service signed, may do this step. */
export function may(run: Run, { who }: StepDefinition, { header }: Pick<Message, "header">) {
  const { did, on_behalf_of: account } = header.agent_identity;
  return who === null || isNamed(run, who, did, account ?? null);
}

/** Whether a list of DIDs, roles and accounts names somebody. */
export function isNamed(
  run: Run,
  who: readonly string[],
  did: string | null,
  account: string | null,
): boolean {
  return who.some((name) => {
    if (name === did || (account !== null && name === account)) return true;
    const role = run.roles.get(name);
    if (role === undefined || name.startsWith("did:") || name.startsWith("acc_")) return false;
    return (did !== null && role.has(did)) || (account !== null && role.has(account));
  });
}
