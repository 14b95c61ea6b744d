/** `ams mint`, `list`, `inspect`, `close`: conversations from outside. */
import {
  type Account,
  AmsError,
  type Conversation,
  type Inspected,
  inspect as inspectLink,
  type MintOptions,
} from "@ams/client";
import { linkAddressOf } from "../conversation/link-address.ts";
import { linkOf } from "../conversation/link-argument.ts";
import type { Context } from "../options/context.ts";
import { accountOf, isSameDeployment, settingsOf } from "../options/settings.ts";
import { askToGoOn } from "../terminal/ask.ts";
import { harmless } from "../terminal/harmless.ts";
import { startProgress, withProgress } from "../terminal/progress.ts";
import { conversationJson, peerJson } from "../view/event-json.ts";
import { termsJson, termsOf } from "../view/link-terms.ts";

/** Prints the link alone on stdout, so that `link=$(ams mint)` has it. */
export async function mint(context: Context, options: MintOptions): Promise<void> {
  const { output, signal } = context;
  const account = await accountOf(context, await settingsOf(context));
  const minted = await withProgress(output, "minting", () => account.mint({ ...options, signal }));
  const { magicLink, streamId, streamName, streamMetadata } = minted;
  output.note(`Minted ${nameOf(minted)}. Whoever has this link can join:`);
  output.answer(
    {
      ...conversationJson(minted),
      magic_link: magicLink,
      stream_id: streamId,
      stream_name: streamName,
      stream_metadata: streamMetadata,
    },
    harmless(magicLink),
  );
}

export async function list(context: Context): Promise<void> {
  const { output, signal } = context;
  const account = await accountOf(context, await settingsOf(context));
  const progress = startProgress(output, "listing");
  let count = 0;
  try {
    for await (const conversation of account.list({ signal })) {
      count += 1;
      progress.set(count, null, "conversations");
      progress.clear();
      output.answer(conversationJson(conversation), rowOf(conversation));
    }
  } finally {
    progress.end();
  }
  if (count === 0) output.note("There is none yet: `ams mint` makes one.");
}

export async function close(
  context: Context,
  conversation: string,
  { yes = false }: { readonly yes?: boolean },
): Promise<void> {
  const { output, signal } = context;
  const account = await accountOf(context, await settingsOf(context));
  const alias = aliasOf(conversation, account);
  await askToGoOn(context, yes, `Close ${harmless(alias)} and send everybody out of it?`);
  await withProgress(output, "closing", () => account.close(alias, { signal }));
  output.answer({ closed: alias }, `${harmless(alias)} is closed.`);
}

/** By a link, or by the alias of a conversation of one's own. */
export async function inspect(context: Context, argument: string | undefined): Promise<void> {
  const { output, signal } = context;
  const isAlias = argument !== undefined && /^[a-z0-9][a-z0-9-]*$/.test(argument);
  const account = isAlias ? await accountOf(context, await settingsOf(context)) : null;
  const wanted = account === null ? await linkOf(argument, "free", signal) : (argument ?? "");
  const found = await withProgress(output, "looking", () =>
    account === null ? inspectLink(wanted, { signal }) : account.inspect(wanted, { signal }),
  );
  output.answer(
    {
      ...conversationJson(found),
      ...(found.link === null ? {} : { link: termsJson(found.link) }),
      streams: found.streams.map((stream) => ({ ...peerJson(stream), joined_at: stream.joinedAt })),
    },
    ...linesOf(found),
  );
}

function linesOf(found: Inspected): readonly string[] {
  const { conversationId, metadata, createdAt, expiresAt, streams } = found;
  const names = streams.map(({ streamName }) => streamName.length);
  const widest = Math.max(0, ...names);
  return [
    `conversation ${nameOf(found)} (${harmless(conversationId)})`,
    `made         ${harmless(createdAt)}`,
    `links expire ${expiresAt === null ? "never" : harmless(expiresAt)}`,
    ...(found.link === null ? [] : [`this link    ${termsOf(found.link)}`]),
    `metadata     ${harmless(JSON.stringify(metadata))}`,
    streams.length === 0 ? "streams      nobody is here" : `streams      ${streams.length}`,
    ...streams.map(({ streamName, ownerAccountId, joinedAt, metadata: own }) => {
      const name = harmless(streamName).padEnd(widest);
      const about = Object.keys(own).length === 0 ? "" : `  ${harmless(JSON.stringify(own))}`;
      return `  ${name}  since ${harmless(joinedAt)}  ${harmless(ownerAccountId)}${about}`;
    }),
  ];
}

function rowOf(conversation: Conversation): string {
  const { alias, createdAt, expiresAt, metadata } = conversation;
  const expiry = expiresAt === null ? "" : `  links until ${harmless(expiresAt)}`;
  const about = Object.keys(metadata).length === 0 ? "" : `  ${harmless(JSON.stringify(metadata))}`;
  return `${harmless(alias).padEnd(24)}  ${harmless(createdAt)}${expiry}${about}`;
}

function nameOf({ namespace, alias }: Conversation): string {
  return harmless(`${namespace}/${alias}`);
}

/**
 * A conversation of one's own, by its alias or by a link to it: another deployment may have the
 * same namespace and alias.
 */
export function aliasOf(word: string, { namespace, url }: Account): string {
  if (!/[:/]/.test(word)) return word;
  const address = linkAddressOf(word);
  const isOwn = address?.namespace === namespace && isSameDeployment(address.url, url);
  if (address !== null && isOwn) return address.alias;
  throw new AmsError("invalid_link", "This is no link to a conversation of your account.");
}
