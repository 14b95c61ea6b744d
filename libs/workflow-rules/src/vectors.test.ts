// The vectors of the specification, byte for byte: messages, states, roots, errors.
import {
  canonical,
  checkpointText,
  consistencyProof,
  fromHex,
  type Json,
  signerFromSeed,
  toHex,
  utf8,
  writeCheckpoint,
  writeSignature,
} from "@ams/provenance";
import { expect, test } from "vitest";
import { buildHeader } from "./build.ts";
import { CHAT, readDefinition } from "./definition.ts";
import { decodeEntry, encodeEntry, type Facts } from "./entry.ts";
import { leafOf, messageHash, signedBytes } from "./fingerprint.ts";
import { Conversation } from "./fold.ts";
import { compensationKey } from "./fold-rollback.ts";
import type { Header } from "./header.ts";
import { errorHash, judge } from "./judge.ts";
import { readMessage } from "./message.ts";
import { hash, ZEROS } from "./words.ts";

const A = signerFromSeed(Uint8Array.from({ length: 32 }, (_, at) => at));
const S = signerFromSeed(new Uint8Array(32).fill(0x22));
const CONVERSATION = "conv_01JTEST0000000000000000000";
const RUN = "run_01JTEST0000000000000000000";
const ACCOUNT = "acc_01JTEST0000000000000000000";
const SOURCE = {
  name: "order_processing",
  steps: {
    charge: { after: ["reserve"], compensate: "refund", effect: "compensatable" },
    reserve: { effect: "none" },
    ship: { after: ["charge"], effect: "irreversible" },
  },
  v: 1,
};
const DEF = "24dd5093b6407cfcc4c850281e6c40f85cb21db66af92690de5b65df4499b9d1";
const START = { roles: {}, version: 1, workflow: "order_processing" };
const TABLE = [
  [
    "fc2f4ac2cdfd1f90d5b9fd3dbe2032f9d2cecbe4afa00c886055f204d00aff91",
    "b75f4f2eb92c6dad5211d93145257a9a30234f9369bb27d9d33a7f96ce415005",
    "c3868bea2ad823fbc7dfcacbf820251eb766bcc09058a153ea5f82cd891bce11",
    "89ecc35a666c637471dfd1516036435c90f1389d4dfaff67d3b43df554173b0e",
    "89ecc35a666c637471dfd1516036435c90f1389d4dfaff67d3b43df554173b0e",
  ],
  [
    ZEROS,
    "f823fd79f75c85ff78ba097876fdc5e5bb7b39dfaaf55f2f6058a311d03f9fa0",
    "2664d8519661812cff709d8006b5b8ea9bb2a1cdc8e3213782e08e2515f69bdb",
    "d439ed6d0f3b49ebfffd63d19fe2e832e474995cca27ec5f4644e490e97188a9",
    "16da280b23a354641d56887b46994e29d23c3d5a58a7feb4e893e5c7d829f5e2",
  ],
  [
    "e588bc2a78311691c73f8a5f17567c23797661e5c0f0470d478dc94065d31f04",
    "6b37bd483ece68c876f1590cfeeddeceeb4809b733f06124df3d6fada912076a",
    "ff25e17e0d5d2c40d4525b24fc1573fe281e7b14dec01f88f0a58ffd5d42c115",
    "e6c52f181251dee3733aff78dd9b8db49127a37d2ab3c6a82c4879de389ad89f",
    "f791ebb0c962d1b3ad0fd1d20939d465174acf13af26a6ec572eea19ae563ee4",
  ],
  [
    "ae1fbf4eaf990bcdf7ae5f79206555ae591c8b2025c35900d6c240274c0c1c76",
    "881b8e7886cc647dccda8f9a5450f242e6114f82af4d29e1b5b43a0219f1eae6",
    "cfb6be8eb0068f4d76804eec4ed0156b2d01d3850e574cdec4df9561900b2bd3",
    "3516b04f0ab7d31de616dc5777562a8d142410e9ebcd877548453f7566de8d07",
    "0be8a36b3346836befca94857154c2d3048b6ff60c66fa1979ab56de5b5e6c7d",
  ],
  [
    "5c2965ec25a16c47abfc47e0797ed312b44bb3d4db32a869ca7d80fda729f16b",
    "9c5a5b8a2d8e6a012ca82dd5217693b5b772d46b0505822c33f2e02968396e28",
    "0dde68c50423d1097772415bde259dc14489902ce941455fa2bff5e486aaf8ab",
    "29816488f76cbbfbbeef38affe4fa1faca37a56bed15f0bd89aa850a2ec91873",
    "3e432cf9501db6a870fb379606dd342cc29718778fff06ecbc23d42f6a5240fd",
  ],
] as const;
const HEADER_2 =
  '{"agent_identity":{"did":"did:key:z6MkehRgf7yJbgaGfYsdoAsKdBPE3dj2CYhowQdcjqSJgvVd"},"body":{"sha256":"f3013f933b9fb80ab6d995e7ad9da36f683837ba1d81e950c943d40111eac2f0","size":7,"type":"application/json"},"context_fingerprint":{"fp":"6b37bd483ece68c876f1590cfeeddeceeb4809b733f06124df3d6fada912076a","prev":"2664d8519661812cff709d8006b5b8ea9bb2a1cdc8e3213782e08e2515f69bdb","root":"16da280b23a354641d56887b46994e29d23c3d5a58a7feb4e893e5c7d829f5e2","size":2},"conversation_id":"conv_01JTEST0000000000000000000","execution_path":{"branch":"main","node":"main/1","parents":["2664d8519661812cff709d8006b5b8ea9bb2a1cdc8e3213782e08e2515f69bdb"]},"id":"msg_01JTEST0000000000000000002","ts":1760000000002,"type":"step","v":1,"workflow_state":{"attempt":1,"def":"24dd5093b6407cfcc4c850281e6c40f85cb21db66af92690de5b65df4499b9d1","epoch":0,"op":"done","run":"run_01JTEST0000000000000000000","state":"e588bc2a78311691c73f8a5f17567c23797661e5c0f0470d478dc94065d31f04","version":1,"workflow":"order_processing","workflow_step":"reserve"}}';

const json = (value: Json) => utf8(canonical(value));
const NO_SCHEMA = () => null;

function seen(conversation: Conversation) {
  return { conversationId: CONVERSATION, size: conversation.size, root: conversation.root() };
}

function commit(conversation: Conversation, header: Header, facts: Facts | null, i: number) {
  const signer = header.agent_identity.did === S.did ? S : A;
  const sig = writeSignature(signer.signNow(signedBytes(header)));
  const entry = encodeEntry({ header, sig, account: ACCOUNT, facts });
  conversation.apply(decodeEntry(entry), 1_760_000_000_100 + i);
  return sig;
}

/** The five messages of the vectors, up to `count`. */
function upTo(count: number) {
  const conversation = new Conversation(CONVERSATION);
  const headers: Header[] = [];
  const sigs: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const [header, facts] = [headerOf(conversation, i), factsOf(i)];
    headers.push(header);
    sigs.push(commit(conversation, header, facts, i));
  }
  return { conversation, headers, sigs };
}

function factsOf(i: number): Facts | null {
  if (i === 0) return { define: SOURCE };
  return i === 1 ? { start: START } : null;
}

function headerOf(conversation: Conversation, i: number): Header {
  const common = {
    ...seen(conversation),
    id: `msg_01JTEST000000000000000000${i}`,
    ts: 1_760_000_000_000 + i,
    branch: "main",
  };
  if (i === 0) {
    const run = {
      id: "run_chat",
      workflow: "_chat",
      version: 0,
      def: CHAT.def,
      epoch: 0,
      state: TABLE[0][0],
    };
    return buildHeader({
      ...common,
      type: "define",
      op: "define",
      node: "main/0",
      parents: [],
      did: S.did,
      onBehalfOf: ACCOUNT,
      run,
      body: json(SOURCE),
    });
  }
  const run = {
    id: RUN,
    workflow: "order_processing",
    version: 1,
    def: DEF,
    epoch: 0,
    state: TABLE[i]?.[0] ?? "",
  };
  if (i === 1)
    return buildHeader({
      ...common,
      type: "start",
      op: "start",
      node: "main/0",
      parents: [],
      did: S.did,
      onBehalfOf: ACCOUNT,
      run,
      body: json(START),
    });
  const step = ["reserve", "charge", "ship"][i - 2] ?? "";
  return buildHeader({
    ...common,
    type: "step",
    op: "done",
    step,
    attempt: 1,
    node: `main/${i - 1}`,
    parents: [TABLE[i - 1]?.[2] ?? ""],
    did: A.did,
    run,
    body: json({ n: i - 2 }),
  });
}

test("W2.4 the run of every conversation: definition and state", () => {
  const conversation = new Conversation(CONVERSATION);
  expect(CHAT.def).toBe("8aafa3c747279ef7d4e67bb13d0c086d009449c21070c741c0060853056f11ee");
  expect(conversation.stateAt("run_chat", 0)).toBe(TABLE[0][0]);
});

test("W10 the definition's hash", () => {
  const read = readDefinition(SOURCE, NO_SCHEMA);
  expect(read.ok && read.value.def).toBe(DEF);
});

test("W10 states claimed, fingerprints, messages, leaves and roots", () => {
  for (const [i, [state, fp, msg, leaf, root]] of TABLE.entries()) {
    const { conversation, headers } = upTo(i + 1);
    const header = headers[i];
    if (header === undefined) throw new Error("no header");
    expect(header.workflow_state.state).toBe(state);
    if (i > 1) expect(conversation.stateAt(RUN, i)).toBe(state);
    expect(header.context_fingerprint.fp).toBe(fp);
    expect(messageHash(header)).toBe(msg);
    expect(toHex(leafOf(msg, 1_760_000_000_100 + i))).toBe(leaf);
    expect(conversation.root()).toBe(root);
  }
});

test("W10 header 2, its bytes and signatures; the states of the run", () => {
  const { conversation, headers, sigs } = upTo(5);
  expect(canonical(headers[2])).toBe(HEADER_2);
  expect(HEADER_2.length).toBe(1_025);
  expect(sigs[2]).toBe(
    "ed25519:4ed36fe4f34ded66597acf9aaa2f8624dc2d109dd7c0e14005a2c9ea99efb3f1b45a98923dbe5a3ffb349ad6589444615d0c15f91d6d84d3e725e13b17cdce01",
  );
  expect(sigs[0]).toBe(
    "ed25519:4e36980a5919d2e5444bfd6dc20178d1d8cb10cb3e15987c6914b3dc8c96b9211f1b998b0fad9ac1dbee6bb0886a8d6ae29b9681aae09c4b84051f84b1501f00",
  );
  expect(conversation.stateAt(RUN, 5)).toBe(
    "febc7987c75661d26d6a2b1b8d93f0c9eacb15d7c546af04a8657c1f72b8ec0e",
  );
  expect(canonical(upTo(2).conversation.runs.get(RUN)?.stateValue("none"))).toBe(
    '{"def":"24dd5093b6407cfcc4c850281e6c40f85cb21db66af92690de5b65df4499b9d1","epoch":0,"halt":"none","run":"run_01JTEST0000000000000000000","status":"running","steps":{"charge":["wait",0],"reserve":["ready",0],"ship":["wait",0]}}',
  );
  expect(conversation.runs.get(RUN)?.statusUnder("none")).toBe("done");
});

test("W10 consistency 2→5 and the checkpoint of the five", () => {
  const { conversation } = upTo(5);
  expect(consistencyProof(conversation.tree, 2, 5).map(toHex)).toEqual([
    "bdffda3fb390a046292c95d8102608c3c4d0edc725ae19206a216cc193f1d15c",
    "29816488f76cbbfbbeef38affe4fa1faca37a56bed15f0bd89aa850a2ec91873",
  ]);
  const origin = `ams.example/workflow/${CONVERSATION}`;
  const checkpoint = { origin, size: 5, root: conversation.tree.root() };
  const note = writeCheckpoint(
    checkpoint,
    S.publicKey,
    S.signNow(utf8(checkpointText(checkpoint))),
  );
  expect(note.split("\n").at(-2)).toBe(
    "— ams.example/workflow/conv_01JTEST0000000000000000000 DvdMkCs8mFr967OIOuG5biMyNEeB1cMUo3Nfzl4SxvuDHRRq5us6vVcdAyA+JlGBgX6hcl2AB++af2kAp0rBUJAJRw8=",
  );
});

test("W10 shipping too early is refused with the bytes of the vector, and nothing changes", () => {
  const { conversation, headers } = upTo(2);
  const base = headerOf(conversation, 2);
  const body = json({ n: 2 });
  const { sha256, size } = buildHeader({ ...draftOf(), ...seen(conversation), body }).body;
  const header = {
    ...base,
    id: "msg_01JTEST0000000000000000009",
    ts: 1_760_000_000_009,
    workflow_state: { ...base.workflow_state, workflow_step: "ship" },
    body: { ...base.body, sha256, size },
  };
  const message = readMessage({ header, sig: "", body }, CONVERSATION);
  if (!message.ok) throw new Error(message.refusal.code);
  expect(message.value.msg).toBe(
    "eb843f65b3596f09fe150d716010c6ac0c068e46b4f7cde7443bdd0acf80fc84",
  );
  const before = conversation.root();
  const verdict = judge({ conversation, message: message.value, at: 0, checkBody: NO_SCHEMA });
  if (verdict.kind !== "refused") throw new Error(verdict.kind);
  expect(canonical(verdict.refusal.error)).toBe(
    '{"class":"conflict","def":"24dd5093b6407cfcc4c850281e6c40f85cb21db66af92690de5b65df4499b9d1","epoch":0,"error":"step_order","expected":["reserve"],"message":"The step is not ready.","missing":["charge"],"msg":"eb843f65b3596f09fe150d716010c6ac0c068e46b4f7cde7443bdd0acf80fc84","op":"done","retryable":false,"run":"run_01JTEST0000000000000000000","state":"e588bc2a78311691c73f8a5f17567c23797661e5c0f0470d478dc94065d31f04","step":"ship","step_status":"wait"}',
  );
  expect(errorHash(verdict.refusal)).toBe(
    "a56dba8db49e8a2ea471a08895cdb1371e90d416a82aa769bed80f01218b2133",
  );
  expect([conversation.root(), headers.length]).toEqual([before, 2]);
});

test("W6.5 the key of a compensation", () => {
  expect(compensationKey(RUN, 1, "charge", 1)).toBe(
    "b03b37d7df48340f0609c54fb52fa8d69d0c54530e3b7e368b528059f305132c",
  );
  expect(hash("comp", { attempt: 1, epoch: 1, run: RUN, step: "charge" })).toBe(
    compensationKey(RUN, 1, "charge", 1),
  );
  expect(fromHex(DEF, 32)?.length).toBe(32);
});

function draftOf() {
  const run = {
    id: RUN,
    workflow: "order_processing",
    version: 1,
    def: DEF,
    epoch: 0,
    state: ZEROS,
  };
  return {
    id: "msg_01JTEST0000000000000000000",
    type: "step",
    op: "done",
    branch: "main",
    node: "main/1",
    parents: [],
    did: A.did,
    run,
    ts: 0,
  } as const;
}
