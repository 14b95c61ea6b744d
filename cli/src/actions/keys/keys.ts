/** `ams key`: credentials with scopes of their own, made, listed, ended (§2.2.8 to §2.2.10). */
import type { CreateKeyOptions, Key, ListedKey } from "@ams/client";
import type { Context } from "../../options/context.ts";
import { accountOf, settingsOf } from "../../options/settings.ts";
import { harmless } from "../../terminal/harmless.ts";
import { unstoppably } from "../../terminal/interrupt.ts";
import { withProgress } from "../../terminal/progress.ts";
import { lostAnswer, noteOfWaiting } from "../account.ts";

/** Prints the credential alone on stdout: it is shown this once. */
export async function createKey(context: Context, options: CreateKeyOptions): Promise<void> {
  const { output } = context;
  const account = await accountOf(context, await settingsOf(context));
  // Not to be stopped in between: the credential is in the answer, and never again.
  const made = await unstoppably(noteOfWaiting(context), () =>
    withProgress(output, "making the key", () => account.createKey(options)),
  ).catch((error: unknown) => {
    const what = "The key may have been made, and its credential is lost then";
    throw lostAnswer(error, `${what}: see \`ams key list\` and revoke it`);
  });
  output.note(`Made ${harmless(made.keyId)} (${termsOf(made)}). Its credential, this once:`);
  output.answer({ ...keyJson(made), credential: made.credential }, harmless(made.credential));
}

export async function listKeys(context: Context): Promise<void> {
  const { output, signal } = context;
  const account = await accountOf(context, await settingsOf(context));
  const keys = await withProgress(output, "listing", () => account.listKeys({ signal }));
  for (const key of keys) {
    const json = { ...keyJson(key), last_used_at: key.lastUsedAt };
    output.answer(json, `${harmless(key.keyId)}  ${usedOf(key)}  ${termsOf(key)}`);
  }
  if (keys.length === 0) output.note("There are none: `ams key create` makes one.");
}

export async function revokeKey(context: Context, keyId: string): Promise<void> {
  const { output, signal } = context;
  const account = await accountOf(context, await settingsOf(context));
  await withProgress(output, "ending it", () => account.revokeKey(keyId, { signal }));
  const said = `${harmless(keyId)} has ended, and the connections that it opened are closed.`;
  output.answer({ revoked: keyId }, said);
}

function keyJson({ keyId, name, scopes, expiresAt, createdAt }: Key) {
  return { key_id: keyId, name, scopes, expires_at: expiresAt, created_at: createdAt };
}

function termsOf({ name, scopes, expiresAt }: Key): string {
  const until = expiresAt === null ? "" : `, until ${harmless(expiresAt)}`;
  return `"${harmless(name)}", may ${harmless(scopes.join(", "))}${until}`;
}

function usedOf({ lastUsedAt }: ListedKey): string {
  return lastUsedAt === null ? "never used" : `last used ${harmless(lastUsedAt)}`;
}
