/** Magic links: where they lead, and how their holder gets a new one (§1.4, §1.5, §2.7). */
import { type Address, hash, newLinkToken } from "@ams/directory";
import { baseUrlOf } from "@ams/process";
import { formatMagicLink, joinMembers, toJsonText } from "@ams/protocol";
import { linkMadeBody, newLinkBody } from "@ams/protocol/schema";
import { authenticateAddress, readBodyOf } from "../accounts/authenticate.ts";
import { record } from "../accounts/events.ts";
import { optionalValue } from "../http/body.ts";
import type { Call, Endpoint, Tools } from "../http/endpoint.ts";
import { problem } from "../http/problem.ts";
import { reply } from "../http/reply.ts";

export const replaceLink: Endpoint = {
  name: "replace_link",
  doc: {
    summary: "Replace the magic link",
    description:
      "Ends every earlier link and returns a new one. Sockets that were admitted by an ended link are closed (4001 `link_revoked`) unless `keep_connected` is true.",
    auth: "bearer",
    body: { schema: newLinkBody, required: false },
    success: { 200: { about: "The new link.", schema: linkMadeBody } },
    errors: [
      "missing_credential",
      "invalid_credential",
      "insufficient_scope",
      "namespace_mismatch",
      "invalid_json",
      "invalid_keep_connected",
      "not_found",
      "body_too_large",
    ],
    curl: `-X POST -d '{"keep_connected": true}'`,
  },
  handle: async (call, tools) => {
    const authenticated = () => authenticateAddress(call, tools, "full");
    const owner = await authenticated();
    if (!owner.ok) return problem(owner.fault);
    const body = await readBodyOf(call, "optional", authenticated);
    if (!body.ok) return problem(body.fault);
    const keepConnected = optionalValue(body.value.get("keep_connected")) ?? false;
    if (typeof keepConnected !== "boolean") return problem("invalid_keep_connected");
    const { address, account } = owner.value;
    const link = newLink(call, tools);
    const replaced = await tools.directory.replaceLinks(address, link.hash, keepConnected);
    if (!replaced.ok) return problem(replaced.fault);
    const { account_id } = account;
    await record(call, tools, account_id, "links_replaced", address.alias);
    tools.log.info({ event: "link_replaced", account_id, link: replaced.value.number }, "replaced");
    return reply(200, joinMembers({ magic_link: toJsonText(link.magicLink(address)) }));
  },
};

/** A link token that nobody has yet. Only its hash may be stored. */
export function newLink(call: Call, tools: Tools): NewLink {
  const token = newLinkToken();
  const baseUrl = baseUrlOf(call.request, tools.config);
  return {
    hash: hash(tools.peppers.link[0], token),
    magicLink: (address) => formatMagicLink({ baseUrl, ...address, token }),
  };
}

export type NewLink = {
  readonly hash: string;
  /** The link to this conversation, to be shown to whoever made it and to nobody else. */
  readonly magicLink: (address: Address) => string;
};
