/**
 * 50 accounts that don't trust each other: random requests of every kind, each answer held to what
 * its caller may see. One foreign byte is a failure. `AMS_ISOLATION` is the number of requests.
 */
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Answer, openTestControl, type TestControl } from "../testing/control.ts";

const REQUESTS = Number(process.env.AMS_ISOLATION ?? 2_000);
const SEED = Number(process.env.AMS_SEED ?? 1);
const TENANTS = 50;

/** Deleted accounts whose credentials are still shown. */
const DELETED = 10;

/** The same in every namespace, so that a mistake in one finds something in another. */
const ALIASES = ["standup", "retro", "ops", "sales"];

/** Whatever belongs to one account: its marker, in all that it names, and its id. */
const OWNED = /mk-[a-z0-9]+-x|acc_[0-9A-Z]{26}/g;

type Tenant = {
  readonly namespace: string;
  readonly marker: string;
  readonly account_id: string;
  readonly credential: string;
  state: "live" | "suspended" | "deleted";
  /** By alias: the tokens of its live links, by the id of the link. */
  readonly conversations: Map<string, Map<string, string>>;
  /** Ids of live keys. */
  readonly keys: Set<string>;
};

let open: TestControl;
let admin: string;
beforeEach(async () => {
  open = await openTestControl();
  admin = await open.operatorKey("admin");
});
afterEach(() => open.close());

test(`§2.1.4 §11.3 ${REQUESTS} random requests of ${TENANTS} accounts show none anything of another, live, suspended or deleted`, async () => {
  const random = randomFrom(SEED);
  const tenants = await Promise.all(Array.from({ length: TENANTS }, (_, n) => newTenant(n)));
  const model = new Model(tenants, random);
  for (let n = 0; n < REQUESTS; n += 1) {
    const done = await model.step();
    if (done !== null) expect.fail(`seed ${SEED}, request ${n + 1}: ${done}`);
  }
  // Every kind of request was made, and every state was met.
  expect(model.kinds).toEqual(new Set(Object.keys(model.steps())));
  expect(model.states).toEqual(new Set(["live", "suspended", "deleted"]));
  for (const tenant of model.tenants) expect(await model.listed(tenant)).toBeNull();
}, 3_600_000);

async function newTenant(n: number): Promise<Tenant> {
  const namespace = `tenant-${n}`;
  const { account_id, credential } = await open.account(namespace);
  const rest = { conversations: new Map(), keys: new Set<string>(), state: "live" as const };
  return { namespace, marker: `mk-${n}-x`, account_id, credential, ...rest };
}

class Model {
  readonly kinds = new Set<string>();
  readonly states = new Set<Tenant["state"]>();
  tenants: readonly Tenant[];
  #made = TENANTS;
  readonly #random: () => number;

  constructor(tenants: readonly Tenant[], random: () => number) {
    this.tenants = tenants;
    this.#random = random;
  }

  /** One random request; null, or what was wrong with its answer. */
  async step(): Promise<string | null> {
    const steps = this.steps();
    const kind = this.#pick(Object.keys(steps) as (keyof typeof steps)[]);
    // Deletions are rare, or nobody would be left.
    if (kind === "removed" && this.#random() > 0.05) return null;
    this.kinds.add(kind);
    const me = this.#pick(this.tenants);
    this.states.add(me.state);
    const fault = await steps[kind](me, this.#pick(this.tenants), this.#pick(ALIASES));
    return fault === null ? null : `${kind} by ${me.namespace} (${me.state}): ${fault}`;
  }

  steps() {
    return {
      mint: (me: Tenant, _: Tenant, alias: string) => this.#mint(me, alias),
      listed: (me: Tenant) => this.listed(me),
      link: (me: Tenant, _: Tenant, alias: string) => this.#link(me, alias),
      unlink: (me: Tenant, _: Tenant, alias: string) => this.#unlink(me, alias),
      keys: (me: Tenant) => this.#keys(me),
      shown: (me: Tenant) => this.#own(me, "GET", "/v1/account"),
      events: (me: Tenant) => this.#own(me, "GET", "/v1/account/events"),
      closed: (me: Tenant, _: Tenant, alias: string) => this.#close(me, alias),
      foreign: (me: Tenant, other: Tenant, alias: string) => this.#foreign(me, other, alias),
      byLink: (me: Tenant, other: Tenant, alias: string) => this.#byLink(me, other, alias),
      suspended: (me: Tenant) => this.#operate(me, "suspend", "suspended"),
      resumed: (me: Tenant) => this.#operate(me, "resume", "live"),
      removed: (me: Tenant) => this.#remove(me),
    };
  }

  /** Its list has its own conversations, all of them and nothing else. */
  async listed(me: Tenant): Promise<string | null> {
    const answer = await ask("GET", `${pathOf(me)}`, me);
    if (me.state !== "live") return refused(answer, me);
    const aliases = answer.json.conversations.map((one: { alias: string }) => one.alias);
    const missed = compare(aliases, [...me.conversations.keys()]);
    return missed ?? foreignIn(answer, [me]);
  }

  async #mint(me: Tenant, alias: string): Promise<string | null> {
    const body = { alias, stream_name: me.marker, metadata: { of: me.marker } };
    const answer = await ask("POST", pathOf(me), me, body);
    if (me.state !== "live") return refused(answer, me);
    if (me.conversations.has(alias)) return is(answer, 409);
    me.conversations.set(alias, new Map([["link_1", tokenOf(answer)]]));
    return is(answer, 201) ?? foreignIn(answer, [me]);
  }

  async #link(me: Tenant, alias: string): Promise<string | null> {
    const name = me.marker;
    const answer = await ask("POST", `${pathOf(me, alias)}/links`, me, { name });
    if (me.state !== "live") return refused(answer, me);
    const links = me.conversations.get(alias);
    if (links === undefined) return is(answer, 404);
    if (answer.status === 403) return answer.json.error === "link_limit" ? null : answer.text;
    links.set(answer.json.link_id, tokenOf(answer));
    return is(answer, 201) ?? foreignIn(answer, [me]);
  }

  async #unlink(me: Tenant, alias: string): Promise<string | null> {
    const links = me.conversations.get(alias);
    const id = links === undefined ? "link_1" : this.#pick([...links.keys(), "link_1"]);
    const answer = await ask("DELETE", `${pathOf(me, alias)}/links/${id}`, me);
    if (me.state !== "live") return refused(answer, me);
    return is(answer, links?.delete(id) === true ? 204 : 404);
  }

  async #keys(me: Tenant): Promise<string | null> {
    const body = { name: me.marker, scopes: ["read"] };
    const made = await ask("POST", "/v1/account/keys", me, body);
    if (me.state !== "live") return refused(made, me);
    if (made.status === 201) me.keys.add(made.json.key_id);
    const mine = await ask("GET", "/v1/account/keys", me);
    const ids = mine.json.keys.map((one: { key_id: string }) => one.key_id);
    // Nobody ends another's key by its id.
    const other = this.#pick(this.tenants);
    const [theirs] = other.keys;
    if (theirs !== undefined && other !== me) {
      const stolen = await ask("DELETE", `/v1/account/keys/${theirs}`, me);
      if (stolen.status !== 404) return `ended another's key: ${stolen.status}`;
    }
    const [oldest = ""] = me.keys;
    await ask("DELETE", `/v1/account/keys/${oldest}`, me);
    const missed = compare(ids, [...me.keys]);
    me.keys.delete(oldest);
    return missed ?? foreignIn(mine, [me]);
  }

  async #close(me: Tenant, alias: string): Promise<string | null> {
    const answer = await ask("DELETE", pathOf(me, alias), me);
    if (me.state !== "live") return refused(answer, me);
    return is(answer, me.conversations.delete(alias) ? 204 : 404);
  }

  /** Every request on another's namespace is refused, and changes nothing there. */
  async #foreign(me: Tenant, other: Tenant, alias: string): Promise<string | null> {
    if (me === other) return null;
    const path = pathOf(other, alias);
    const [method, at] = this.#pick([
      ["GET", pathOf(other)],
      ["POST", pathOf(other)],
      ["GET", path],
      ["DELETE", path],
      ["POST", `${path}/link`],
      ["POST", `${path}/links`],
      ["GET", `${path}/links`],
      ["DELETE", `${path}/links/link_1`],
    ] as const);
    const answer = await ask(method, at, me, method === "POST" ? { alias } : undefined);
    if (me.state !== "live") return refused(answer, me) ?? foreignIn(answer, []);
    return isRefusal(answer) ?? foreignIn(answer, []);
  }

  /** A link shows its conversation to whoever has it, and no more than that. */
  async #byLink(me: Tenant, other: Tenant, alias: string): Promise<string | null> {
    const tokens = [...(other.conversations.get(alias)?.values() ?? [])];
    const stolen = [...(me.conversations.get(alias)?.values() ?? [])];
    const isRight = tokens.length > 0 && this.#random() < 0.5;
    const token = isRight ? this.#pick(tokens) : (stolen[0] ?? "x".repeat(43));
    const answer = await open.ask("GET", `${pathOf(other, alias)}?t=${token}`);
    const opens = other.state !== "deleted" && tokens.includes(token);
    if (!opens) return isRefusal(answer) ?? foreignIn(answer, []);
    return is(answer, 200) ?? foreignIn(answer, [other]);
  }

  async #own(me: Tenant, method: string, path: string): Promise<string | null> {
    const answer = await ask(method, path, me);
    if (me.state !== "live") return refused(answer, me);
    return is(answer, 200) ?? foreignIn(answer, [me]);
  }

  async #operate(me: Tenant, action: string, next: "live" | "suspended"): Promise<string | null> {
    const path = `/operator/v1/accounts/${me.namespace}/${action}`;
    const answer = await open.ask("POST", path, { bearer: admin });
    if (me.state === "deleted") return is(answer, 404);
    me.state = next;
    return is(answer, 200);
  }

  async #remove(me: Tenant): Promise<string | null> {
    const path = `/operator/v1/accounts/${me.account_id}`;
    const body = { confirm: me.namespace };
    const answer = await open.ask("DELETE", path, { bearer: admin, body });
    if (me.state === "deleted") return is(answer, 404);
    me.state = "deleted";
    me.conversations.clear();
    // Another one comes for it, and of those that are gone the latest are still asked for.
    const gone = this.tenants.filter(({ state }) => state === "deleted").slice(-DELETED);
    const others = this.tenants.filter(({ state }) => state !== "deleted");
    this.#made += 1;
    this.tenants = [...gone, ...others, await newTenant(this.#made)];
    return is(answer, 204);
  }

  #pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.#random() * items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }
}

function ask(method: string, path: string, { credential: bearer }: Tenant, body?: unknown) {
  return open.ask(method, path, { bearer, ...(body === undefined ? {} : { body }) });
}

function pathOf({ namespace }: Tenant, alias?: string): string {
  return `/v1/${namespace}/conversations${alias === undefined ? "" : `/${alias}`}`;
}

function tokenOf({ json }: Answer): string {
  return new URL(json.magic_link).searchParams.get("t") ?? "";
}

function is({ status, text }: Answer, wanted: number): string | null {
  return status === wanted ? null : `${wanted} was expected, not ${status} ${text}`;
}

function isRefusal({ status, text }: Answer): string | null {
  return [401, 403, 404].includes(status) ? null : `not refused: ${status} ${text}`;
}

/** What an account that is not live is answered. */
function refused(answer: Answer, { state }: Tenant): string | null {
  if (state === "deleted") return is(answer, 401);
  return is(answer, 403) ?? (answer.json.error === "account_suspended" ? null : answer.text);
}

function compare(seen: readonly string[], wanted: readonly string[]): string | null {
  const [one, other] = [seen, wanted].map((all) => [...all].sort().join(" "));
  return one === other ? null : `saw "${one}" where there is "${other}"`;
}

/** What of the answer belongs to somebody else than these. */
function foreignIn({ text, headers }: Answer, owners: readonly Tenant[]): string | null {
  const own = owners.flatMap(({ marker, account_id }) => [marker, account_id]);
  const all = `${text} ${[...headers.values()].join(" ")}`;
  const foreign = [...all.matchAll(OWNED)]
    .map(([found]) => found)
    .find((one) => !own.includes(one));
  return foreign === undefined ? null : `${foreign} is another's`;
}

/** mulberry32: the same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
