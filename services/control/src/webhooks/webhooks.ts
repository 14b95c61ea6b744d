/** Webhooks of an account: made, listed, changed, removed (§2.15.1, §2.15.2). */
import { newWebhookId, type Webhook } from "@ams/directory";
import { EVENT_TYPES, joinMembers, toJsonText, trustJsonText } from "@ams/protocol";
import {
  changeWebhookBody,
  createWebhookBody,
  webhookBody,
  webhookCreatedBody,
  webhooksBody,
} from "@ams/protocol/schema";
import { rateLimited } from "../accounts/accounts.ts";
import { record } from "../accounts/events.ts";
import type { Endpoint } from "../http/endpoint.ts";
import { problem } from "../http/problem.ts";
import { noContent, reply } from "../http/reply.ts";
import { changeWebhook, OWNER_ERRORS, readAsked, webhookMembers, webhookOwner } from "./request.ts";
import { newSecret } from "./sealing.ts";

/** Messages are sent to those alone who ask for them. */
const UNASKED = EVENT_TYPES.filter((type) => type !== "message");

const BODY_ERRORS = [...OWNER_ERRORS, "body_too_large", "invalid_json", "invalid_webhook"] as const;

export const createWebhook: Endpoint = {
  name: "create_webhook",
  doc: {
    summary: "Make a webhook",
    description:
      "Events of the `types`, all but `message` unless given, are sent to the `url`, signed by Standard Webhooks with the `secret`, which is shown once.",
    auth: "bearer",
    body: { schema: createWebhookBody, required: true },
    success: { 201: { about: "The webhook, with its secret.", schema: webhookCreatedBody } },
    errors: [...BODY_ERRORS, "webhook_limit", "rate_limited"],
    curl: `-X POST -d '{"url": "https://example.com/ams", "types": ["stream.joined"]}'`,
  },
  handle: async (call, tools) => {
    const asked = await readAsked(call, tools);
    if (asked instanceof Response) return asked;
    const { owner, wish } = asked;
    const { url, types = UNASKED } = wish;
    if (url === undefined) return problem("invalid_webhook");
    const { account_id } = owner.account;
    const waitS = await tools.limits.rotations(account_id);
    if (waitS !== null) return rateLimited(tools, "rotations", waitS);
    const now = tools.now();
    const secret = newSecret();
    const webhook: Webhook = {
      webhook_id: newWebhookId(now),
      url,
      types,
      secrets: [owner.sealer.seal(secret)],
      rotated_at: null,
      created_at: new Date(now).toISOString(),
      disabled: null,
    };
    const made = await tools.directory.putWebhook(account_id, webhook, null);
    if (!made.ok) {
      return problem(made.fault === "webhook_limit" ? "webhook_limit" : "invalid_credential");
    }
    const { webhook_id } = webhook;
    await record(call, tools, account_id, "webhook_created", webhook_id);
    tools.log.info({ event: "webhook_created", account_id, webhook_id }, "webhook created");
    return reply(201, joinMembers({ ...webhookMembers(webhook), secret: toJsonText(secret) }));
  },
};

export const listWebhooks: Endpoint = {
  name: "list_webhooks",
  doc: {
    summary: "List the webhooks",
    description: "The account's webhooks, the oldest first, without their secrets.",
    auth: "bearer",
    success: { 200: { about: "The webhooks.", schema: webhooksBody } },
    errors: OWNER_ERRORS,
    curl: "",
  },
  handle: async (call, tools) => {
    const owner = await webhookOwner(call, tools);
    if (owner instanceof Response) return owner;
    const all = await tools.directory.webhooksOf(owner.account.account_id);
    if (all === null) return problem("invalid_credential");
    const listed = all.map((one) => joinMembers(webhookMembers(one)));
    return reply(200, joinMembers({ webhooks: trustJsonText(`[${listed.join(",")}]`) }));
  },
};

export const editWebhook: Endpoint = {
  name: "change_webhook",
  doc: {
    summary: "Change a webhook",
    description:
      "The members that are given replace those that it has. `enabled` true also makes one live again that was disabled after too many failures.",
    auth: "bearer",
    body: { schema: changeWebhookBody, required: true },
    success: { 200: { about: "The webhook.", schema: webhookBody } },
    errors: BODY_ERRORS,
    curl: `-X POST -d '{"enabled": true}'`,
  },
  handle: async (call, tools) => {
    const asked = await readAsked(call, tools);
    if (asked instanceof Response) return asked;
    const { owner, wish } = asked;
    const { enabled, ...members } = wish;
    const at = new Date(tools.now()).toISOString();
    const webhook_id = call.param("webhook_id");
    const changed = await changeWebhook(tools, owner.account, webhook_id, (before) => {
      if (enabled === undefined) return { ...before, ...members };
      const off = before.disabled ?? ({ at, reason: "owner" } as const);
      return { ...before, ...members, disabled: enabled ? null : off };
    });
    if (!changed.ok) return problem(changed.fault);
    const { account_id } = owner.account;
    await record(call, tools, account_id, "webhook_changed", webhook_id);
    tools.log.info({ event: "webhook_changed", account_id, webhook_id }, "webhook changed");
    return reply(200, joinMembers(webhookMembers(changed.value)));
  },
};

export const rotateSecret: Endpoint = {
  name: "rotate_webhook_secret",
  doc: {
    summary: "Replace the secret of a webhook",
    description:
      "A new secret, shown once. For 24 hours events are signed with the one before too, as a second signature.",
    auth: "bearer",
    success: { 200: { about: "The webhook, with its new secret.", schema: webhookCreatedBody } },
    errors: [...OWNER_ERRORS, "rate_limited"],
    curl: "-X POST",
  },
  handle: async (call, tools) => {
    const owner = await webhookOwner(call, tools);
    if (owner instanceof Response) return owner;
    const { account_id } = owner.account;
    const waitS = await tools.limits.rotations(account_id);
    if (waitS !== null) return rateLimited(tools, "rotations", waitS);
    const webhook_id = call.param("webhook_id");
    const secret = newSecret();
    const sealed = owner.sealer.seal(secret);
    const rotated_at = new Date(tools.now()).toISOString();
    const changed = await changeWebhook(tools, owner.account, webhook_id, (before) => {
      const secrets = [sealed, ...before.secrets.slice(0, 1)];
      return { ...before, secrets, rotated_at };
    });
    if (!changed.ok) return problem(changed.fault);
    await record(call, tools, account_id, "webhook_changed", webhook_id);
    tools.log.info({ event: "webhook_secret", account_id, webhook_id }, "webhook secret replaced");
    return reply(
      200,
      joinMembers({ ...webhookMembers(changed.value), secret: toJsonText(secret) }),
    );
  },
};

export const removeWebhook: Endpoint = {
  name: "remove_webhook",
  doc: {
    summary: "Remove a webhook",
    description: "Nothing more is sent to it, and what waited is dropped.",
    auth: "bearer",
    success: { 204: { about: "It is gone.", schema: null } },
    errors: OWNER_ERRORS,
    curl: "-X DELETE",
  },
  handle: async (call, tools) => {
    const owner = await webhookOwner(call, tools);
    if (owner instanceof Response) return owner;
    const { account_id } = owner.account;
    const webhook_id = call.param("webhook_id");
    const removed = await tools.directory.removeWebhook(account_id, webhook_id);
    if (!removed.ok) return problem(removed.fault);
    await record(call, tools, account_id, "webhook_removed", webhook_id);
    tools.log.info({ event: "webhook_removed", account_id, webhook_id }, "webhook removed");
    return noContent();
  },
};
