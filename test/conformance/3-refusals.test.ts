/**
 * §3.3: every refusal by its code and reason, and their order: of two faults the earlier one is
 * reported.
 */
import { expect, test } from "vitest";
import { type Account, account, type Minted, mint } from "./driver.ts";
import { address, base64, dial, dialUrl, expectRefusal, join, type Wishes } from "./subscriber.ts";

const CREDENTIAL = `ams_sk_${"A".repeat(43)}`;
const LONG = { a: "b".repeat(8_192 - 7) };

/** A fault of a connect: what it changes, and how it is refused. */
type Fault = {
  readonly clause: string;
  readonly code: number;
  readonly reason: string;
  readonly token?: string | null;
  readonly path?: (path: string) => string;
  readonly nobody?: true;
  readonly wishes?: Wishes;
};

/** In the order of the checks. */
const FAULTS: readonly Fault[] = [
  { clause: "§3.3.1", code: 4001, reason: "invalid_magic_link", token: null },
  {
    clause: "§3.3.2",
    code: 4005,
    reason: "conversation_not_found",
    path: (path) => path.replace(/\/conversations\/[^/]+\//, "/conversations/no-such-alias/"),
  },
  { clause: "§3.3.3", code: 4001, reason: "invalid_magic_link", token: "A".repeat(43) },
  { clause: "§3.3.4", code: 4002, reason: "invalid_credential", nobody: true },
  header("§3.3.5", "stream-name", "a b", "invalid_stream_name_header"),
  header("§3.3.6", "stream-metadata", base64([]), "invalid_stream_metadata_header"),
  header("§3.3.7", "peer-identity", base64({ kind: "robot" }), "invalid_peer_identity_header"),
  header("§3.3.7", "subscribe-streams", "lead", "invalid_subscribe_streams_header"),
];

function header(clause: string, name: string, value: string, reason: string): Fault {
  return { clause, code: 4400, reason, wishes: { headers: { [`x-ams-${name}`]: value } } };
}

/** A connect with all of these faults. */
function faulty(minted: Minted, as: Account, faults: readonly Fault[]) {
  const url = address(minted);
  let wishes: Wishes = faults.some(({ nobody }) => nobody) ? {} : { as };
  for (const fault of faults.toReversed()) {
    if (fault.token === null) url.searchParams.delete("t");
    else if (fault.token !== undefined && url.searchParams.has("t")) {
      url.searchParams.set("t", fault.token);
    }
    url.pathname = fault.path?.(url.pathname) ?? url.pathname;
    wishes = { ...wishes, headers: { ...wishes.headers, ...fault.wishes?.headers } };
  }
  return dialUrl(url, wishes);
}

test("§3.3 each fault by itself is refused with its code and reason", async () => {
  const ann = await account();
  const minted = await mint(ann);
  for (const fault of FAULTS) {
    await expectRefusal(faulty(minted, ann, [fault]), fault.code, fault.reason);
  }
});

test.for(FAULTS.slice(0, -1).map((first, index) => ({ first, later: FAULTS.slice(index + 1) })))(
  "§3.3 $first.clause $first.reason is reported before any later fault",
  async ({ first, later }) => {
    const ann = await account();
    const minted = await mint(ann);
    for (const second of later) {
      const attempt = faulty(minted, ann, [first, second]);
      await expectRefusal(attempt, first.code, first.reason);
    }
    await expectRefusal(faulty(minted, ann, [first, ...later]), first.code, first.reason);
  },
);

test("§3.3.1 an empty t is a missing one", async () => {
  const ann = await account();
  const url = address(await mint(ann));
  url.searchParams.set("t", "");
  await expectRefusal(dialUrl(url, { as: ann }), 4001, "invalid_magic_link");
});

test("§3.3.2 an unknown namespace, and one that can't be, are 4005", async () => {
  const ann = await account();
  const minted = await mint(ann);
  for (const namespace of ["no-such-namespace-there-is", "No_Namespace"]) {
    const url = address(minted);
    url.pathname = url.pathname.replace(/\/[^/]+\/conversations\//, `/${namespace}/conversations/`);
    await expectRefusal(dialUrl(url, { as: ann }), 4005, "conversation_not_found");
  }
});

test("§3.3.3 tokens of every wrong shape are refused alike", async () => {
  const ann = await account();
  const minted = await mint(ann);
  const last = minted.t.endsWith("A") ? "B" : "A";
  for (const t of [
    "x",
    `${minted.t}A`,
    minted.t.slice(0, -1) + last,
    minted.t.toLowerCase(),
    "é",
  ]) {
    const url = address(minted);
    url.searchParams.set("t", t);
    await expectRefusal(dialUrl(url, { as: ann }), 4001, "invalid_magic_link");
  }
});

test("§3.3.4 credentials of every wrong shape are refused alike", async () => {
  const ann = await account();
  const minted = await mint(ann);
  for (const authorization of [
    "Bearer x",
    `Bearer ${CREDENTIAL}`,
    "Basic YTpi",
    "Bearer",
    ann.credential,
  ]) {
    await expectRefusal(dial(minted, { headers: { authorization } }), 4002, "invalid_credential");
  }
  const protocols = ["ams.v1", `ams.bearer.${CREDENTIAL}`];
  await expectRefusal(dial(minted, { protocols }), 4002, "invalid_credential");
  await expectRefusal(dial(minted, { protocols: ["ams.v1"] }), 4002, "invalid_credential");
});

const BAD: readonly (readonly [string, string, readonly string[]])[] = [
  ["stream-name", "invalid_stream_name_header", ["-a", ".a", "a b", "a/b", "a".repeat(64)]],
  [
    "stream-metadata",
    "invalid_stream_metadata_header",
    ["%%%", "e30=x", base64([]), base64("a"), base64(null), base64(LONG), "eyJhIjo="],
  ],
  [
    "peer-identity",
    "invalid_peer_identity_header",
    [
      "%%%",
      base64({}),
      base64([]),
      base64({ kind: "Agent" }),
      base64({ kind: "agent", model: 1 }),
      base64({ kind: "human", client: "c".repeat(1_024) }),
    ],
  ],
  [
    "subscribe-streams",
    "invalid_subscribe_streams_header",
    ["*", "lead", "str_1", `str_${"0".repeat(26)},`, `str_${"A".repeat(26)}`],
  ],
];

test.for(BAD)("§3.3 a bad %s is 4400 %s, in header and query", async ([name, reason, values]) => {
  const ann = await account();
  const minted = await mint(ann);
  for (const value of values) {
    const headers = { [`x-ams-${name}`]: value };
    await expectRefusal(dial(minted, { as: ann, headers }), 4400, reason);
    const query = { [name.replaceAll("-", "_")]: value };
    await expectRefusal(dial(minted, { as: ann, query }), 4400, reason);
  }
});

test("§3.3.8 a name that another account holds is 4004, after every fault of the connect itself", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  await join(minted, { as: ann, name: "lead" });
  await expectRefusal(dial(minted, { as: bob, name: "lead" }), 4004, "stream_name_conflict");
  const headers = { "x-ams-stream-name": "lead", "x-ams-subscribe-streams": "lead" };
  const both = dial(minted, { as: bob, headers });
  await expectRefusal(both, 4400, "invalid_subscribe_streams_header");
});

test("§3.3 a refused connect changes nothing for those who are there", async () => {
  const [ann, bob] = await Promise.all([account("ann"), account("bob")]);
  const minted = await mint(ann);
  const watcher = await join(minted, { as: ann, name: "watcher" });
  for (const fault of FAULTS) {
    await expectRefusal(faulty(minted, bob, [fault]), fault.code, fault.reason);
  }
  await expectRefusal(dial(minted, { as: bob, name: "watcher" }), 4004, "stream_name_conflict");
  const witness = await join(minted, { as: bob, name: "witness" });
  await watcher.next("stream_joined");
  await watcher.drained();
  expect(watcher.frames.map(({ type }) => type)).toEqual(["joined", "stream_joined", "pong"]);
  expect(witness.joined.peers).toHaveLength(1);
});
