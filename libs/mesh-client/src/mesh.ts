/** One identity in one mesh: it signs envelopes, and checks what the service signed. */
import { bytesToSign, PRIME } from "@ams/mesh-rules";
import {
  fromHex,
  isJsonObject,
  isSignedBy,
  type Json,
  type JsonObject,
  type PublicKey,
  readCheckpoint,
  readSignature,
  resolveDidKey,
  type Signer,
  sha256,
  tagged,
  toHex,
  verify,
  verifyConsistency,
  writeSignature,
} from "@ams/provenance";
import { DelegationHandle } from "./delegation.ts";
import { forged } from "./errors.ts";
import { framesOf, type MeshFrame } from "./frames.ts";
import { Http } from "./http.ts";

export type MeshOptions = {
  /** The conversation's magic link: its host is where the service is. */
  readonly link: string;
  readonly credential: string;
  readonly key: Signer;
  /** The next nonce of this key, which never comes twice; a clock unless given. */
  readonly nextNonce?: () => number;
  /** Prime's did:key, where it is known already; else that of the first answer is kept to. */
  readonly primeKey?: string;
};

export type Receipt = {
  readonly id: string;
  readonly digest: string;
  readonly seq: number;
  /** What the verb added. */
  readonly extra: JsonObject;
};

export type IntentOptions = {
  /** A DID, or `skill:<name>`. */
  readonly to: string;
  readonly action: string;
  readonly params?: JsonObject;
  readonly constraints?: JsonObject;
  /** Test units: entries of the ledger that the operator of the mesh signs, not money. */
  readonly settle?: JsonObject;
  readonly require?: { readonly attestors?: number; readonly zkml?: boolean };
};

export type Found = {
  readonly did: string;
  readonly price: string | null;
  readonly reputation: number;
};

export async function openMesh(options: MeshOptions): Promise<MeshClient> {
  const { link, credential } = options;
  const http = new Http(`${new URL(link).origin}/mesh/v1`, credential);
  const opened = await http.ask("POST", "/meshes", { magic_link: link });
  const prime = isJsonObject(opened.prime) ? String(opened.prime.key) : "";
  if (options.primeKey !== undefined && options.primeKey !== prime)
    throw forged("the mesh has another key");
  const read = resolveDidKey(prime);
  if (!read.ok) throw forged("the mesh has no key");
  return new MeshClient(http, String(opened.mesh), { did: prime, key: read.key }, options);
}

export class MeshClient {
  readonly id: string;
  /** Prime's did:key. */
  readonly primeKey: string;
  readonly #prime: PublicKey;
  readonly #http: Http;
  readonly #signer: Signer;
  readonly #nextNonce: () => number;
  #seen: { readonly size: number; readonly root: Uint8Array } | null = null;

  constructor(
    http: Http,
    id: string,
    prime: { readonly did: string; readonly key: PublicKey },
    { key, nextNonce }: MeshOptions,
  ) {
    this.id = id;
    this.primeKey = prime.did;
    this.#prime = prime.key;
    this.#http = http;
    this.#signer = key;
    this.#nextNonce = nextNonce ?? clockNonces();
  }

  get did(): string {
    return this.#signer.did;
  }

  async intent(options: IntentOptions): Promise<IntentHandle> {
    const { to, action, params = {}, constraints = {}, ...rest } = options;
    const intent = { action, params, constraints: { mesh: this.id, ...constraints } };
    const receipt = await this.send({ kind: "intent", to, intent, ...rest });
    return new IntentHandle(this, receipt.id);
  }

  /** By reputation falling, price rising. */
  async discover(search: {
    readonly skill: string;
    readonly maxPrice?: string;
    readonly minReputation?: number;
    readonly region?: string;
  }): Promise<readonly Found[]> {
    const { skill, maxPrice, minReputation, region } = search;
    const query = new URLSearchParams({ skill });
    if (maxPrice !== undefined) query.set("max_price", maxPrice);
    if (minReputation !== undefined) query.set("min_reputation", String(minReputation));
    if (region !== undefined) query.set("region", region);
    const { agents } = await this.get(`/agents?${query}`);
    const items: readonly Json[] = Array.isArray(agents) ? agents : [];
    return items.filter(isJsonObject).map(({ did, price, reputation }) => ({
      did: String(did),
      price: typeof price === "string" ? price : null,
      reputation: Number(reputation),
    }));
  }

  /** What this identity offers; a higher `seq` replaces a lower one. */
  async card(own: JsonObject): Promise<void> {
    const ts = Math.floor(Date.now() / 1_000);
    const card = { did: this.did, skills: [], seq: Date.now(), ts, ...own };
    const sig = writeSignature(await this.#signer.sign(tagged("ams-mesh", "card", card)));
    await this.ask("PUT", `/agents/${encodeURIComponent(this.did)}`, { card, sig });
  }

  async execute(parent: string, stage: string, milestone?: string): Promise<Receipt> {
    const payload = { stage, ...(milestone === undefined ? {} : { milestone }) };
    return await this.send({ kind: "inference", to: PRIME, parent, payload });
  }

  /** Result and outcome of a milestone: the outcome's receipt. */
  async deliver(delegation: string, milestone: string, result: Json = null): Promise<Receipt> {
    const { id } = await this.execute(delegation, "result", milestone);
    const payload = { milestone, result };
    return await this.send({ kind: "outcome", to: PRIME, parent: id, payload });
  }

  async attest(
    outcome: { readonly id: string; readonly digest: string },
    verdict: "pass" | "fail" | "abstain",
    { milestone, evidence }: { readonly milestone: string; readonly evidence?: readonly Json[] },
  ): Promise<Receipt> {
    const digest = `sha256:${outcome.digest}`;
    const about = evidence === undefined ? {} : { evidence };
    const payload = { attests: outcome.id, digest, milestone, verdict, ...about };
    const intent = { action: "amp/attest", params: {} };
    return await this.send({ kind: "outcome", to: PRIME, parent: outcome.id, intent, payload });
  }

  async stake(amount: string): Promise<Receipt> {
    const intent = { action: "amp/stake", params: { amount } };
    return await this.send({ kind: "intent", to: PRIME, intent });
  }

  delegation(id: string): DelegationHandle {
    return new DelegationHandle(this, id);
  }

  /** Frames from a seq on, then as they happen, until `signal`. */
  events(from: number, signal: AbortSignal): AsyncIterable<MeshFrame> {
    return framesOf(this.#http, `/meshes/${this.id}/events`, from, signal);
  }

  async bundle(root: string): Promise<JsonObject> {
    return await this.get(`/aig/${root}/bundle`);
  }

  /** Minor units by currency. */
  async balance(account: string): Promise<Readonly<Record<string, number>>> {
    const { balances } = await this.get(`/ledger/accounts/${encodeURIComponent(account)}`);
    const known = isJsonObject(balances) ? Object.entries(balances) : [];
    return Object.fromEntries(known.map(([currency, minor]) => [currency, Number(minor)]));
  }

  /** The log goes on from where it was seen last. Throws `MeshError` with code `fork`. */
  async verifyLog(): Promise<number> {
    const note = readCheckpoint(await this.#http.text(`/meshes/${this.id}/log/checkpoint`));
    if (note === null || !isSignedBy(note, note.origin, this.#prime))
      throw forged("the checkpoint is not signed");
    const before = this.#seen;
    this.#seen = { size: note.size, root: note.root };
    if (before === null) return note.size;
    const path = `/log/proof/consistency?from=${before.size}&to=${note.size}`;
    const { proof } = await this.get(path);
    const steps = (Array.isArray(proof) ? proof : []).map(
      (step) => fromHex(String(step), 32) ?? new Uint8Array(),
    );
    const [from, to] = [before.size, note.size];
    if (from > to || !verifyConsistency(from, to, before.root, note.root, steps))
      throw forged("fork: the log is another one than before");
    return note.size;
  }

  /** Signs an envelope, hands it in, and checks the receipt. */
  async send(members: JsonObject): Promise<Receipt> {
    const ts = Math.floor(Date.now() / 1_000);
    const id = crypto.randomUUID();
    const body = { v: 1, id, from: this.did, nonce: this.#nextNonce(), ts, ...members };
    const signed = bytesToSign(body);
    const auth = writeSignature(await this.#signer.sign(signed));
    const { receipt, sig, ...extra } = await this.ask("POST", "/envelopes", { ...body, auth });
    const digest = toHex(sha256(signed));
    const signature = readSignature(String(sig));
    if (!isJsonObject(receipt) || signature === null) throw forged("there is no receipt");
    const isSigned = verify(this.#prime, tagged("ams-mesh", "receipt", receipt), signature);
    if (!isSigned || receipt.id !== id || receipt.digest !== digest)
      throw forged("the receipt is not this envelope's");
    return { id, digest, seq: Number(receipt.seq), extra };
  }

  async get(path: string): Promise<JsonObject> {
    return await this.ask("GET", path);
  }

  /** A request below the mesh. */
  async ask(method: string, path: string, body?: unknown): Promise<JsonObject> {
    return await this.#http.ask(method, `/meshes/${this.id}${path}`, body);
  }
}

export class IntentHandle {
  readonly id: string;
  readonly #mesh: MeshClient;

  constructor(mesh: MeshClient, id: string) {
    this.#mesh = mesh;
    this.id = id;
  }

  async delegate(
    agent: string,
    options: { readonly attestors?: readonly string[] } = {},
  ): Promise<DelegationHandle> {
    const intent = { action: "amp/delegate", params: { agent, ...options } };
    const members = { kind: "intent", to: PRIME, parent: this.id, intent };
    const { extra } = await this.#mesh.send(members as unknown as JsonObject);
    const id = isJsonObject(extra.delegation) ? String(extra.delegation.id) : "";
    return new DelegationHandle(this.#mesh, id);
  }
}

/** Microseconds of the clock, and never one twice: a nonce has to rise over restarts too. */
function clockNonces(): () => number {
  let last = 0;
  return () => {
    last = Math.max(last + 1, Date.now() * 1_000);
    return last;
  };
}
