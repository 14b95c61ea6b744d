/** Registration: a name in a tenant for a key. Knowing a public key gives nothing. */
import { randomBytes, randomUUID } from "node:crypto";
import { resolveTxt } from "node:dns/promises";
import {
  formatAddress,
  isAlgorithm,
  isName,
  isSameText,
  isTenant,
  type PublicKey,
  parsePublicKey,
  registrationText,
  SKEW_S_MAX,
  verifyText,
} from "@ams/amp";
import { type AgentRecord, memberText, readRecord, refOf, writeRecord } from "../agents/record.ts";
import type { Amp } from "../amp.ts";
import { type Answer, answer, bad, badField, good, refuse, type Step } from "../http/answer.ts";
import { refuseBearer } from "../http/auth.ts";
import { bearerOf, type Call } from "../http/call.ts";
import {
  isAbsent,
  isoOf,
  type Members,
  membersOf,
  optionalText,
  textField,
} from "../http/fields.ts";
import { openApiKey } from "./keys.ts";
import { readProfile } from "./profile.ts";
import { readTenant, type TenantState, verifyTenant } from "./tenant-state.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const SCOPE = /^[a-z0-9][a-z0-9-]{0,62}$/;
/** Milliseconds that a claim lasts whose registration never ended. */
const CLAIM_MS = 60_000;
/** Milliseconds that a proof is remembered: longer than it is good for. */
const PROOF_MS = 2 * SKEW_S_MAX * 1_000 + 60_000;
const SUGGESTIONS = 3;

type Who =
  | { readonly kind: "anybody" }
  | { readonly kind: "owner"; readonly owner: string; readonly tenant: string }
  | { readonly kind: "admin" };

type Wanted = {
  readonly name: string;
  readonly tenant: string;
  readonly address: string;
  readonly key: PublicKey;
  readonly agentId: string | null;
  readonly body: Members;
};

export async function register(amp: Amp, call: Call): Promise<Answer> {
  const who = await readWho(amp, call);
  if (!who.ok) return who.refusal;
  const wanted = readWanted(amp, membersOf(call.json.value) ?? {}, who.value);
  if (!wanted.ok) return wanted.refusal;
  const profile = readProfile(amp, wanted.value.body);
  if (!profile.ok) return profile.refusal;
  const state = await readTenant(amp, wanted.value.tenant);
  const access = await checkAccess(amp, who.value, wanted.value, state);
  if (!access.ok) return access.refusal;
  const owner = who.value.kind === "owner" ? who.value.owner : null;
  const { secret, ...own } = profile.value;
  const record: AgentRecord = {
    id: wanted.value.agentId ?? randomUUID(),
    tenant: wanted.value.tenant,
    name: wanted.value.name,
    address: wanted.value.address,
    public_key: wanted.value.key.pem,
    key_algorithm: wanted.value.key.algorithm,
    fingerprint: wanted.value.key.fingerprint,
    ...own,
    registeredAtMs: amp.now(),
    owner,
    keys: [],
    suspended: null,
    card: null,
    previous: null,
  };
  return claim(amp, call, record, wanted.value, secret);
}

async function readWho(amp: Amp, call: Call): Promise<Step<Who>> {
  if (!call.request.headers.has("authorization")) return good({ kind: "anybody" });
  const token = bearerOf(call.request) ?? "";
  if (amp.config.AMS_AMP_ADMIN_TOKENS.some((one) => isSameText(one, token)))
    return good({ kind: "admin" });
  const listed = amp.tenants.ownerOf(token);
  if (listed !== null) return good({ kind: "owner", ...listed });
  const key = amp.secrets.readUserKey(token);
  if (key !== null) {
    const text = await amp.store.read(key.owner, `owner:${key.owner}`);
    const owned: { tenant?: string; generation?: number } = text === null ? {} : JSON.parse(text);
    if (owned.tenant !== undefined && owned.generation === key.generation)
      return good({ kind: "owner", owner: key.owner, tenant: owned.tenant });
  }
  return refuseBearer(amp, call.address);
}

function readWanted(amp: Amp, body: Members, who: Who): Step<Wanted> {
  const lower = (value: unknown) => (typeof value === "string" ? value.toLowerCase() : value);
  const nameRule = "1 to 63 of a-z, 0-9, _ and -, beginning with a letter or digit";
  const name = textField(lower(body.name), "name", isName, nameRule);
  if (!name.ok) return name;
  const pem = textField(body.public_key, "public_key", () => true, "a public key in PEM");
  if (!pem.ok) return pem;
  const algorithm = textField(
    body.key_algorithm,
    "key_algorithm",
    isAlgorithm,
    "Ed25519, RSA or ECDSA",
  );
  if (!algorithm.ok) return algorithm;
  const key = parsePublicKey(pem.value);
  const keyRule =
    "public_key must be one PUBLIC KEY block in PEM: Ed25519, RSA of 2048 to 8192 bits, or P-256.";
  if (key === null) return bad(badField("public_key", false, keyRule));
  if (key.algorithm !== algorithm.value)
    return bad(badField("key_algorithm", false, "key_algorithm isn't what the key is."));
  const isOwner = who.kind === "owner";
  const given = isAbsent(body.tenant) && isOwner ? who.tenant : lower(body.tenant);
  const tenantRule = "1 to 63 of a-z, 0-9 and -, beginning with a letter or digit";
  const tenant = textField(given, "tenant", isTenant, tenantRule);
  if (!tenant.ok) return tenant;
  const scope = readScope(body.scope);
  if (!scope.ok) return scope;
  const agentId = optionalText(body.agent_id, "agent_id", (id) => UUID.test(id), "a UUIDv4");
  if (!agentId.ok) return agentId;
  const { AMS_AMP_DOMAIN: provider } = amp.config;
  const [first = tenant.value, ...rest] = [...scope.value, tenant.value];
  const address = formatAddress({ name: name.value, scope: [first, ...rest], provider });
  if (address.length > 254) return bad(badField("name", false, "The address would be too long."));
  return good({
    name: name.value,
    tenant: tenant.value,
    address,
    key,
    agentId: agentId.value,
    body,
  });
}

/** From the inside out. */
function readScope(value: unknown): Step<readonly string[]> {
  if (isAbsent(value)) return good([]);
  const { platform, repo } = membersOf(value) ?? { platform: 0 };
  const rule = "1 to 63 of a-z, 0-9 and -";
  const is = (text: string) => SCOPE.test(text);
  const outer = optionalText(platform, "scope.platform", is, rule);
  if (!outer.ok) return outer;
  const inner = optionalText(repo, "scope.repo", is, rule);
  if (!inner.ok) return inner;
  if (inner.value !== null && outer.value === null)
    return bad(badField("scope.platform", true, "scope.repo needs scope.platform."));
  return good([inner.value, outer.value].flatMap((one) => one ?? []));
}

function denied(reason: string, message: string, more: Members = {}) {
  return bad(refuse("tenant_access_denied", message, { details: { reason, ...more } }));
}

async function checkAccess(
  amp: Amp,
  who: Who,
  { tenant, body }: Wanted,
  state: TenantState,
): Promise<Step<null>> {
  if (who.kind === "admin") return good(null);
  if (who.kind === "owner")
    return who.tenant === tenant
      ? good(null)
      : denied("tenant", "The user key is of another tenant.");
  const rule = amp.tenants.ruleOf(tenant);
  const mode = state.owner !== null ? "admin" : rule.mode;
  switch (mode) {
    case "open":
      return good(null);
    case "admin":
      return denied("mode", "Agents of this tenant are registered with its owner's user key.");
    case "invite": {
      const code = body.invite_code;
      const isGood =
        typeof code === "string" && rule.inviteCodes.some((one) => isSameText(one, code));
      return isGood ? good(null) : denied("invite", "This needs an invite_code of the tenant.");
    }
    case "verified":
      return state.verifiedDomain !== null ? good(null) : verifyDomain(amp, tenant, body);
  }
}

/** The token in the domain's DNS or file shows that it is the tenant's. */
async function verifyDomain(amp: Amp, tenant: string, body: Members): Promise<Step<null>> {
  const domain = membersOf(body.verification)?.domain;
  const isGood = typeof domain === "string" && /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(domain);
  const name = isGood && domain.length <= 253 ? domain : "<domain>";
  const token = amp.secrets.macOf(`verify|${tenant}|${name}`);
  const verification = {
    token,
    txt_name: `_amp-verify.${name}`,
    file_url: `https://${name}/.well-known/agent-messaging`,
  };
  if (name !== "<domain>") {
    const records = await resolveTxt(verification.txt_name).catch(() => []);
    const isInDns = records.slice(0, 16).some((record) => record.join("").includes(token));
    const file = isInDns
      ? null
      : await amp.outgoing.request(verification.file_url, { method: "GET", headers: {} });
    if (isInDns || (file?.ok && file.status === 200 && file.body.includes(token))) {
      await verifyTenant(amp, tenant, name);
      return good(null);
    }
  }
  const message = "Prove a domain first: put the token where details.verification says.";
  return denied("verification", message, { verification });
}

async function claim(
  amp: Amp,
  call: Call,
  record: AgentRecord,
  wanted: Wanted,
  secret: string | null,
): Promise<Answer> {
  const { tenant, id, name, address, fingerprint } = record;
  const where = JSON.stringify({ tenant });
  const held = await amp.store.claim(id, `agentid:${id}`, where, CLAIM_MS);
  if (held !== null) return badField("agent_id", false, "An agent with this agent_id exists.");
  const { key, hash } = await openApiKey(amp, { tenant, id });
  const kept = { ...record, keys: [{ hash, untilMs: null }] };
  const { agentLimit } = amp.tenants.ruleOf(tenant);
  const text = { record: writeRecord(kept), member: memberText(kept), agentsMax: agentLimit };
  const outcome = await amp.store.register({ tenant, id, name, address, fingerprint, ...text });
  const undo = async () => {
    await amp.store.remove(id, `agentid:${id}`);
    await amp.store.remove(hash, `apikey:${hash}`);
  };
  switch (outcome) {
    case "registered":
      await amp.store.write(id, `agentid:${id}`, where, null);
      await amp.store.write(hash, `apikey:${hash}`, JSON.stringify({ tenant, id }), null);
      return answer(registration(amp, call, kept, key, secret), 201);
    case "limit":
      await undo();
      return denied("agent_limit", `The tenant has ${agentLimit} agents already.`).refusal;
    case "key_taken":
      await undo();
      return refuse(
        "key_already_registered",
        "This key has an agent of this tenant under another name: use that, or another key.",
      );
    case "name_taken":
      await undo();
      return nameTaken(amp, call, wanted);
  }
}

async function nameTaken(amp: Amp, call: Call, wanted: Wanted): Promise<Answer> {
  const { address, name, tenant, key, body } = wanted;
  const found = await amp.store.resolve(tenant, address, name, amp.now());
  const { proof, proof_timestamp: at } = body;
  if (found !== null && typeof proof === "string" && /^\d{1,12}$/.test(String(at))) {
    const record = readRecord(found.record);
    const isSame = record.address === address && record.fingerprint === key.fingerprint;
    const isRecent = Math.abs(amp.now() / 1_000 - Number(at)) <= SKEW_S_MAX;
    const isProven =
      isRecent && isSame && verifyText(key, registrationText(address, String(at)), proof);
    const isFresh =
      isProven && (await amp.store.claim(proof, `proof:${proof}`, "used", PROOF_MS)) === null;
    if (isFresh) return comeBack(amp, call, record, found.record);
  }
  const suggestions = await suggest(amp, wanted);
  const message = "This name is taken: choose another one, or show a proof of its key.";
  return refuse("name_taken", message, { top: { suggestions }, details: { suggestions } });
}

/** All earlier API keys end. */
async function comeBack(amp: Amp, call: Call, record: AgentRecord, text: string): Promise<Answer> {
  const { fingerprint, id, tenant } = record;
  if ((await amp.store.read(fingerprint, `revoked:${fingerprint}`)) !== null)
    return refuse("key_revoked", "The registered key is revoked.");
  const { key, hash } = await openApiKey(amp, refOf(record));
  const next = { ...record, keys: [{ hash, untilMs: null }] };
  const isSaved = await amp.store.save(refOf(record), text, writeRecord(next), null);
  if (!isSaved) return refuse("unavailable", "The agent was changed meanwhile: try again.");
  await amp.store.write(hash, `apikey:${hash}`, JSON.stringify(refOf(record)), null);
  await amp.store.write(id, `agentid:${id}`, JSON.stringify({ tenant }), null);
  for (const old of record.keys) await amp.store.remove(old.hash, `apikey:${old.hash}`);
  amp.feeds.close(refOf(record), 4003, "unauthorized");
  await amp.wire.ended(refOf(record), "unauthorized");
  return answer(registration(amp, call, next, key, null));
}

async function suggest(amp: Amp, { name, tenant, address }: Wanted): Promise<readonly string[]> {
  const base = name.slice(0, 56);
  const domain = address.slice(address.indexOf("@"));
  const free: string[] = [];
  for (let tries = 2; free.length < SUGGESTIONS && tries < 12; tries += 1) {
    const suffix = tries < 6 ? String(tries) : randomBytes(3).toString("hex");
    const candidate = `${base}-${suffix}`;
    const full = `${candidate}${domain}`;
    const taken = await amp.store.resolve(tenant, full, candidate, amp.now());
    if (taken === null) free.push(candidate);
  }
  return free;
}

function registration(
  amp: Amp,
  { endpoint }: Call,
  record: AgentRecord,
  api_key: string,
  secret: string | null,
) {
  const { AMS_AMP_DOMAIN: domain } = amp.config;
  return {
    address: record.address,
    short_address: `${record.name}@${record.tenant}.${domain}`,
    local_name: record.name,
    agent_id: record.id,
    tenant_id: record.tenant,
    tenant: record.tenant,
    ...(record.owner === null ? {} : { owner_id: record.owner }),
    api_key,
    provider: { name: domain, endpoint, route_url: `${endpoint}/route` },
    fingerprint: record.fingerprint,
    public_key: record.public_key,
    key_algorithm: record.key_algorithm,
    registered_at: isoOf(record.registeredAtMs),
    ...(secret === null ? {} : { delivery: { webhook_secret: secret } }),
  };
}
