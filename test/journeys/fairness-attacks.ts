/** What the attacker of the fairness journey sends, as data: each attack is bounded. */
import { EDGES } from "./fairness-edges.ts";

/** Where it attacks, and with what of its own. */
export type Target = {
  /** Base URLs by service: `control`, `gateway`, and the edges that the deployment has. */
  readonly at: Readonly<Record<string, string>>;
  readonly magicLink: string;
  readonly namespace: string;
  readonly alias: string;
  readonly credential: string;
  /** The magic link of a conversation that keeps its frames. */
  readonly kept: string;
};

export type Outcome = {
  /** The close codes or statuses that it met, by number. */
  readonly met: Readonly<Record<string, number>>;
  /** What it asked, each once: service, method and path; `connect` and a parameter. */
  readonly asked: readonly string[];
};

const nested = (count: number) => `[${"[],".repeat(count)}[]]`;
export const times = <Value>(count: number, value: Value) =>
  Array.from({ length: count }, () => value);

/** Frames that one guest sends, at most 32 MiB of what they are charged for. */
export const FRAMES: Readonly<Record<string, () => readonly string[]>> = {
  "small tokens": () => times(20_000, '{"type":"token","data":"x"}'),
  "plain tokens of 64 KiB": () => times(256, `{"type":"token","data":"${"x".repeat(65_536)}"}`),
  "tokens of 64 KiB, all escapes": () =>
    times(64, `{"type":"token","data":"${"\\u0061".repeat(65_536)}"}`),
  "tokens with 128 KiB of others' members": () =>
    times(128, `{"d":"${"x".repeat(130_000)}","data":"a","type":"token"}`),
  "tokens with 24,000 JSON tokens": () =>
    times(35, `{"d":${nested(7_990)},"data":"a","type":"token"}`),
  "pings with 24,000 JSON tokens": () => times(35, `{"type":"ping","d":${nested(7_990)}}`),
  "metadata of 16,384 JSON tokens": () =>
    times(55, `{"type":"set_metadata","metadata":{"a":[${"0,".repeat(8_187)}0]}}`),
  "small metadata": () => times(2_000, '{"type":"set_metadata","metadata":{}}'),
  "x_ frames of 1 MiB of arrays": () => times(30, `{"type":"x_a","d":${nested(340_000)}}`),
};

/** Frames that end the socket, each on a socket of its own. */
export const FAULTS: Readonly<Record<string, string>> = {
  "pings of 1 MiB of arrays": `{"type":"ping","d":${nested(340_000)}}`,
  "tokens of 512 KiB of white space": `{"type":"token","data":"a"${" ".repeat(524_000)}`,
};

export type Ask = {
  readonly method?: string;
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** What it asks a service, by the attack's name; the service is control unless it is named. */
export type Asks = Readonly<Record<string, (target: Target) => Ask>>;

const WEBHOOKS = "/v1/account/webhooks";
const MIB = `{"namespace":"x","d":${nested(340_000)}}`;
const SMALL = `{"namespace":"X","d":${nested(5_000)}}`;
const CANONICAL = `{"id_kind":"jcs-sha256","canonical_input":[${"0,".repeat(8_000)}0]}`;
const DENSE = `{"alias":"X","d":[${"0,".repeat(32_000)}0]}`;

/** Requests of a stranger, and those of an account. */
export const STRANGER: Asks = {
  "1 MiB to create an account": () => ({ method: "POST", path: "/v1/accounts", body: MIB }),
  "16 KiB to create an account": () => ({ method: "POST", path: "/v1/accounts", body: SMALL }),
  "1 MiB to mint": ({ namespace }) => mintAt(namespace, MIB),
  "an inspection with a wrong link": (t) => ({ path: `${pathOf(t)}?t=${"x".repeat(43)}` }),
  "the OpenAPI document": () => ({ path: "/openapi.json" }),
  "the documentation": () => ({ path: "/docs" }),
  "what is offered": () => ({ path: "/v1" }),
  "the health": () => ({ path: "/healthz" }),
};
export const ACCOUNT: Asks = {
  "a mint of 16,000 canonical JSON tokens": ({ namespace }) => mintAt(namespace, CANONICAL),
  "a mint of 64,000 JSON tokens": ({ namespace }) => mintAt(namespace, DENSE),
  "a list": ({ namespace }) => ({ path: `/v1/${namespace}/conversations?limit=1000` }),
  "an inspection": (target) => ({ path: pathOf(target) }),
  "a new link": (t) => ({
    method: "POST",
    path: `${pathOf(t)}/link`,
    body: '{"keep_connected":true}',
  }),
  "the account": () => ({ path: "/v1/account" }),
  "a rotation that keeps the credential": () => ({
    method: "POST",
    path: "/v1/account/credential",
    body: '{"grace_s":604800}',
  }),
  "the use of the account": () => ({ path: "/v1/account/usage" }),
  "a list of keys": () => ({ path: "/v1/account/keys" }),
  "1 MiB to make a key": () => ({ method: "POST", path: "/v1/account/keys", body: MIB }),
  "the audit log": () => ({ path: "/v1/account/events?limit=1000" }),
  "a list of links": (t) => ({ path: `${pathOf(t)}/links` }),
  "1 MiB to make a link": (t) => ({ method: "POST", path: `${pathOf(t)}/links`, body: MIB }),
  "1 MiB to make a webhook": () => ({ method: "POST", path: WEBHOOKS, body: MIB }),
  "a list of webhooks": () => ({ path: WEBHOOKS }),
  "1 MiB to change a webhook": () => ({ method: "POST", path: `${WEBHOOKS}/wh_none`, body: MIB }),
  "a deletion of a webhook that is not there": () => ({
    method: "DELETE",
    path: `${WEBHOOKS}/wh_none`,
  }),
  "a new secret of a webhook": () => ({ method: "POST", path: `${WEBHOOKS}/wh_none/secret` }),
  "the deliveries of a webhook": () => ({ path: `${WEBHOOKS}/wh_none/deliveries` }),
  "a delivery once more": () => ({
    method: "POST",
    path: `${WEBHOOKS}/wh_none/deliveries/msg_none/replay`,
  }),
  "1 MiB to opt in": (t) => ({ method: "POST", path: `${pathOf(t)}/webhooks`, body: MIB }),
  "an end of webhooks": (t) => ({ method: "DELETE", path: `${pathOf(t)}/webhooks` }),
  "a deletion of a conversation that is not there": ({ namespace }) => ({
    method: "DELETE",
    path: `/v1/${namespace}/conversations/absent`,
  }),
};

/** Attacks of several requests or sockets each, which the attacker spells out. */
export const COMBINED = [
  "connects with 31,000 signs of padding",
  "a hundred joins and leaves",
  "fourteen guests with pings of white space",
  "joins into a roster of escaped metadata",
  "forty joins at once",
  "joins by every parameter",
  "fifty keys made and revoked",
  "fifty links made and revoked",
  "20,000 tokens that are kept",
  "ten catch-ups of 20,000 frames",
  "a hundred conversations minted and deleted",
  "fifty accounts created and deleted",
] as const;

/** As large as any frame that is read but a token's, and nearly all of it white space. */
export const SPACED_PING = `{"type":"ping"${" ".repeat(131_000)}}`;

/** 16 KiB of metadata, each byte of it written as an escape of six. */
export const ESCAPED = `{"type":"set_metadata","metadata":{"a":"${"\\u0061".repeat(16_370)}"}}`;

/** Frames that are kept, and then caught up with. */
export const KEPT = 20_000;

/** Queries of catch-ups, one for each reader. */
export const CATCH_UPS = times(3, [
  "&last_n=100000",
  "&since=1h",
  "&last_n=100000&catch_up=assembled",
  "&since=1h&catch_up=log",
])
  .flat()
  .slice(0, 10);

/** As large as connects may have them. */
export const PARAMETERS = [
  `&stream_metadata=${encodeURIComponent(`{"a":[${"0,".repeat(3_000)}0]}`)}`,
  `&peer_identity=${encodeURIComponent(`{"kind":"${"a".repeat(1_000)}"}`)}`,
  `&subscribe_streams=${times(64, "str_0123456789abcdef0123456789").join(",")}`,
  "&self_subscribe=true&receipts=true",
  "&stream_name=one&roster=summary",
];

/** Every attack on a deployment that has these edges, by its name. */
export function attacksOn(edges: readonly string[]): readonly string[] {
  return [FRAMES, FAULTS, STRANGER, ACCOUNT, ...edges.map((name) => EDGES[name] ?? {})]
    .flatMap((attacks) => Object.keys(attacks))
    .concat(COMBINED)
    .sort((one, other) => Number(one === LAST) - Number(other === LAST));
}

/** The attack after which the link of the others admits nobody. */
const LAST = "a new link";

function mintAt(namespace: string, body: string): Ask {
  return { method: "POST", path: `/v1/${namespace}/conversations`, body };
}

function pathOf({ namespace, alias }: Target): string {
  return `/v1/${namespace}/conversations/${alias}`;
}
