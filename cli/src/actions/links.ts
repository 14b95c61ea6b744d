/** `ams link`: magic links of a conversation of one's own, made, listed, ended. */
import { AmsError, type CreateLinkOptions, type Link, type ListedLink } from "@ams/client";
import type { Context } from "../options/context.ts";
import { accountOf, settingsOf } from "../options/settings.ts";
import { harmless } from "../terminal/harmless.ts";
import { withProgress } from "../terminal/progress.ts";
import { termsJson, termsOf } from "../view/link-terms.ts";
import { aliasOf } from "./conversations.ts";

export async function newLink(
  context: Context,
  conversation: string,
  { keepConnected = false }: { readonly keepConnected?: boolean },
): Promise<void> {
  const { output, signal } = context;
  const account = await accountOf(context, await settingsOf(context));
  const alias = aliasOf(conversation, account);
  const link = await withProgress(output, "making a link", () =>
    account.newLink(alias, { keepConnected, signal }),
  );
  output.note("Every earlier link of it stopped working. Whoever has this one can join:");
  output.answer({ magic_link: link }, harmless(link));
}

/** Prints the link alone on stdout, as `ams mint` does. */
export async function createLink(
  context: Context,
  conversation: string,
  options: CreateLinkOptions,
): Promise<void> {
  const { output, signal } = context;
  const account = await accountOf(context, await settingsOf(context));
  const alias = aliasOf(conversation, account);
  const made = await withProgress(output, "making a link", () =>
    account.createLink(alias, { ...options, signal }),
  );
  output.note(
    `Made ${made.linkId} (${termsOf(made)}); earlier links stay. Whoever has it can join:`,
  );
  output.answer({ ...linkJson(made), magic_link: made.magicLink }, harmless(made.magicLink));
}

export async function listLinks(context: Context, conversation: string): Promise<void> {
  const { output, signal } = context;
  const account = await accountOf(context, await settingsOf(context));
  const alias = aliasOf(conversation, account);
  const links = await withProgress(output, "listing", () => account.links(alias, { signal }));
  for (const link of links) {
    const { joins, uses, lastUsedAt } = link;
    const json = { ...linkJson(link), joins, uses, last_used_at: lastUsedAt };
    output.answer(json, `${link.linkId.padEnd(8)}  ${usedOf(link)}  ${termsOf(link)}`);
  }
  if (links.length === 0) output.note("It has none: `ams link new` makes one.");
}

/** The deployment ends all links by making a new one: nobody receives that one. */
export async function revokeLinks(
  context: Context,
  conversation: string,
  linkId: string | null,
  { keepConnected = false }: { readonly keepConnected?: boolean },
): Promise<void> {
  const { output, signal } = context;
  const account = await accountOf(context, await settingsOf(context));
  const alias = aliasOf(conversation, account);
  if (linkId !== null) {
    if (keepConnected) {
      throw new AmsError("invalid_argument", "--keep-connected is for all links, not for one.");
    }
    await withProgress(output, "ending it", () => account.revokeLink(alias, linkId, { signal }));
    const said = `${harmless(linkId)} admits nobody now, and who came in by it is out.`;
    output.answer({ revoked: alias, link_id: linkId }, said);
    return;
  }
  await withProgress(output, "ending its links", () =>
    account.newLink(alias, { keepConnected, signal }),
  );
  const others = keepConnected ? "who is in stays" : "who came in by one is out";
  output.answer(
    { revoked: alias, kept_connected: keepConnected },
    `No link of ${harmless(alias)} admits anybody now, and ${others}; \`ams link new ${harmless(alias)}\` makes a new one.`,
  );
}

function linkJson(link: Link) {
  return { link_id: link.linkId, ...termsJson(link), created_at: link.createdAt };
}

function usedOf({ uses, lastUsedAt }: ListedLink): string {
  return lastUsedAt === null ? "never used" : `used ${uses} times, last ${harmless(lastUsedAt)}`;
}
