/**
 * Checks a whole log by oneself (W3, P4): every message's hash, signature and fingerprint, and that
 * all of them together are what the service's signed checkpoint says. Nothing is taken on trust but
 * the key of the service.
 */
import {
  equalBytes,
  isSignedBy,
  readCheckpoint,
  readSignature,
  resolveDidKey,
  TreeHashes,
  toHex,
  verify,
} from "@ams/provenance";
import { fingerprint, leafOf, messageHash, readHeader, signedBytes } from "@ams/workflow-rules";
import { WorkflowError } from "./errors.ts";
import { type Http, type Json, messagesOf, numberAt, textAt } from "./http.ts";

export type Verified = {
  readonly origin: string;
  readonly did: string;
  readonly size: number;
  readonly root: string;
  /** Messages whose signature was verified. */
  readonly signatures: number;
  /** Messages of identities that this program does not resolve (did:web). */
  readonly unresolved: number;
};

/** Rejects with `log_invalid`, and `seq` where one message is to blame. */
export async function verifyLog(http: Http, conversationId: string): Promise<Verified> {
  const { did, origin } = await http.ask("GET", "/log/key").then((key) => {
    return { did: textAt(key, "did"), origin: textAt(key, "origin") };
  });
  const key = resolveDidKey(did);
  if (!key.ok) throw invalid("The service's key is not one.");
  const note = readCheckpoint(new TextDecoder().decode(await http.bytes("/log/checkpoint")));
  if (note === null || note.origin !== origin || !isSignedBy(note, origin, key.key))
    throw invalid("The checkpoint is not signed by the service.");
  const tree = new TreeHashes();
  const counted = { signatures: 0, unresolved: 0 };
  let seq = 0;
  for await (const message of messagesOf(http, "/log/messages")) {
    if (seq >= note.size) break;
    checkMessage(message, { seq, conversationId, tree, counted });
    seq += 1;
  }
  if (seq < note.size) throw invalid("The log is shorter than its checkpoint says.", seq);
  const root = tree.root();
  if (!equalBytes(root, note.root)) throw invalid("The messages are not those of the checkpoint.");
  return { origin, did, size: note.size, root: toHex(root), ...counted };
}

type Checked = {
  readonly seq: number;
  readonly conversationId: string;
  readonly tree: TreeHashes;
  readonly counted: { signatures: number; unresolved: number };
};

function checkMessage(message: Json, { seq, conversationId, tree, counted }: Checked): void {
  if (message.seq !== seq) throw invalid("A message is missing.", seq);
  const read = readHeader(Object(message.header));
  if (!read.ok) throw invalid("A header is not one.", seq);
  const header = read.value;
  const msg = messageHash(header);
  if (message.msg !== msg) throw invalid("A message has another hash.", seq);
  const { context_fingerprint: seen, workflow_state: state, agent_identity: agent } = header;
  const claimed = { ...seen, conversationId, did: agent.did, state: state.state };
  if (fingerprint(claimed) !== seen.fp) throw invalid("A fingerprint is forged.", seq);
  if (header.conversation_id !== conversationId) throw invalid("A message is another's.", seq);
  if (seen.size > seq) throw invalid("A message claims later history.", seq);
  if (toHex(tree.root(seen.size)) !== seen.root)
    throw invalid("A message saw another history.", seq);
  tree.append(leafOf(msg, numberAt(message, "at")));
  const key = resolveDidKey(agent.did);
  if (!key.ok) {
    counted.unresolved += 1;
    return;
  }
  const signature = readSignature(textAt(message, "sig"));
  if (signature === null || !verify(key.key, signedBytes(header), signature))
    throw invalid("A signature is not its agent's.", seq);
  counted.signatures += 1;
}

function invalid(sentence: string, seq?: number): WorkflowError {
  return new WorkflowError("log_invalid", sentence, seq === undefined ? {} : { seq });
}
