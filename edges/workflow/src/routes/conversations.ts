/** Opening a conversation, looking at it, ending a membership (W1.1, D3). */
import { baseUrlOf } from "@ams/process";
import { answer, reject } from "../answers.ts";
import type { Gate } from "../gate.ts";
import { onlyFields, optionalIn, readJson, textIn } from "../request-body.ts";
import type { Workflows } from "../service.ts";
import { conversationView } from "../views.ts";
import { type Context, writerOf } from "./route.ts";

/** Characters of a link. */
const LINK_MAX = 2_048;
/** Milliseconds that an answer waits for the service to join the conversation. */
const ATTACH_WAIT_MS = 2_000;
const CONVERSATION = /^conv_[0-9A-Za-z]{1,64}$/;

export async function openConversation(service: Workflows, gate: Gate, request: Request) {
  const account = await gate.account(request);
  const body = await readJson(request);
  onlyFields(body, ["magic_link", "layout", "emit_to"]);
  const text = textIn(body, "magic_link", (link) => link.length <= LINK_MAX);
  const isLayout = (name: string) => name === "gated" || name === "observed";
  const layout = optionalIn(body, "layout", isLayout) === "observed" ? "observed" : "gated";
  const emitTo = optionalIn(body, "emit_to", (id) => CONVERSATION.test(id));
  const checked = await service.links.check(text);
  if (!checked.ok) return reject(linkFault(checked.fault, text));
  const spaces = await service.spaces();
  if (spaces === null) return reject("store_unavailable");
  const { link } = checked;
  if ((await spaces.find(link.conversationId)) === null) await gate.countSpace(account.accountId);
  const { host } = new URL(baseUrlOf(request, service.parts.reached));
  const { isNew } = await spaces.open({ link, account, layout, emitTo, host });
  const loaded = await service.load(link.conversationId);
  if (loaded === null) return reject("store_unavailable");
  const { live, wire } = loaded;
  const isOwner = account.namespace === live.space.namespace;
  await wire.whenAttached(ATTACH_WAIT_MS);
  return answer(isNew ? 201 : 200, conversationView(live, isOwner, wire.isAttached));
}

function linkFault(fault: string, text: string) {
  switch (fault) {
    case "conversation_not_found":
      return "not_found";
    case "invalid_magic_link":
    case "link_revoked":
    case "conversation_closed":
      return isLink(text) ? "invalid_token" : "invalid_magic_link";
    default:
      return "store_unavailable";
  }
}

function isLink(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { pathname, searchParams } = new URL(text);
  return /\/[^/]+\/conversations\/[^/]+\/?$/.test(pathname) && searchParams.get("t") !== null;
}

export function showConversation({ live, wire, isOwner }: Context): Response {
  return answer(200, conversationView(live, isOwner, wire.isAttached));
}

export async function removeMember(context: Context): Promise<Response> {
  writerOf(context);
  if (!context.isOwner) reject("not_allowed");
  const spaces = await context.service.spaces();
  await spaces?.remove(context.live.conversation.id, context.segments[1] ?? "");
  return answer(204, null);
}
