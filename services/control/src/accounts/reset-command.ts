/**
 * `control reset-credential <namespace>`: for an account whose credential is lost, or in the wrong
 * hands. It works on the store itself, so it asks for no credential.
 */
import { parseArgs } from "node:util";
import { type Directory, hash, newCredential, type Peppers } from "@ams/directory";
import { storeFault } from "@ams/process";
import { isNamespace, type Namespace } from "@ams/protocol";
import {
  EXIT_MISCONFIGURED,
  EXIT_USAGE,
  fail,
  reachable,
  recordOperator,
  type Said,
} from "./said.ts";

export const RESET_USAGE = `usage: control reset-credential <namespace> [--directory FOLDER]

  Ends every credential and every key of the account at once, with the sockets that they admitted, and prints a new
  credential. It is shown this once. Links and conversations stay: replace a link that the wrong hands may have. The peppers are those of the deployment: AMS_CREDENTIAL_PEPPERS and AMS_LINK_PEPPERS, or AMS_PEPPERS_FILE, or
  the file in the folder.
  --directory       the state folder of a standalone AMS, which may run meanwhile; else AMS_REDIS_URL says where Redis is
`;

export type ResetWish = {
  readonly namespace: Namespace;
  /** The folder of an embedded directory; null means Redis. */
  readonly folder: string | null;
};

/** What the arguments behind `control` ask for, or what is wrong with them in a sentence. */
export function readResetWish(
  args: readonly string[],
):
  | { readonly ok: true; readonly value: ResetWish }
  | { readonly ok: false; readonly fault: string } {
  const parsed = parse(args);
  if (typeof parsed === "string") return { ok: false, fault: parsed };
  const [command, namespace, ...more] = parsed.positionals;
  if (command !== "reset-credential" || namespace === undefined || more.length > 0) {
    return { ok: false, fault: "say: reset-credential, and one namespace" };
  }
  if (!isNamespace(namespace)) return { ok: false, fault: "that is not a namespace" };
  return { ok: true, value: { namespace, folder: parsed.values.directory ?? null } };
}

/** Replaces all credentials and keys by a new credential, and says it. */
export function runReset(directory: Directory, peppers: Peppers, wish: ResetWish): Promise<Said> {
  return reachable(async () => {
    // Under a pepper that the deployment doesn't have, the new credential would open nothing.
    const known = await directory.confirmPeppers(peppers);
    if (!known.ok) return fail(EXIT_MISCONFIGURED, storeFault(known.fault));
    const account = await directory.accountOf(wish.namespace);
    if (account === null) return fail(EXIT_USAGE, "no account has that namespace");
    const { account_id, namespace } = account;
    const credential = newCredential();
    const hashed = hash(peppers.credential[0], credential);
    const reset = await directory.resetCredential(account_id, hashed);
    if (!reset.ok) return fail(EXIT_USAGE, "the account was just deleted");
    await recordOperator(directory, account_id, "credential_reset");
    const said = JSON.stringify({ account_id, namespace, credential }, null, 2);
    return { exit: 0, out: `${said}\n`, error: "" };
  });
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { directory: { type: "string" } },
    });
  } catch (error) {
    return error instanceof Error ? error.message : "the arguments can't be read";
  }
}
