/** API keys and key pairs of an agent: new ones, and their end. */
import { isRotationProof, parsePublicKey } from "@ams/amp";
import { type AgentRecord, refOf, writeRecord } from "../agents/record.ts";
import type { Amp } from "../amp.ts";
import { type Answer, answer, badField, refuse } from "../http/answer.ts";
import type { Call, Caller } from "../http/call.ts";
import { isAbsent, isoOf, membersOf } from "../http/fields.ts";
import type { AgentRef } from "../store/store.ts";

/** Milliseconds that the previous API key works on. */
const PREVIOUS_MS = 86_400_000;
/** Milliseconds that a key is on the revocation list. */
export const REVOKED_MS = 90 * 86_400_000;
/** Milliseconds in which a key that was made must be taken into its agent's record. */
const CLAIM_MS = 60_000;

export type RevocationReason =
  | "key_compromise"
  | "key_rotation"
  | "agent_deregistered"
  | "admin_action";

/** A new API key whose index ends by itself, until its agent has it. */
export async function openApiKey(amp: Amp, agent: AgentRef) {
  const made = amp.secrets.makeApiKey(amp.config.AMS_AMP_KEY_ENV);
  await amp.store.write(made.hash, `apikey:${made.hash}`, JSON.stringify(agent), CLAIM_MS);
  return made;
}

const CHANGED = () => refuse("unavailable", "The agent was changed meanwhile: try again.");

export async function rotateKey(amp: Amp, _call: Call, caller: Caller): Promise<Answer> {
  const { record, text, hash: used } = caller;
  const agent = refOf(record);
  const { key, hash } = await openApiKey(amp, agent);
  const untilMs = amp.now() + PREVIOUS_MS;
  const next = {
    ...record,
    keys: [
      { hash, untilMs: null },
      { hash: used, untilMs },
    ],
  };
  if (!(await amp.store.save(agent, text, writeRecord(next), null))) return CHANGED();
  await amp.store.write(hash, `apikey:${hash}`, JSON.stringify(agent), null);
  await amp.store.write(used, `apikey:${used}`, JSON.stringify(agent), PREVIOUS_MS);
  return answer({ api_key: key, expires_at: null, previous_key_valid_until: isoOf(untilMs) });
}

export async function revokeKey(amp: Amp, _call: Call, caller: Caller): Promise<Answer> {
  const { record, text, hash: used } = caller;
  const agent = refOf(record);
  const next = { ...record, keys: record.keys.filter(({ hash }) => hash !== used) };
  if (!(await amp.store.save(agent, text, writeRecord(next), null))) return CHANGED();
  await amp.store.remove(used, `apikey:${used}`);
  amp.feeds.close(agent, 4003, "unauthorized");
  await amp.wire.ended(agent, "unauthorized");
  return answer({ revoked: true, revoked_at: isoOf(amp.now()) });
}

export async function rotateKeyPair(amp: Amp, call: Call, caller: Caller): Promise<Answer> {
  const body = membersOf(call.json.value) ?? {};
  for (const field of ["new_public_key", "key_algorithm", "proof"]) {
    if (isAbsent(body[field])) return badField(field, true, `${field} is needed.`);
  }
  const { new_public_key: pem, key_algorithm, proof } = body;
  const key = typeof pem === "string" ? parsePublicKey(pem.trim()) : null;
  if (typeof pem !== "string" || key === null)
    return badField("new_public_key", false, "new_public_key must be a public key in PEM.");
  if (key.algorithm !== key_algorithm)
    return badField("key_algorithm", false, "key_algorithm isn't what the key is.");
  const { record, text } = caller;
  const old = parsePublicKey(record.public_key);
  const isProven =
    old !== null &&
    typeof proof === "string" &&
    isRotationProof(old, { received: pem, key }, proof);
  if (!isProven)
    return refuse("signature_invalid", "proof must be the old key's signature over the new key.");
  const agent = refOf(record);
  const { fingerprint } = key;
  const isRevoked = (await amp.store.read(fingerprint, `revoked:${fingerprint}`)) !== null;
  if (isRevoked || !(await amp.store.moveKey(agent, record.fingerprint, fingerprint)))
    return refuse("key_conflict", "That key is revoked, or another agent's.");
  const next: AgentRecord = {
    ...record,
    public_key: key.pem,
    key_algorithm: key.algorithm,
    fingerprint,
    card: null,
    previous: { fingerprint: record.fingerprint, atMs: amp.now() },
  };
  if (!(await amp.store.save(agent, text, writeRecord(next), null))) return CHANGED();
  if (fingerprint !== record.fingerprint)
    await revoke(amp, record.fingerprint, record.address, "key_rotation", fingerprint);
  const { address, public_key } = next;
  return answer({ rotated: true, fingerprint, address, public_key, key_algorithm: key.algorithm });
}

export type Revocation = {
  readonly fingerprint: string;
  readonly agent_address: string;
  readonly revoked_at: string;
  readonly reason: RevocationReason;
  readonly superseded_by: string | null;
};

export async function revoke(
  { store, now }: Pick<Amp, "store" | "now">,
  fingerprint: string,
  agent_address: string,
  reason: RevocationReason,
  superseded_by: string | null,
): Promise<Revocation> {
  const revocation = {
    fingerprint,
    agent_address,
    revoked_at: isoOf(now()),
    reason,
    superseded_by,
  };
  await store.write(fingerprint, `revoked:${fingerprint}`, JSON.stringify(revocation), REVOKED_MS);
  return revocation;
}
