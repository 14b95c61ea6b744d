/**
 * Evidence from workflows: that a step's commit is in the log of its conversation at this
 * deployment. What is asked for is public there; what is claimed is computed again from the log.
 */
import {
  equalBytes,
  Frontier,
  fromHex,
  hashTagged,
  isJsonObject,
  isSignedBy,
  type Json,
  type JsonObject,
  leafHash,
  parseStrictText,
  readCheckpoint,
  resolveDidKey,
  TILE_WIDTH,
  tilePath,
  toHex,
  verifyInclusion,
} from "@ams/provenance";

/** Pieces of evidence that are looked at, leaves of a log, and milliseconds of one request. */
const ITEMS_MAX = 4;
const LEAVES_MAX = 65_536;
const TIMEOUT_MS = 3_000;
const HASH_BYTES = 32;
/** Bytes of an entry of a workflow's log: its length, the message's hash, the time. */
const ENTRY_BYTES = 42;

const CONVERSATION = /^conv_[0-9A-Za-z]{1,64}$/;

/** In the order of the evidence; what is of another kind is left out. `url`: of the deployment. */
export async function checkEvidence(url: string, evidence: readonly Json[]): Promise<JsonObject[]> {
  const items = evidence.filter(isJsonObject).filter(({ kind }) => kind === "workflow-commit");
  const checks = items.slice(0, ITEMS_MAX).map(async (item) => {
    const { conversation_id = null, index = null } = item;
    const fault = await faultOf(url, item).catch(() => "the log can't be read");
    const result = fault === null ? { holds: true } : { holds: false, fault };
    return { kind: "workflow-commit", conversation_id, index, ...result };
  });
  return await Promise.all(checks);
}

/** What does not hold, in a few words; null when all does. */
async function faultOf(url: string, item: JsonObject): Promise<string | null> {
  const { conversation_id: id, index, size, header } = item;
  if (typeof id !== "string" || !CONVERSATION.test(id)) return "no conversation";
  if (!isCount(index) || !isCount(size) || index >= size) return "no index";
  const log = `${url}/workflow/v1/conversations/${id}/log`;
  const note = await checkpointOf(log);
  if (note === null || !note.origin.endsWith(`/workflow/${id}`)) return "no signed checkpoint";
  if (size > note.size || note.size > LEAVES_MAX) return "not in the log's size";
  const leaves = await leavesOf(log, note.size);
  if (!equalBytes(rootOf(leaves, note.size), note.root)) return "the log does not fit";
  const root = rootOf(leaves, size);
  if (toHex(root) !== item.root) return "another root";
  const leaf = leaves[index] ?? new Uint8Array();
  const data = await entryOf(log, index, note.size);
  const isOfLog = equalBytes(leafHash(data), leaf);
  const message = hashTagged("ams-workflow", "msg", header ?? null);
  if (!isOfLog || toHex(data.subarray(0, HASH_BYTES)) !== message) return "another message";
  const proof = (Array.isArray(item.proof) ? item.proof : []).map(
    (step) => fromHex(String(step), HASH_BYTES) ?? new Uint8Array(),
  );
  return verifyInclusion(index, size, leaf, root, proof) ? null : "the proof does not hold";
}

function isCount(value: Json | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

async function checkpointOf(log: string) {
  const text = new TextDecoder().decode(await bytesOf(`${log}/key`, 4_096));
  const parsed = parseStrictText(text, { bytes: 4_096 });
  const did = parsed.ok && isJsonObject(parsed.value) ? String(parsed.value.did) : "";
  const key = resolveDidKey(did);
  const note = readCheckpoint(new TextDecoder().decode(await bytesOf(`${log}/checkpoint`, 65_536)));
  return key.ok && note !== null && isSignedBy(note, note.origin, key.key) ? note : null;
}

/** Hashes of all leaves, from the tiles of level 0. */
async function leavesOf(log: string, size: number): Promise<readonly Uint8Array[]> {
  const leaves: Uint8Array[] = [];
  while (leaves.length < size) {
    const width = Math.min(TILE_WIDTH, size - leaves.length);
    const path = tilePath({ level: 0, index: leaves.length / TILE_WIDTH, width });
    const bytes = await bytesOf(`${log}/${path}`, TILE_WIDTH * HASH_BYTES);
    if (bytes.length !== width * HASH_BYTES) throw new Error("not a tile");
    for (let at = 0; at < width; at += 1)
      leaves.push(bytes.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES));
  }
  return leaves;
}

function rootOf(leaves: readonly Uint8Array[], size: number): Uint8Array {
  const frontier = new Frontier();
  for (const leaf of leaves.slice(0, size)) frontier.append(leaf);
  return frontier.root();
}

/** What the leaf is the hash of. */
async function entryOf(log: string, index: number, size: number): Promise<Uint8Array> {
  const tile = Math.floor(index / TILE_WIDTH);
  const width = Math.min(TILE_WIDTH, size - tile * TILE_WIDTH);
  const path = tilePath({ level: "entries", index: tile, width });
  const bytes = await bytesOf(`${log}/${path}`, TILE_WIDTH * ENTRY_BYTES);
  const from = (index % TILE_WIDTH) * ENTRY_BYTES;
  return bytes.slice(from + 2, from + ENTRY_BYTES);
}

async function bytesOf(url: string, max: number): Promise<Uint8Array> {
  const options = { redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) } as const;
  const answer = await fetch(url, options);
  if (!answer.ok || answer.body === null) throw new Error("no answer");
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body) {
    bytes += chunk.length;
    if (bytes > max) throw new Error("too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
