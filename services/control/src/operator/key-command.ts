/**
 * `control operator-key create|list|revoke`: the keys of operators (§11.1). It works on the store
 * itself, so whoever may run it needs none.
 */
import { parseArgs } from "node:util";
import {
  type Directory,
  hash,
  newOperatorKey,
  newOperatorKeyId,
  OPERATOR_ROLES,
  type OperatorKey,
  type OperatorRole,
  type Peppers,
} from "@ams/directory";
import { storeFault } from "@ams/process";
import { EXIT_MISCONFIGURED, EXIT_USAGE, fail, reachable, type Said } from "../accounts/said.ts";
import { isName } from "../http/reply.ts";

export const OPERATOR_KEY_USAGE = `usage: control operator-key create <name> <role> [--directory FOLDER]
       control operator-key list [--directory FOLDER]
       control operator-key revoke <key id> [--directory FOLDER]

  Makes a key for the operator API on control's admin port, and shows it this once; lists the keys; ends one at once.
  <name>            whose it is: the log of what operators do says so
  <role>            read looks, support also suspends and sets limits, admin also deletes accounts and drains gateways
  --directory       the state folder of a standalone AMS, which may run meanwhile; else AMS_REDIS_URL says where Redis is
`;

/** Characters of a name. */
const NAME_CHARACTERS_MAX = 64;

export type OperatorKeyWish = { readonly folder: string | null } & (
  | { readonly kind: "create"; readonly name: string; readonly role: OperatorRole }
  | { readonly kind: "list" }
  | { readonly kind: "revoke"; readonly keyId: string }
);

/** What the arguments behind `control` ask for, or what is wrong with them in a sentence. */
export function readOperatorKeyWish(
  args: readonly string[],
):
  | { readonly ok: true; readonly value: OperatorKeyWish }
  | { readonly ok: false; readonly fault: string } {
  const parsed = parse(args);
  if (typeof parsed === "string") return { ok: false, fault: parsed };
  const [, kind, ...rest] = parsed.positionals;
  const folder = parsed.values.directory ?? null;
  const [first, second] = rest;
  if (kind === "list" && rest.length === 0) return { ok: true, value: { kind, folder } };
  if (kind === "revoke" && first !== undefined && rest.length === 1) {
    return { ok: true, value: { kind, keyId: first, folder } };
  }
  if (kind !== "create" || rest.length !== 2) {
    return { ok: false, fault: "say: operator-key create <name> <role>, list, or revoke <key id>" };
  }
  const role = OPERATOR_ROLES.find((one) => one === second);
  if (role === undefined) {
    return { ok: false, fault: `the role is one of ${OPERATOR_ROLES.join(", ")}` };
  }
  if (!isName(first, NAME_CHARACTERS_MAX)) {
    return { ok: false, fault: `a name has 1 to ${NAME_CHARACTERS_MAX} characters` };
  }
  return { ok: true, value: { kind, name: first, role, folder } };
}

export function runOperatorKey(
  directory: Directory,
  peppers: Peppers,
  wish: OperatorKeyWish,
): Promise<Said> {
  return reachable(async () => {
    // Under a pepper that the deployment doesn't have, a new key would open nothing.
    const known = await directory.confirmPeppers(peppers);
    if (!known.ok) return fail(EXIT_MISCONFIGURED, storeFault(known.fault));
    switch (wish.kind) {
      case "list":
        return say(await directory.operatorKeys());
      case "create":
        return create(directory, peppers, wish.name, wish.role);
      case "revoke":
        return revoke(directory, wish.keyId);
    }
  });
}

async function create(
  directory: Directory,
  peppers: Peppers,
  name: string,
  role: OperatorRole,
): Promise<Said> {
  const secret = newOperatorKey();
  const created_at = new Date().toISOString();
  const key: OperatorKey = { key_id: newOperatorKeyId(Date.now()), name, role, created_at };
  const made = await directory.createOperatorKey(hash(peppers.credential[0], secret), key);
  if (!made.ok) return fail(EXIT_USAGE, "there are 100 operator keys: revoke one");
  await record(directory, "operator_key_created", `${key.key_id} ${name}`, role);
  return say({ ...key, operator_key: secret });
}

async function revoke(directory: Directory, keyId: string): Promise<Said> {
  const revoked = await directory.revokeOperatorKey(keyId);
  if (!revoked.ok) return fail(EXIT_USAGE, "no operator key has that id");
  await record(directory, "operator_key_revoked", keyId, null);
  return say({ revoked: keyId });
}

function record(directory: Directory, action: string, target: string, detail: string | null) {
  const at = new Date().toISOString();
  const event = { action, at, actor: "command", target, request_id: null, detail };
  return directory.recordOperatorEvent(event);
}

function say(json: unknown): Said {
  return { exit: 0, out: `${JSON.stringify(json, null, 2)}\n`, error: "" };
}

function parse(args: readonly string[]) {
  try {
    const options = { directory: { type: "string" } } as const;
    return parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    return error instanceof Error ? error.message : "the arguments can't be read";
  }
}
