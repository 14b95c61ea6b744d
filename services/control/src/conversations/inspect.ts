/** A conversation and who is in it, for whoever holds its link, owns it, or is in it (§2.5). */

import {
  type Account,
  type Admission,
  type Link,
  matches,
  type Outcome,
  type RosterEntry,
  whereOf,
} from "@ams/directory";
import { linkOf } from "@ams/identity";
import { costMs } from "@ams/process";
import {
  isAlias,
  isLinkToken,
  isNamespace,
  isSignedToken,
  type JsonText,
  joinMembers,
  toJsonText,
  trustJsonText,
} from "@ams/protocol";
import { inspectedBody } from "@ams/protocol/schema";
import { authenticate, type CredentialFault } from "../accounts/authenticate.ts";
import type { Call, Endpoint, Tools } from "../http/endpoint.ts";
import { problem } from "../http/problem.ts";
import { inspectQuery } from "../http/queries.ts";
import { reply } from "../http/reply.ts";
import { conversationMembers } from "./conversations.ts";
import { termsMembers } from "./limited-links.ts";

/** Characters of a roster entry beside its metadata. */
const ENTRY_CHARACTERS = 400;

export const inspectConversation: Endpoint = {
  name: "inspect_conversation",
  doc: {
    summary: "Inspect a conversation",
    description:
      "The conversation and its live streams, for the holder of its link (`t`), its owner, or an account with a live stream in it.",
    auth: "link-or-bearer",
    query: inspectQuery,
    success: { 200: { about: "The conversation with its roster.", schema: inspectedBody } },
    errors: [
      "missing_credential",
      "invalid_credential",
      "insufficient_scope",
      "invalid_token",
      "not_found",
    ],
    curl: "",
  },
  handle: async (call, tools) => {
    const token = call.query("t");
    const bearer = await readBearer(call, tools, token !== null);
    if (!bearer.ok) return problem(bearer.fault);
    const admission = await find(call, tools);
    const link =
      token === null || admission === null ? null : await openedBy(tools, admission, token);
    const byLink = link !== null;
    // Whoever has shown nothing costs no roster.
    if (!byLink && bearer.value === null) call.meter.paidByAddress();
    if (admission === null) return problem("not_found");
    const { conversation } = admission;
    if (byLink) call.meter.paidBy("conversation", conversation.conversation_id);
    else if (bearer.value === null) return problem("invalid_token");
    const roster = await tools.directory.roster(whereOf(conversation));
    call.meter.spend(costMs(sizeOf(roster)));
    const admitted =
      byLink || (bearer.value !== null && takesPart(bearer.value, admission, roster));
    if (!admitted) return problem("invalid_token");
    const streams = [...roster].sort(byJoining).map(streamJson);
    const json = joinMembers({
      ...conversationMembers(conversation),
      ...(link === null ? {} : { link: joinMembers(termsMembers(link)) }),
      streams: trustJsonText(`[${streams.join(",")}]`),
    });
    call.meter.spend(costMs(json.length));
    return reply(200, json);
  },
};

/**
 * The account that asks. Beside a link token it may be missing or wrong: the token opens by itself.
 */
async function readBearer(
  call: Call,
  tools: Tools,
  hasToken: boolean,
): Promise<Outcome<Account | null, CredentialFault>> {
  const nobody = { ok: true, value: null } as const;
  if (hasToken && !call.request.headers.get("authorization")) return nobody;
  const account = await authenticate(call, tools, "read");
  return account.ok || !hasToken ? account : nobody;
}

function find(call: Call, tools: Tools): Promise<Admission | null> | null {
  const namespace = call.param("namespace");
  const alias = call.param("alias");
  if (!isNamespace(namespace) || !isAlias(alias)) return null;
  return tools.directory.admission({ namespace, alias });
}

/**
 * The live link that this is the token of. One whose joins are used up still shows what it led to.
 */
async function openedBy(
  tools: Tools,
  { conversation, links }: Admission,
  token: string,
): Promise<Link | null> {
  const { conversation_id, owner_account_id, expires_at_ms } = conversation;
  if (expires_at_ms !== null && tools.now() >= expires_at_ms) return null;
  if (isSignedToken(token)) {
    const terms = await tools.identity.joinTerms(token, conversation_id);
    return terms.ok && terms.value.accountId === owner_account_id ? linkOf(terms.value) : null;
  }
  if (!isLinkToken(token)) return null;
  // Every link is compared, so that the time shows nothing of which one it was.
  const matching = links.filter((link) => matches(tools.peppers.link, token, link.hash));
  const isLive = ({ terms }: Link) =>
    tools.now() < (terms?.expires_at_ms ?? Number.POSITIVE_INFINITY);
  return matching.find(isLive) ?? null;
}

function takesPart(
  account: Account,
  { conversation }: Admission,
  roster: readonly RosterEntry[],
): boolean {
  const { account_id } = account;
  return (
    conversation.owner_account_id === account_id ||
    roster.some((entry) => entry.owner_account_id === account_id)
  );
}

/** Characters that were read of the store for this roster, about. */
function sizeOf(roster: readonly RosterEntry[]): number {
  return roster.reduce((size, { metadata }) => size + metadata.length + ENTRY_CHARACTERS, 0);
}

/** The earliest first, and always in the same order. */
function byJoining(a: RosterEntry, b: RosterEntry): number {
  const [left, right] = [a, b].map((entry) => `${entry.joined_at} ${entry.stream_id}`);
  return (left ?? "") < (right ?? "") ? -1 : 1;
}

function streamJson(entry: RosterEntry): JsonText {
  return joinMembers({
    stream_id: toJsonText(entry.stream_id),
    stream_name: toJsonText(entry.stream_name),
    owner_account_id: toJsonText(entry.owner_account_id),
    metadata: entry.metadata,
    peer_identity: entry.peer_identity ?? undefined,
    joined_at: toJsonText(entry.joined_at),
  });
}
