/** A conversation opts in, or out: whether webhooks get its events, and its messages (§2.15.3). */
import { randomBytes } from "node:crypto";
import { isStreamName, joinMembers, toJsonText } from "@ams/protocol";
import { optedInBody, optInBody } from "@ams/protocol/schema";
import { authenticateAddress, readBodyOf } from "../accounts/authenticate.ts";
import { record } from "../accounts/events.ts";
import { optionalValue } from "../http/body.ts";
import type { Endpoint } from "../http/endpoint.ts";
import { problem } from "../http/problem.ts";
import { noContent, reply } from "../http/reply.ts";
import { sealerOf } from "./sealing.ts";

const ERRORS = [
  "missing_credential",
  "invalid_credential",
  "insufficient_scope",
  "namespace_mismatch",
  "not_found",
] as const;

/** Bytes of the name by which messages are read: nobody guesses it. */
const OBSERVER_BYTES = 9;

export const optIn: Endpoint = {
  name: "opt_in",
  doc: {
    summary: "Opt a conversation in",
    description:
      "From now on the account's webhooks get events of this conversation; with `messages` also each finished turn, for which a stream `hooks-…` that only reads joins the conversation.",
    auth: "bearer",
    body: { schema: optInBody, required: false },
    success: { 200: { about: "What it is opted in to.", schema: optedInBody } },
    errors: [...ERRORS, "body_too_large", "invalid_json", "invalid_webhook"],
    curl: `-X POST -d '{"messages": true}'`,
  },
  handle: async (call, tools) => {
    const authenticated = () => authenticateAddress(call, tools, "mint");
    const owner = await authenticated();
    if (!owner.ok) return problem(owner.fault);
    if (sealerOf(tools.config) === null) return problem("not_found");
    const body = await readBodyOf(call, "optional", authenticated);
    if (!body.ok) return problem(body.fault);
    const messages = optionalValue(body.value.get("messages")) ?? false;
    if (typeof messages !== "boolean") {
      return problem("invalid_webhook", {}, "messages is true or false.");
    }
    const { address, account } = owner.value;
    const before = await tools.directory.optedIn(address);
    const name = before?.observer ?? `hooks-${randomBytes(OBSERVER_BYTES).toString("base64url")}`;
    const observer = messages && isStreamName(name) ? name : null;
    const set = await tools.directory.optIn(address, { observer });
    if (!set.ok) return problem(set.fault);
    const { account_id } = account;
    if (observer !== null) {
      await tools.directory.appendToOutbox(account_id, "observe", { ...address, observer });
    }
    await record(call, tools, account_id, "conversation_opted_in", address.alias);
    return reply(200, joinMembers({ messages: toJsonText(messages) }));
  },
};

export const optOut: Endpoint = {
  name: "opt_out",
  doc: {
    summary: "Opt a conversation out",
    description: "Webhooks get nothing of this conversation any more.",
    auth: "bearer",
    success: { 204: { about: "It is opted out.", schema: null } },
    errors: ERRORS,
    curl: "-X DELETE",
  },
  handle: async (call, tools) => {
    const owner = await authenticateAddress(call, tools, "mint");
    if (!owner.ok) return problem(owner.fault);
    const { address, account } = owner.value;
    const set = await tools.directory.optIn(address, null);
    if (!set.ok) return problem(set.fault);
    await record(call, tools, account.account_id, "conversation_opted_out", address.alias);
    return noContent();
  },
};
