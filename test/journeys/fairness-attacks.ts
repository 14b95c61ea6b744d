/** What the attacker of the fairness journey sends, as data: each attack is bounded. */

/** Where it attacks, and with what of its own. */
export type Target = {
  readonly control: string;
  readonly gateway: string;
  readonly magicLink: string;
  readonly namespace: string;
  readonly alias: string;
  readonly credential: string;
};

/** What an attack came to: the close codes or statuses that it met, by number. */
export type Outcome = Readonly<Record<string, number>>;

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

export type Ask = { readonly method?: string; readonly path: string; readonly body?: string };

const MIB = `{"namespace":"x","d":${nested(340_000)}}`;
const SMALL = `{"namespace":"X","d":${nested(5_000)}}`;
const CANONICAL = `{"id_kind":"jcs-sha256","canonical_input":[${"0,".repeat(8_000)}0]}`;
const DENSE = `{"alias":"X","d":[${"0,".repeat(32_000)}0]}`;

/** Requests of a stranger, and those of an account. */
export const STRANGER: Readonly<Record<string, (target: Target) => Ask>> = {
  "1 MiB to create an account": () => ({ method: "POST", path: "/v1/accounts", body: MIB }),
  "16 KiB to create an account": () => ({ method: "POST", path: "/v1/accounts", body: SMALL }),
  "1 MiB to mint": ({ namespace }) => mintAt(namespace, MIB),
  "an inspection with a wrong link": (t) => ({ path: `${pathOf(t)}?t=${"x".repeat(43)}` }),
  "the OpenAPI document": () => ({ path: "/openapi.json" }),
  "the documentation": () => ({ path: "/docs" }),
};
export const ACCOUNT: Readonly<Record<string, (target: Target) => Ask>> = {
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
  "a hundred conversations minted and deleted",
  "fifty accounts created and deleted",
] as const;

/** As large as any frame that is read but a token's, and nearly all of it white space. */
export const SPACED_PING = `{"type":"ping"${" ".repeat(131_000)}}`;

/** 16 KiB of metadata, each byte of it written as an escape of six. */
export const ESCAPED = `{"type":"set_metadata","metadata":{"a":"${"\\u0061".repeat(16_370)}"}}`;

/** Every attack, by its name. */
export const ATTACKS: readonly string[] = [
  ...Object.keys(FRAMES),
  ...Object.keys(FAULTS),
  ...COMBINED,
  ...Object.keys(STRANGER),
  ...Object.keys(ACCOUNT),
];

function mintAt(namespace: string, body: string): Ask {
  return { method: "POST", path: `/v1/${namespace}/conversations`, body };
}

function pathOf({ namespace, alias }: Target): string {
  return `/v1/${namespace}/conversations/${alias}`;
}
