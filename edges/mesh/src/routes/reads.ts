/** What members, and whoever has the link, may look at (M4 to M9). */
import { answer, answerBytes } from "@ams/edge";
import {
  bundleOf,
  decisionJson,
  documentOfKey,
  dotOf,
  findAgents,
  lineageOf,
  nodesUnder,
  PRIME,
  proofOf,
  readSearch,
  reject,
  reputationOf,
  signedReceipt,
  transactionJson,
  verifyLedger,
  viewDelegation,
  viewIntent,
  viewNode,
  viewThread,
} from "@ams/mesh-rules";
import { isJsonObject, parseDid } from "@ams/provenance";
import { checkEvidence } from "../evidence.ts";
import { signedCheckpoint } from "../space/frames.ts";
import { type Context, get, type Handler, limitOf, type Row, wholeOf } from "./route.ts";

/** A JSON answer made of the acknowledged state. */
function of(look: (context: Context) => unknown): Handler {
  return async (context) => answer(200, await context.live.read(() => look(context)));
}

function agents({ live, url }: Context) {
  const { searchParams } = url;
  const text = (name: string) => searchParams.get(name) ?? undefined;
  const floor = text("min_reputation");
  const params = {
    skill: text("skill"),
    max_price: text("max_price"),
    region: text("region"),
    min_reputation: floor === undefined ? undefined : Number(floor),
  };
  const given = Object.entries(params).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return { agents: findAgents(live.state, readSearch(Object.fromEntries(given), "query")) };
}

function agent({ live, segments }: Context) {
  const { state } = live;
  const did = segments[1] ?? "";
  const card = state.cards.get(did) ?? reject("not_found");
  const domain = card.skills[0] ?? "";
  return { card: card.raw, sig: card.sig, reputation: reputationOf(state, did, domain).score };
}

function identifier({ live, segments }: Context) {
  const did = segments[1] ?? "";
  if (did === PRIME) return { ...documentOfKey(live.signer.did), id: PRIME };
  const known = live.state.names.get(did);
  if (known !== undefined) return known.document;
  const isKey = parseDid(did)?.method === "key";
  return (isKey ? documentOfKey(did) : null) ?? reject("did_not_found");
}

function envelope({ live, segments }: Context) {
  const id = segments[1] ?? "";
  const node = live.state.node(id) ?? reject("not_found");
  return { envelope: node.envelope.raw, ...signedReceipt(live.state, id, live.signer) };
}

function settlement({ live, segments }: Context) {
  const node = live.state.node(segments[1] ?? "");
  return node?.verb === "settle" ? node.envelope.raw : reject("not_found");
}

function settlements({ live, url }: Context) {
  const { state } = live;
  const ids = state.settlements.of(state.delegation(url.searchParams.get("delegation") ?? "").id);
  return { settlements: ids.map((id) => state.node(id)?.envelope.raw ?? null) };
}

function decision({ live, segments }: Context) {
  const found = live.state.decisions.get(segments[1] ?? "") ?? reject("not_found");
  return { decision: decisionJson(found.decision), sig: found.sig };
}

function policy({ live }: Context) {
  const { raw, version } = live.state.policy;
  return { ...raw, version };
}

function reputation({ live, segments, url }: Context) {
  return reputationOf(live.state, segments[1] ?? "", url.searchParams.get("domain") ?? "");
}

/** The proof of outcome, with what evidence from workflows is worth: it settles nothing. */
const proof: Handler = async ({ live, segments, service }) => {
  const id = segments[1] ?? "";
  const found = await live.read(() => proofOf(live.state, id));
  const votes = live.state.children.of(id);
  const evidence = [id, ...votes].flatMap((one) => {
    const given = live.state.node(one)?.envelope.payload.evidence;
    return Array.isArray(given) ? given : [];
  });
  const checked = await checkEvidence(service.parts.url(), evidence);
  if (checked.length === 0) return answer(200, found);
  const reasons = isJsonObject(found.reasons) ? found.reasons : {};
  return answer(200, { ...found, reasons: { ...reasons, evidence: checked } });
};

const graph: Handler = async ({ live, segments, url }) => {
  const root = segments[1] ?? "";
  const nodes = await live.read(() => nodesUnder(live.state, root).map(viewNode));
  if (nodes.length === 0) return reject("not_found");
  switch (url.searchParams.get("format") ?? "json") {
    case "json":
      return answer(200, { root, nodes });
    case "ndjson": {
      const lines = nodes.map((node) => `${JSON.stringify(node)}\n`);
      return answerBytes(lines.join(""), "application/x-ndjson");
    }
    case "dot":
      return answerBytes(dotOf(live.state, root), "text/vnd.graphviz; charset=utf-8");
    default:
      return reject("invalid_envelope", { field: "format" });
  }
};

function transactions({ live, url }: Context) {
  const { ledger } = live.state;
  const limit = limitOf(url);
  const text = url.searchParams.get("after");
  const after = text === null ? -1 : wholeOf(url, "after", 0, Number.MAX_SAFE_INTEGER);
  const found = ledger.transactions.slice(after + 1, after + 1 + limit);
  const last = found.at(-1)?.tx ?? after;
  const isEnd = last + 1 >= ledger.transactions.length;
  return { transactions: found.map(transactionJson), next: isEnd ? null : last };
}

const part = ({ segments }: Context) => segments[1] ?? "";

export const readRoutes: readonly Row[] = [
  get(["agents"], of(agents)),
  get(["agents", "*"], of(agent)),
  get(["identifiers", "*"], of(identifier)),
  get(
    ["intents", "*"],
    of((context) => viewIntent(context.live.state, part(context))),
  ),
  get(["envelopes", "*"], of(envelope)),
  get(
    ["negotiations", "*"],
    of((context) => viewThread(context.live.state, part(context), context.service.now())),
  ),
  get(
    ["delegations", "*"],
    of((context) => viewDelegation(context.live.state.delegation(part(context)))),
  ),
  get(["settlements"], of(settlements)),
  get(["settlements", "*"], of(settlement)),
  get(["poo", "*"], proof),
  get(["decisions", "*"], of(decision)),
  get(["policy"], of(policy)),
  get(["reputation", "*"], of(reputation)),
  get(["aig", "*"], graph),
  get(
    ["aig", "*", "lineage"],
    of((context) => ({ lineage: lineageOf(context.live.state, part(context)) })),
  ),
  get(
    ["aig", "*", "bundle"],
    of((context) => {
      const { live } = context;
      return bundleOf(live.state, part(context), live.signer, signedCheckpoint(live));
    }),
  ),
  get(
    ["ledger", "accounts", "*"],
    of(({ live, segments }) => {
      const account = segments[2] ?? "";
      return { account, balances: live.state.ledger.balances(account) };
    }),
  ),
  get(["ledger", "journal"], of(transactions)),
  get(
    ["ledger", "verify"],
    of(({ live }) => verifyLedger(live.state)),
  ),
];
