/** An envelope that was handed in, from its bytes to its receipt or its refusal (M3). */
import type { Resolve } from "@ams/edge";
import {
  bytesToSign,
  type Envelope,
  type Extra,
  type Judged,
  judge,
  judged,
  keyOfHex,
  parseEnvelope,
  type Refusal,
  refuse,
  reject,
  signedReceipt,
  type Verb,
  verbOf,
} from "@ams/mesh-rules";
import { type JsonObject, verify } from "@ams/provenance";
import type { LiveMesh } from "./live-mesh.ts";

export type Submitted =
  | {
      readonly ok: true;
      readonly id: string;
      readonly verb: Verb;
      readonly isDuplicate: boolean;
      readonly isParked: boolean;
      readonly receipt: JsonObject;
      readonly sig: string;
      readonly extra: Extra;
    }
  | {
      readonly ok: false;
      readonly refusal: Refusal;
      readonly envelope: Envelope | null;
      readonly verb: Verb | null;
    };

export type SubmitOptions = {
  readonly account: string | null;
  readonly resolve: Resolve;
  /** Verbs that the path takes; every one unless given. */
  readonly verbs?: readonly Verb[];
};

export async function submit(
  live: LiveMesh,
  bytes: Uint8Array,
  { account, resolve, verbs }: SubmitOptions,
): Promise<Submitted> {
  const parsed = judged(() => {
    const envelope = parseEnvelope(bytes);
    return { envelope, verb: verbOf(envelope) };
  });
  if (!parsed.ok) return { ok: false, refusal: parsed.refusal, envelope: null, verb: null };
  const { envelope, verb } = parsed.value;
  const refused = (refusal: Refusal) => ({ ok: false, refusal, envelope, verb }) as const;
  if (verbs !== undefined && !verbs.includes(verb))
    return refused(refuse("verb_mismatch", { verb }));
  const key = await keyOf(live, envelope, resolve);
  if (!key.ok) return refused(key.refusal);
  const submission = { envelope, account, key: key.value, isPrime: false };
  const committed = await live.commit((draft) => judge(draft, submission));
  if (!committed.ok) return refused(committed.refusal);
  const judgement = committed.value;
  if (judgement.kind === "refused") return refused(judgement.refusal);
  const { id, extra, isDuplicate, isParked } = judgement;
  const receipt = signedReceipt(live.state, id, live.signer);
  return { ok: true, id, verb, isDuplicate, isParked, extra, ...receipt };
}

/** Hex of the key under which the signature holds. Nothing of the state is touched before. */
async function keyOf(
  live: LiveMesh,
  envelope: Envelope,
  resolve: Resolve,
): Promise<Judged<string>> {
  const first = checkWith(live, envelope);
  if (envelope.from.startsWith("did:web:") && !isLogged(live, envelope)) {
    // Its document may have changed since the last envelope: the resolver keeps it for minutes.
    const asked = await checkWeb(envelope, resolve);
    if (asked.ok) return asked;
    // Another process may have logged this one, under the key of its time.
    return await live.read(() => (isLogged(live, envelope) ? checkWith(live, envelope) : asked));
  }
  if (first.ok) return first;
  if (envelope.from.startsWith("did:key:")) return first;
  // A name may have been given, or changed its key, by another process.
  return await live.read(() => checkWith(live, envelope));
}

function isLogged({ state }: LiveMesh, { id, digest }: Envelope): boolean {
  return state.node(id)?.envelope.digest === digest;
}

function checkWith({ state }: LiveMesh, { from, raw, signature, digest, id }: Envelope) {
  return judged(() => {
    const known = state.node(id);
    // What was logged is held against the key that it was logged under.
    const hex = known?.envelope.digest === digest ? known.key : state.keyOf(from);
    const key = keyOfHex(hex) ?? reject("invalid_key");
    return verify(key, bytesToSign(raw), signature) ? hex : reject("bad_signature");
  });
}

async function checkWeb({ from, raw, signature }: Envelope, resolve: Resolve) {
  const resolved = await resolve(from);
  if (!resolved.ok) return { ok: false, refusal: refuse(resolved.code) } as const;
  const signed = bytesToSign(raw);
  const key = resolved.keys.find((one) => verify(one, signed, signature));
  if (key === undefined) return { ok: false, refusal: refuse("bad_signature") } as const;
  return { ok: true, value: key.hex } as const;
}
