/** Opening a conversation, looking at it, ending a membership (W1.1, D3). */
import { answer, type Gate, linkFault, type Spaces } from "@ams/edge";
import { baseUrlOf } from "@ams/process";
import type { Json } from "@ams/provenance";
import { reject } from "../answers.ts";
import { onlyFields, optionalIn, readJson, textIn } from "../request-body.ts";
import type { Workflows } from "../service.ts";
import { conversationView } from "../views.ts";
import { type Context, get, type Row, writerOf } from "./route.ts";

/** Characters of a link. */
const LINK_MAX = 2_048;
/** Milliseconds that an answer waits for the service to join the conversation. */
const ATTACH_WAIT_MS = 2_000;
/** Seconds that bodies may be kept at most, where they end at all: 10 years. */
const TTL_MAX_S = 315_576_000;
const CONVERSATION = /^conv_[0-9A-Za-z]{1,64}$/;

export async function openConversation(service: Workflows, gate: Gate, request: Request) {
  const account = await gate.account(request);
  const body = await readJson(request);
  onlyFields(body, ["magic_link", "layout", "emit_to", "body_ttl_s"]);
  const text = textIn(body, "magic_link", (link) => link.length <= LINK_MAX);
  const isLayout = (name: string) => name === "gated" || name === "observed";
  const layout = optionalIn(body, "layout", isLayout) === "observed" ? "observed" : "gated";
  const emitTo = optionalIn(body, "emit_to", (id) => CONVERSATION.test(id));
  const { body_ttl_s: bodyTtlS = null } = body;
  if (bodyTtlS !== null && !isSeconds(bodyTtlS)) reject("invalid_request", { field: "body_ttl_s" });
  const checked = await service.links.check(text);
  if (!checked.ok) return reject(linkFault(checked.fault, text));
  const spaces = await service.spaces();
  if (spaces === null) return reject("store_unavailable");
  const { link } = checked;
  if (emitTo !== null && !(await isMember(spaces, emitTo, account.accountId))) reject("not_found");
  if ((await spaces.find(link.conversationId)) === null) await gate.countSpace(account.accountId);
  const { host } = new URL(baseUrlOf(request, service.parts.reached));
  const { isNew } = await spaces.open({ link, account, layout, emitTo, bodyTtlS, host });
  const loaded = await service.load(link.conversationId);
  if (loaded === null) return reject("store_unavailable");
  const { live, wire } = loaded;
  const isOwner = account.namespace === live.space.namespace;
  await wire.whenAttached(ATTACH_WAIT_MS);
  return answer(isNew ? 201 : 200, conversationView(live, isOwner, wire.isAttached));
}

/** What is said in a conversation goes to another one only by a member of both. */
async function isMember(spaces: Spaces, id: string, account: string): Promise<boolean> {
  return (await spaces.find(id))?.access.members.has(account) === true;
}

function isSeconds(value: Json): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= TTL_MAX_S;
}

function showConversation({ live, wire, isOwner }: Context): Response {
  return answer(200, conversationView(live, isOwner, wire.isAttached));
}

async function removeMember(context: Context): Promise<Response> {
  writerOf(context);
  if (!context.isOwner) reject("not_allowed");
  const spaces = await context.service.spaces();
  await spaces?.remove(context.live.conversation.id, context.segments[1] ?? "");
  return answer(204, null);
}

export const conversationRoutes: readonly Row[] = [
  get([], showConversation),
  { methods: ["DELETE"], path: ["members", "*"], handle: removeMember },
];
