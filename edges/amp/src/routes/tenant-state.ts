/** What the store knows of a tenant: who owns it, and which domain it has proven. */
import type { Amp } from "../amp.ts";

export type TenantState = {
  /** Account that has claimed it. */
  readonly owner: string | null;
  readonly verifiedDomain: string | null;
};

const NONE: TenantState = { owner: null, verifiedDomain: null };

export async function readTenant({ store }: Amp, tenant: string): Promise<TenantState> {
  const text = await store.read(tenant, `tenant:${tenant}`);
  return text === null ? NONE : JSON.parse(text);
}

export async function verifyTenant({ store }: Amp, tenant: string, domain: string): Promise<void> {
  const fresh: TenantState = { ...NONE, verifiedDomain: domain };
  const had = await store.claim(tenant, `tenant:${tenant}`, JSON.stringify(fresh), null);
  if (had === null) return;
  const state: TenantState = JSON.parse(had);
  const next = JSON.stringify({ ...state, verifiedDomain: domain });
  await store.swap(tenant, `tenant:${tenant}`, had, next, null);
}

/** True when the tenant is the account's now; it must have no agents and no other owner. */
export async function claimTenant(amp: Amp, tenant: string, owner: string): Promise<boolean> {
  const state = await readTenant(amp, tenant);
  if (state.owner === owner) return true;
  if (state.owner !== null || (await amp.store.members(tenant)).length > 0) return false;
  const fresh: TenantState = { ...NONE, owner };
  const key = `tenant:${tenant}`;
  const had = await amp.store.claim(tenant, key, JSON.stringify(fresh), null);
  if (had === null) return true;
  const known: TenantState = JSON.parse(had);
  if (known.owner !== null) return known.owner === owner;
  return amp.store.swap(tenant, key, had, JSON.stringify({ ...known, owner }), null);
}
