/** Links with terms of their own: made, listed, and each revoked alone (§2.7.5 to §2.7.7). */
import type { Link, LinkTerms, LinkUse, Outcome } from "@ams/directory";
import {
  EXPIRES_IN_S_MAX,
  isStreamName,
  type JsonText,
  joinMembers,
  LINK_JOINS_MAX,
  LINK_NAME_CHARACTERS_MAX,
  toJsonText,
  trustJsonText,
} from "@ams/protocol";
import { createLinkBody, linkCreatedBody, linksBody } from "@ams/protocol/schema";
import { authenticateAddress, readBodyOf } from "../accounts/authenticate.ts";
import { record } from "../accounts/events.ts";
import { type Members, optionalValue } from "../http/body.ts";
import type { Endpoint } from "../http/endpoint.ts";
import { problem } from "../http/problem.ts";
import { isName, noContent, reply } from "../http/reply.ts";
import { newLink } from "./links.ts";
import { readCount, readName } from "./mint-request.ts";

const OWNER_ERRORS = [
  "missing_credential",
  "invalid_credential",
  "insufficient_scope",
  "namespace_mismatch",
  "not_found",
] as const;

export const createLink: Endpoint = {
  name: "create_link",
  doc: {
    summary: "Make a link with limits",
    description:
      "One more magic link of the conversation, which may be named, read-only, of one stream name, expiring, or of a number of joins. It is shown once.",
    auth: "bearer",
    body: { schema: createLinkBody, required: false },
    success: { 201: { about: "The link.", schema: linkCreatedBody } },
    errors: [
      ...OWNER_ERRORS,
      "body_too_large",
      "invalid_json",
      "invalid_link_name",
      "invalid_read_only",
      "invalid_stream_name",
      "invalid_expiry",
      "invalid_max_joins",
      "link_limit",
    ],
    curl: `-X POST -d '{"name": "audience", "read_only": true, "expires_in_s": 3600}'`,
  },
  handle: async (call, tools) => {
    const authenticated = () => authenticateAddress(call, tools, "mint");
    const owner = await authenticated();
    if (!owner.ok) return problem(owner.fault);
    const { address, account } = owner.value;
    const body = await readBodyOf(call, "optional", authenticated);
    if (!body.ok) return problem(body.fault);
    const terms = readTerms(body.value, tools.now());
    if (!terms.ok) {
      const isJoins = terms.fault === "invalid_max_joins";
      return problem(terms.fault, {}, isJoins ? JOINS_OF_A_LINK : undefined);
    }
    const link = newLink(call, tools);
    const made = await tools.directory.createLink(address, link.hash, terms.value);
    if (!made.ok) return problem(made.fault);
    const { number } = made.value;
    const { account_id } = account;
    await record(call, tools, account_id, "link_created", `${address.alias} link_${number}`);
    tools.log.info({ event: "link_created", account_id, link: number }, "link created");
    const json = { ...linkMembers(made.value), magic_link: toJsonText(link.magicLink(address)) };
    return reply(201, joinMembers(json));
  },
};

export const listLinks: Endpoint = {
  name: "list_links",
  doc: {
    summary: "List the links",
    description:
      "The live links of the conversation, the oldest first, without their tokens: `uses` counts connects, `joins` the streams that count against `max_joins`.",
    auth: "bearer",
    success: { 200: { about: "The links.", schema: linksBody } },
    errors: OWNER_ERRORS,
    curl: "",
  },
  handle: async (call, tools) => {
    const owner = await authenticateAddress(call, tools, "read");
    if (!owner.ok) return problem(owner.fault);
    const { address } = owner.value;
    const [admission, uses] = await Promise.all([
      tools.directory.admission(address),
      tools.directory.linkUses(address),
    ]);
    if (admission === null || uses === null) return problem("not_found");
    const links = admission.links.map((link) => {
      const use = uses.find(({ number }) => number === link.number);
      return joinMembers({ ...linkMembers(link), ...useMembers(link, use) });
    });
    return reply(200, joinMembers({ links: trustJsonText(`[${links.join(",")}]`) }));
  },
};

export const revokeLink: Endpoint = {
  name: "revoke_link",
  doc: {
    summary: "Revoke one link",
    description:
      "Ends this link and closes the sockets that it admitted (4001 `link_revoked`). Others stay.",
    auth: "bearer",
    success: { 204: { about: "It admits nobody any more.", schema: null } },
    errors: OWNER_ERRORS,
    curl: "-X DELETE",
  },
  handle: async (call, tools) => {
    const owner = await authenticateAddress(call, tools, "full");
    if (!owner.ok) return problem(owner.fault);
    const number = readLinkId(call.param("link_id"));
    if (number === null) return problem("not_found");
    const { address, account } = owner.value;
    const revoked = await tools.directory.revokeLink(address, number);
    if (!revoked.ok) return problem(revoked.fault);
    const { account_id } = account;
    await record(call, tools, account_id, "link_revoked", `${address.alias} link_${number}`);
    tools.log.info({ event: "link_revoked", account_id, link: number }, "link revoked");
    return noContent();
  },
};

/** What a link says of itself to whoever holds it (§2.7.9). */
export function termsMembers({ terms }: Link): Record<string, JsonText> {
  return {
    name: toJsonText(terms?.name ?? null),
    read_only: toJsonText(terms?.read_only ?? false),
    stream_name: toJsonText(terms?.stream_name ?? null),
    expires_at: toJsonText(toIso(terms?.expires_at_ms ?? null)),
    max_joins: toJsonText(terms?.max_joins ?? null),
  };
}

const JOINS_OF_A_LINK = `max_joins of a link is a whole number from 1 to ${LINK_JOINS_MAX}.`;

type TermsFault =
  | "invalid_link_name"
  | "invalid_read_only"
  | "invalid_stream_name"
  | "invalid_expiry"
  | "invalid_max_joins";

function readTerms(body: Members, nowMs: number): Outcome<LinkTerms, TermsFault> {
  const name = optionalValue(body.get("name")) ?? null;
  if (name !== null && !isName(name, LINK_NAME_CHARACTERS_MAX))
    return { ok: false, fault: "invalid_link_name" };
  const read_only = optionalValue(body.get("read_only")) ?? false;
  if (typeof read_only !== "boolean") return { ok: false, fault: "invalid_read_only" };
  const stream_name = readName(body.get("stream_name"), isStreamName);
  if (stream_name === undefined) return { ok: false, fault: "invalid_stream_name" };
  const expiresInS = readCount(body.get("expires_in_s"), EXPIRES_IN_S_MAX);
  if (expiresInS === undefined) return { ok: false, fault: "invalid_expiry" };
  const max_joins = readCount(body.get("max_joins"), LINK_JOINS_MAX);
  if (max_joins === undefined) return { ok: false, fault: "invalid_max_joins" };
  const expires_at_ms = expiresInS === null ? null : nowMs + expiresInS * 1_000;
  const created_at = new Date(nowMs).toISOString();
  return {
    ok: true,
    value: { name, read_only, stream_name, expires_at_ms, max_joins, created_at },
  };
}

function readLinkId(text: string): number | null {
  const [, digits] = /^link_([1-9]\d{0,14})$/.exec(text) ?? [];
  return digits === undefined ? null : Number(digits);
}

function linkMembers(link: Link): Record<string, JsonText> {
  return {
    link_id: toJsonText(`link_${link.number}`),
    ...termsMembers(link),
    created_at: toJsonText(link.terms?.created_at ?? null),
  };
}

function useMembers(link: Link, use: LinkUse | undefined): Record<string, JsonText> {
  return {
    joins: toJsonText(link.joins ?? null),
    uses: toJsonText(use?.uses ?? 0),
    last_used_at: toJsonText(toIso(use?.used_at_ms ?? null)),
  };
}

function toIso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
