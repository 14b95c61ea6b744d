/** What an operator's command says, and with which status it exits. */
import type { AccountAction, Directory } from "@ams/directory";
import type { AccountId } from "@ams/protocol";

/** Exit statuses, as in sysexits. */
export const EXIT_USAGE = 64;
export const EXIT_UNAVAILABLE = 69;
export const EXIT_MISCONFIGURED = 78;

export type Said = { readonly exit: number; readonly out: string; readonly error: string };

export function fail(exit: number, sentence: string): Said {
  return { exit, out: "", error: `${sentence}\n` };
}

/** What the work says, or that the directory can't be reached. */
export async function reachable(work: () => Promise<Said>): Promise<Said> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && error.name === "DirectoryUnavailable") {
      return fail(EXIT_UNAVAILABLE, "the directory can't be reached");
    }
    throw error;
  }
}

/** Keeps in the account's log what the operator's command has done (§2.2.12). */
export function recordOperator(
  directory: Directory,
  account: AccountId,
  action: AccountAction,
): Promise<void> {
  const at = new Date().toISOString();
  const event = { action, at, actor: "operator", target: null, request_id: null };
  return directory.recordEvent(account, event);
}
