/** What was sent to a webhook, and sending it again (§2.15.7, §2.15.8). */
import { type JsonText, joinMembers, toJsonText, trustJsonText } from "@ams/protocol";
import { deliveriesBody } from "@ams/protocol/schema";
import type { Endpoint } from "../http/endpoint.ts";
import { problem } from "../http/problem.ts";
import { listQuery, readLimit } from "../http/queries.ts";
import { reply } from "../http/reply.ts";
import { findWebhook, OWNER_ERRORS, webhookOwner } from "./request.ts";

/** An attempt's id, as a cursor. */
const CURSOR = /^\d{1,16}-\d{1,19}$/;

const MESSAGE_ID = /^evt_[A-Za-z0-9_-]{1,60}$/;

export const listDeliveries: Endpoint = {
  name: "list_deliveries",
  doc: {
    summary: "List what was sent to a webhook",
    description:
      "The latest attempts, the newest first: which event, when, and what came of it. Pass `next_cursor` back as `cursor`.",
    auth: "bearer",
    query: listQuery,
    success: { 200: { about: "One page.", schema: deliveriesBody } },
    errors: [...OWNER_ERRORS, "invalid_limit", "invalid_cursor"],
    curl: "",
  },
  handle: async (call, tools) => {
    const owner = await webhookOwner(call, tools);
    if (owner instanceof Response) return owner;
    const limit = readLimit(call.query("limit"));
    if (limit === null) return problem("invalid_limit");
    const before = call.query("cursor");
    if (before !== null && !CURSOR.test(before)) return problem("invalid_cursor");
    const webhook = await findWebhook(tools, owner.account, call.param("webhook_id"));
    if (webhook === null) return problem("not_found");
    const { account_id } = owner.account;
    const page = { before, limit: limit + 1 };
    const found = await tools.directory.deliveriesOf(account_id, webhook.webhook_id, page);
    const shown = found.slice(0, limit);
    const next = found.length > limit ? (shown.at(-1)?.delivery_id ?? null) : null;
    const listed = shown.map(({ webhook_id: _, ...delivery }) =>
      joinMembers(
        Object.fromEntries(
          Object.entries(delivery).map(([name, value]): [string, JsonText] => [
            name,
            toJsonText(value),
          ]),
        ),
      ),
    );
    const json = {
      deliveries: trustJsonText(`[${listed.join(",")}]`),
      next_cursor: toJsonText(next),
    };
    return reply(200, joinMembers(json));
  },
};

export const replayDelivery: Endpoint = {
  name: "replay_delivery",
  doc: {
    summary: "Send an event again",
    description:
      "The event with this `message_id` is sent to this webhook once more, with the same id, as long as its body is kept. What comes of it is in the log.",
    auth: "bearer",
    success: { 202: { about: "It will be sent.", schema: null } },
    errors: [...OWNER_ERRORS, "rate_limited"],
    curl: "-X POST",
  },
  handle: async (call, tools) => {
    const owner = await webhookOwner(call, tools);
    if (owner instanceof Response) return owner;
    const message_id = call.param("message_id");
    const webhook = await findWebhook(tools, owner.account, call.param("webhook_id"));
    if (webhook === null || !MESSAGE_ID.test(message_id)) return problem("not_found");
    const { account_id } = owner.account;
    const data = { webhook_id: webhook.webhook_id, message_id };
    const isKept = await tools.directory.appendToOutbox(account_id, "replay", data);
    if (!isKept) return problem("rate_limited", { "retry-after": "60" });
    return new Response(null, { status: 202, headers: { "cache-control": "no-store" } });
  },
};
