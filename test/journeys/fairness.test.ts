/**
 * Fairness between tenants (§2.1.6, §4.4.3, §4.4.4, §4.4.6): one attacker sends every kind of frame
 * and of request within its limits, one after the other, while a victim's two agents exchange
 * tokens and ask control.
 *
 * The victim's delays are compared with its own, measured in the same run between the attacks.
 * The aim is a 99th percentile of three times as much. What is asserted is wider, since gateway,
 * control, Redis, attacker and victim share the cores with whatever else runs there: a burst of 25
 * MB takes 60 ms of two idle cores and five times as long on busy ones, where a quiet exchange does
 * not. An attack that is over the limit is repeated twice; a broker that is held up is so each
 * time. The limit hides none of what was found: thirty frames held a gateway up for 8 s, twenty
 * bodies control for 3 s, pings of fourteen guests a standalone for 1 s, eleven bodies its mail for
 * 3 s.
 *
 * What the attacker asked is compared with the operations of control, the route table and the
 * parameters of a connect: one that no attack asks fails the journey.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join as joinPath } from "node:path";
import { CONNECT_PARAMETERS } from "@ams/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { edgeNames } from "../cluster.ts";
import { type Account, createAccount, http, mint, speakTo } from "../conformance/driver.ts";
import { join, type Subscriber } from "../conformance/subscriber.ts";
import { repositoryRoot } from "../repository-root.ts";
import { type Standalone, startStandalone } from "../standalone.ts";
import { attacksOn, type Outcome, type Target } from "./fairness-attacks.ts";
import { gatewayOf, inCluster, onRedis } from "./journey.ts";

type Row = { readonly service: string; readonly paths: string[]; readonly methods?: string[] };
const { ROUTES }: { ROUTES: readonly Row[] } = await import(
  joinPath(repositoryRoot(), "services/standalone/src/routes.ts")
);

/**
 * Times by which the 99th percentile may grow, and the milliseconds below which it isn't compared.
 */
const GROWTH_MAX = 15;
const FLOOR_MS = 300;
const ATTEMPTS_MAX = 3;

/**
 * Exchanges in each measurement at least: its 99th percentile is then no longer its slowest one.
 */
const EXCHANGES_MIN = 100;

/** Attacks between two measurements of the quiet victim. */
const QUIET_EACH = 6;

/** Exchanges between two questions to control. */
const ASK_EACH = 10;

/** The limits of a deployment by default, where a cluster for tests has others. */
const DEFAULTS = {
  AMS_STREAMS_PER_ACCOUNT: "10",
  AMS_SUBSCRIBERS_PER_CONVERSATION: "100",
  AMS_ACCOUNTS_PER_MINUTE: "120",
  AMS_MINTS_PER_MINUTE: "600",
  AMS_FRAMES_PER_SECOND: "20000",
  AMS_BYTES_PER_SECOND: "33554432",
  AMS_ADDRESS_CPU_MS_PER_SECOND: "250",
  AMS_ACCOUNT_CPU_MS_PER_SECOND: "500",
};

onRedis("one gateway and control, limited as by default", () => {
  const cluster = inCluster({ gateways: 1, env: DEFAULTS });
  attackedBy([], () => {
    return { control: cluster().control.url, gateway: gatewayOf(cluster(), 0).url };
  });
});

describe("a standalone, limited as by default", () => {
  let standalone: Standalone | null = null;
  beforeAll(async () => {
    standalone = await startStandalone({
      ...DEFAULTS,
      AMS_TRUST_PROXY: "true",
      AMS_OAUTH: "on",
    });
    speakTo({ control: standalone.url, gateways: [standalone.url] });
  });
  afterAll(() => standalone?.stop());
  attackedBy(edgeNames(), () => {
    const services = ["control", "gateway", ...edgeNames()];
    return Object.fromEntries(services.map((name) => [name, standalone?.url ?? ""]));
  });
});

/** The journey against a deployment with these edges, and where each service of it is. */
function attackedBy(edges: readonly string[], services: () => Target["at"]): void {
  let attacker: ChildProcess | null = null;
  let target: Target;
  let ann: Account;
  const asked = new Set<string>();
  const quiet: number[] = [];
  let attacks = 0;
  beforeAll(async () => {
    const path = joinPath(repositoryRoot(), "test/journeys/fairness-attacker.ts");
    attacker = fork(path, { execArgv: ["--import", "tsx"] });
    target = await openTarget(services());
    ann = await createAccount();
  });
  afterAll(() => attacker?.kill());

  const attackBy = async (name: string): Promise<Outcome["met"]> => {
    attacker?.send({ name, target });
    const [outcome]: Outcome[] = attacker === null ? [] : await once(attacker, "message");
    for (const one of outcome?.asked ?? []) asked.add(one);
    return outcome?.met ?? {};
  };

  test.each(attacksOn(edges))(
    "§4.4.4 another tenant is served nearly as before while one attacker sends within its limits: %s",
    async (name) => {
      const victim = await openVictim(ann);
      if (attacks === 0) await victim.measure(Promise.resolve()); // Whatever has to warm up.
      if (attacks % QUIET_EACH === 0) quiet.push(await victim.measure(Promise.resolve()));
      attacks += 1;
      const limitMs = Math.max(FLOOR_MS, GROWTH_MAX * median(quiet));
      const tried: string[] = [];
      for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
        const attacking = attackBy(name);
        const p99 = await victim.measure(attacking);
        victim.expectUndisturbed();
        if (p99 <= limitMs) return;
        tried.push(`${p99} ms, met ${JSON.stringify(await attacking)}`);
      }
      expect.fail(`the limit is ${limitMs} ms: ${tried.join("; ")}`);
    },
  );

  test("every operation, route and parameter of a connect was in an attack", async () => {
    expect(await notAsked(asked, Object.keys(target.at))).toEqual([]);
  });
}

/** Operations of control, rows of the route table and parameters of connects without an attack. */
async function notAsked(asked: ReadonlySet<string>, services: readonly string[]) {
  const { json } = await http("GET", "/openapi.json");
  const paths: Record<string, object> = Object(json).paths;
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `control ${method.toUpperCase()} ${path}`),
  );
  const rows = ROUTES.filter(({ service }) => services.includes(service)).flatMap((row) =>
    row.paths.map((path) => `${row.service} ${(row.methods ?? ["*"])[0]} ${path}`),
  );
  const parameters = Object.values(CONNECT_PARAMETERS).map(({ query }) => `connect ${query}`);
  return [...operations, ...rows, ...parameters].filter(
    (wanted) => ![...asked].some((one) => isOf(wanted, one)),
  );
}

/** By words, and a path by its segments: `*` and `{…}` are any one, `**` the rest. */
function isOf(wanted: string, given: string): boolean {
  const [words, others] = [wanted.split(" "), given.split(" ")];
  const isSame = (part: string, other = "") => /^(?:\*|\{.*\})$/.test(part) || part === other;
  const segments = (words[2] ?? "").split("/");
  const otherSegments = (others[2] ?? "").split("/");
  const isOpen = segments.at(-1) === "**";
  return (
    words[0] === others[0] &&
    isSame(words[1] ?? "", others[1]) &&
    (isOpen || segments.length === otherSegments.length) &&
    segments.every((part, index) => part === "**" || isSame(part, otherSegments[index]))
  );
}

async function openTarget(at: Target["at"]): Promise<Target> {
  const mallory = await createAccount();
  const { magic_link, alias } = await mint(mallory);
  const replay = { ttl_s: 600, max_bytes: 67_108_864 };
  const kept = await mint(mallory, { replay });
  const { namespace, credential } = mallory;
  return { at, magicLink: magic_link, kept: kept.magic_link, namespace, alias, credential };
}

/** Two agents that exchange tokens, and ask control for their account. */
async function openVictim(ann: Account) {
  const minted = await mint(ann);
  const one = await join(minted, { as: ann, name: "one" });
  const other = await join(minted, { as: ann, name: "other" });
  let count = 0;
  const exchange = async (from: Subscriber, to: Subscriber) => {
    count += 1;
    from.say(`${count}`);
    await to.token(`${count}`);
  };
  /** The 99th percentile of their delays, in milliseconds, until this is over. */
  const measure = async (until: Promise<unknown>): Promise<number> => {
    const waits: number[] = [];
    let isOver = false;
    void until.then(() => {
      isOver = true;
    });
    while (!isOver || waits.length < EXCHANGES_MIN) {
      const began = performance.now();
      if (waits.length % ASK_EACH === 0)
        await http("GET", "/v1/account", { bearer: ann.credential, attempts: 1 });
      else await exchange(...(count % 2 === 0 ? ([one, other] as const) : ([other, one] as const)));
      waits.push(performance.now() - began);
    }
    return percentile99(waits);
  };
  const expectUndisturbed = () => {
    for (const agent of [one, other]) {
      expect(agent.endedByBroker).toBeNull();
      expect(agent.frames.filter(({ type }) => type === "stream_left" || type === "x_gap")).toEqual(
        [],
      );
    }
  };
  return { measure, expectUndisturbed };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

function percentile99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? 0;
}
