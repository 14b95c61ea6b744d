/**
 * What can be read: the public texts, and the conversations that the caller is in or was given the
 * link of.
 */
import type { CheckedLink, Roster } from "@ams/edge";
import {
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  type Resource,
} from "@modelcontextprotocol/server";
import { peerOf } from "../push/notices.ts";
import type { Call } from "../request/call.ts";
import { CONVENTIONS_TEXT } from "../texts/conventions.ts";
import { PROTOCOL_TEXT } from "../texts/protocol.ts";
import { targetOf } from "../tools/fields.ts";

/**
 * URIs that one session, or one `subscriptions/listen`, may subscribe to: more than it may have
 * subscriptions, twice over.
 */
export const SUBSCRIPTIONS_MAX = 100;

const MARKDOWN = "text/markdown";
const JSON_TYPE = "application/json";

const TEXTS: readonly (Resource & { readonly text: string })[] = [
  {
    uri: "ams://protocol",
    name: "protocol",
    title: "AMS over MCP",
    description: "Words, reading, push and failures.",
    mimeType: MARKDOWN,
    text: PROTOCOL_TEXT,
  },
  {
    uri: "ams://conventions/v1",
    name: "conventions",
    title: "Conventions of conversations",
    description: "Habits that participants share.",
    mimeType: MARKDOWN,
    text: CONVENTIONS_TEXT,
  },
];

export const RESOURCE_TEMPLATES = [
  {
    uriTemplate: "ams://conversations/{id}{?handle}",
    name: "conversation",
    title: "A conversation",
    description:
      "What it is about, who is in it, and how much waits for you. Changes as it goes on; notices of changes come once you have joined. Your handle says who you are.",
    mimeType: JSON_TYPE,
  },
  {
    uriTemplate: "ams://conversations/{id}/peers{?handle}",
    name: "conversation-peers",
    title: "Who is in a conversation",
    description:
      "The live streams. Changes as they come, go, and change their metadata. Notices of changes come once you have joined.",
    mimeType: JSON_TYPE,
  },
];

const CONVERSATION_URI =
  /^ams:\/\/conversations\/(conv_[0-9A-Za-z]+)(\/peers)?(?:\?(stream_name|handle)=([A-Za-z0-9._-]+))?$/;

export type ConversationUri = {
  readonly conversationId: string;
  readonly isPeers: boolean;
  /** Only where the URI names a subscription: `?stream_name=…`. */
  readonly streamName: string | null;
  /** The same by its handle: `?handle=…`. */
  readonly handle: string | null;
};

/** Null when the URI is of no conversation. */
export function readConversationUri(uri: string): ConversationUri | null {
  const found = CONVERSATION_URI.exec(uri);
  if (found === null) return null;
  const [, conversationId = "", peers, by, who = null] = found;
  const isPeers = peers !== undefined;
  return by === "handle"
    ? { conversationId, isPeers, streamName: null, handle: who }
    : { conversationId, isPeers, streamName: who, handle: null };
}

/** Whether the URI is one that can be read, by who may. */
export function isResource(uri: string): boolean {
  return TEXTS.some((one) => one.uri === uri) || readConversationUri(uri) !== null;
}

export function conversationUri(conversationId: string): string {
  return `ams://conversations/${conversationId}`;
}

export function listResources({ link }: Call): { resources: Resource[] } {
  const texts = TEXTS.map(({ text: _, ...listed }) => listed);
  if (link === null) return { resources: texts };
  const uri = conversationUri(link.conversationId);
  const own = { mimeType: JSON_TYPE, description: "Of the conversation behind this address." };
  return {
    resources: [
      ...texts,
      { uri, name: "conversation", title: link.alias, ...own },
      { uri: `${uri}/peers`, name: "peers", title: `Who is in ${link.alias}`, ...own },
    ],
  };
}

export async function readResource(call: Call, uri: string): Promise<ReadResourceResult> {
  const text = TEXTS.find((one) => one.uri === uri);
  if (text !== undefined) return contents(uri, MARKDOWN, text.text);
  const asked = readConversationUri(uri);
  if (asked === null) throw notFound(uri);
  const { link } = call;
  const isBound = link !== null && link.conversationId === asked.conversationId;
  // What the link shows needs no presence.
  if (isBound && call.isStateless && asked.handle === null) {
    return contents(uri, JSON_TYPE, JSON.stringify(shownOf(asked, rosterOf(link), 0)));
  }
  const opened = call.session(asked.handle);
  if (!opened.ok) throw new ProtocolError(ProtocolErrorCode.InternalError, opened.message);
  const { session } = opened;
  const roster = await session.peers(
    targetOf(call, {
      conversation_id: asked.conversationId,
      ...(asked.streamName === null ? {} : { stream_name: asked.streamName }),
      ...(asked.handle === null ? {} : { handle: asked.handle }),
    }),
  );
  // Whoever may not see it learns nothing of whether it is there.
  if (!roster.ok) throw notFound(uri);
  const { conversationId, streamName } = roster;
  const own = streamName === null ? {} : { streamName };
  const waiting = session.pending({ conversationId, ...own, max: 0 }).count;
  return contents(uri, JSON_TYPE, JSON.stringify(shownOf(asked, roster, waiting)));
}

function shownOf({ isPeers }: ConversationUri, roster: Roster, pending: number) {
  return isPeers ? peersOf(roster) : { ...aboutOf(roster), pending };
}

function rosterOf(link: CheckedLink): Roster {
  const { conversationId, namespace, alias, metadata: conversationMetadata, streams: peers } = link;
  return { conversationId, namespace, alias, streamName: null, peers, conversationMetadata };
}

function peersOf({ conversationId, streamName, peers }: Roster) {
  return {
    conversation_id: conversationId,
    stream_name: streamName,
    peers: peers.map(peerOf),
  };
}

function aboutOf(roster: Roster) {
  const { namespace, alias, conversationMetadata: conversation_metadata } = roster;
  return { ...peersOf(roster), namespace, alias, conversation_metadata };
}

function contents(uri: string, mimeType: string, text: string): ReadResourceResult {
  return { contents: [{ uri, mimeType, text }] };
}

export function notFound(uri: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.ResourceNotFound, "There is no such resource.", {
    uri,
  });
}
