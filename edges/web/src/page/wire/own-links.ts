/** The links of a conversation that this browser's account owns (§2.7.5). */
import type { CreatedLink, CreateLinkOptions, ListedLink } from "@ams/client";
import { BASE } from "./base.ts";
import { openOwnersAccount } from "./own-account.ts";

/** Rejects with AmsError, as all of these do. */
export async function createLink(alias: string, options: CreateLinkOptions): Promise<CreatedLink> {
  return await (await openOwnersAccount(BASE)).createLink(alias, options);
}

export async function listLinks(alias: string): Promise<readonly ListedLink[]> {
  return await (await openOwnersAccount(BASE)).links(alias);
}

export async function revokeLink(alias: string, linkId: string): Promise<void> {
  await (await openOwnersAccount(BASE)).revokeLink(alias, linkId);
}
