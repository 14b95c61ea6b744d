/** What the owner of a tenant may do with the session of an AMS account. */
import { isTenant } from "@ams/amp";
import { readMember, readRecord } from "../agents/record.ts";
import type { Amp } from "../amp.ts";
import { type Answer, answer, refuse } from "../http/answer.ts";
import type { Call, Owner } from "../http/call.ts";
import { isoOf } from "../http/fields.ts";
import { deregister } from "./agents.ts";
import { claimTenant, readTenant } from "./tenant-state.ts";

type Owned = { readonly tenant: string; readonly generation: number };

async function readOwned({ store }: Amp, { accountId }: Owner): Promise<string | null> {
  return store.read(accountId, `owner:${accountId}`);
}

export async function getUserKey(amp: Amp, _call: Call, owner: Owner): Promise<Answer> {
  const { accountId, namespace: tenant } = owner;
  const isFree = isTenant(tenant) && !amp.tenants.ruleOf(tenant).isListed;
  if (!isFree || !(await claimTenant(amp, tenant, accountId)))
    return refuse("tenant_access_denied", "The tenant of this namespace is in use already.");
  const fresh = JSON.stringify({ tenant, generation: 1 } satisfies Owned);
  const had = await amp.store.claim(accountId, `owner:${accountId}`, fresh, null);
  const { generation }: Owned = JSON.parse(had ?? fresh);
  const members = await amp.store.members(tenant);
  return answer({
    user_key: amp.secrets.userKeyOf({ owner: accountId, generation }),
    user_id: accountId,
    tenant_id: tenant,
    agent_count: members.length,
    agent_limit: amp.tenants.ruleOf(tenant).agentLimit,
  });
}

/** All earlier user keys end. */
export async function deleteUserKey(amp: Amp, _call: Call, owner: Owner): Promise<Answer> {
  const { accountId } = owner;
  const text = await readOwned(amp, owner);
  if (text === null) return refuse("not_found", "This account has no user key.");
  const owned: Owned = JSON.parse(text);
  const next = JSON.stringify({ ...owned, generation: owned.generation + 1 });
  if (!(await amp.store.swap(accountId, `owner:${accountId}`, text, next, null)))
    return refuse("unavailable", "The key was changed meanwhile: try again.");
  return answer({ revoked: true, revoked_at: isoOf(amp.now()) });
}

async function isOwner(amp: Amp, { accountId, namespace }: Owner): Promise<boolean> {
  return (await readTenant(amp, namespace)).owner === accountId;
}

export async function listOwned(amp: Amp, _call: Call, owner: Owner): Promise<Answer> {
  const tenant = owner.namespace;
  const { agentLimit: limit } = amp.tenants.ruleOf(tenant);
  if (!(await isOwner(amp, owner))) return answer({ agents: [], total: 0, limit });
  const members = (await amp.store.members(tenant)).map(readMember);
  const agents = await Promise.all(
    members.map(async ({ id, address }) => {
      const name = address.slice(0, address.indexOf("@"));
      const found = await amp.store.resolve(tenant, address, name, amp.now());
      const registered_at = found === null ? null : isoOf(readRecord(found.record).registeredAtMs);
      return { id, address, online: (found?.processes.length ?? 0) > 0, registered_at };
    }),
  );
  return answer({ agents, total: agents.length, limit });
}

export async function deleteOwned(amp: Amp, { params }: Call, owner: Owner): Promise<Answer> {
  const agent_id = params.agent_id ?? "";
  const { value } = await amp.store.enter(owner.namespace, `agent:${agent_id}`, [], amp.now());
  const isOwned = value !== null && (await isOwner(amp, owner));
  if (!isOwned || readRecord(value).tenant !== owner.namespace)
    return refuse("not_found", "This account has no such agent.");
  await deregister(amp, readRecord(value), value);
  return answer({ deleted: true, agent_id });
}
