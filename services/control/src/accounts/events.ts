/** The audit log of an account: what owners and operators did with it, and by what (§2.2.12). */
import { randomBytes } from "node:crypto";
import type { AccountAction, KeptEvent } from "@ams/directory";
import { describeError } from "@ams/process";
import {
  type AccountId,
  type JsonText,
  joinMembers,
  toJsonText,
  trustJsonText,
} from "@ams/protocol";
import { accountEventsBody } from "@ams/protocol/schema";
import type { Call, Endpoint, Tools } from "../http/endpoint.ts";
import { problem } from "../http/problem.ts";
import { listQuery, readLimit } from "../http/queries.ts";
import { reply } from "../http/reply.ts";
import { authenticate } from "./authenticate.ts";

/** Names one request, in its answer and in the log of what it did. */
export function newRequestId(): string {
  return `req_${randomBytes(12).toString("base64url")}`;
}

/** An event's id, as a cursor. */
const CURSOR = /^\d{1,16}-\d{1,19}$/;

export const listEvents: Endpoint = {
  name: "list_events",
  doc: {
    summary: "List what was done",
    description:
      "The latest 1,000 or more actions on the account, the newest first: keys, links, credentials and limits, with who did it and by which request. Pass `next_cursor` back as `cursor`.",
    auth: "bearer",
    query: listQuery,
    success: { 200: { about: "One page.", schema: accountEventsBody } },
    errors: [
      "missing_credential",
      "invalid_credential",
      "insufficient_scope",
      "invalid_limit",
      "invalid_cursor",
    ],
    curl: "",
  },
  handle: async (call, tools) => {
    const account = await authenticate(call, tools, "full");
    if (!account.ok) return problem(account.fault);
    const limit = readLimit(call.query("limit"));
    if (limit === null) return problem("invalid_limit");
    const before = call.query("cursor");
    if (before !== null && !CURSOR.test(before)) return problem("invalid_cursor");
    const { account_id } = account.value;
    const found = await tools.directory.eventsOf(account_id, { before, limit: limit + 1 });
    const page = found.slice(0, limit);
    const next = found.length > limit ? (page.at(-1)?.event_id ?? null) : null;
    const json = {
      events: trustJsonText(`[${page.map(eventJson).join(",")}]`),
      next_cursor: toJsonText(next),
    };
    return reply(200, joinMembers(json));
  },
};

/** Keeps what this request has done. That it can't be kept is logged, and fails nothing. */
export async function record(
  call: Call,
  tools: Tools,
  account: AccountId,
  action: AccountAction,
  target: string | null,
): Promise<void> {
  const { actor, requestId: request_id } = call.trail;
  const at = new Date(tools.now()).toISOString();
  try {
    await tools.directory.recordEvent(account, { action, at, actor, target, request_id });
  } catch (error) {
    tools.log.error({ event: "audit_lost", action, ...describeError(error) }, "audit lost");
  }
}

function eventJson({ event_id, at, action, actor, target, request_id }: KeptEvent): JsonText {
  return joinMembers({
    event_id: toJsonText(event_id),
    at: toJsonText(at),
    action: toJsonText(action),
    actor: toJsonText(actor),
    target: toJsonText(target),
    request_id: toJsonText(request_id),
  });
}
