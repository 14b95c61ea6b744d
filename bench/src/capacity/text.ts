/** A computed deployment as a table in Markdown, for a terminal and for docs/CAPACITY.md. */
import type { Costs } from "./costs.ts";
import { type Load, type Needs, SHARDS_MAX } from "./model.ts";
import type { Simulated } from "./simulate.ts";

export type Column = {
  readonly load: Load;
  readonly needs: Needs;
  /** Null when it was not asked for. */
  readonly simulated: Simulated | null;
};

const PLACEMENT = {
  anywhere: "members anywhere",
  together: "members of a conversation together",
} as const;

/** One column for each placement. */
export function tableOf(columns: readonly Column[]): string {
  const head = ["", ...columns.map(({ load }) => PLACEMENT[load.placement])];
  const rows = [
    ["gateways that hold a conversation", ...columns.map(({ needs }) => some(needs.spread))],
    ["CPU of emission, with the first reader", ...columns.map((one) => cores(one, "emission"))],
    ["CPU of all other deliveries", ...columns.map((one) => cores(one, "delivery"))],
    ["CPU of joins", ...columns.map((one) => cores(one, "join"))],
    ["**gateways** (one core each)", ...columns.map(({ needs }) => `**${count(needs.gateways)}**`)],
    [
      "connections per gateway",
      ...columns.map(({ needs }) => count(round(needs.connectionsPerGateway))),
    ],
    ["memory in user space, all gateways", ...columns.map(({ needs }) => bytes(needs.memoryBytes))],
    ["Redis CPU", ...columns.map(({ needs }) => `${some(needs.redisCores)} cores`)],
    ["**Redis shards**", ...columns.map(({ needs }) => `**${shards(needs.shards)}**`)],
    ["out of Redis", ...columns.map(({ needs }) => `${bytes(needs.redisBytesPerSecond)}/s`)],
    [
      "out of the gateways",
      ...columns.map(({ needs }) => `${bytes(needs.readerBytesPerSecond)}/s`),
    ],
    ...simulatedRows(columns),
  ];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|---|${columns.map(() => "--:|").join("")}`, ...rows.map(line)].join("\n");
}

/** The load and the costs in sentences. */
export function aboutOf({ load, needs }: Column, costs: Costs): string {
  const { measured, assumed } = costs;
  const per = some(needs.membersPerConversation);
  return [
    `${count(load.conversations)} conversations of ${per} members, ${count(load.connections)} connections;`,
    `${count(load.tokensPerSecond)} tokens/s of ${load.tokenBytes} bytes, each alone on its way, so`,
    `${count(round(needs.deliveriesPerSecond))} deliveries/s; ${count(round(load.joinsPerSecond))} joins/s;`,
    `${Math.round(load.free * 100)} % of every core is kept free. Unit costs: ${measured.machine},`,
    `${measured.date}, commit \`${measured.commit}\`, ${measured.by}. ${assumed.why}`,
  ].join(" ");
}

function simulatedRows(columns: readonly Column[]): readonly (readonly string[])[] {
  const all = columns.flatMap(({ simulated }) => simulated ?? []);
  if (all.length !== columns.length) return [];
  const row = (name: string, of: (one: Simulated) => string) => [name, ...all.map(of)];
  return [
    row("simulated: a gateway's core is busy, a shard's", (one) => {
      return `${percent(one.gatewayBusy)}, ${percent(one.redisBusy)}`;
    }),
    row("token to readers of the same gateway, p50 · p99 · p99.9", ({ same }) => three(same)),
    row("token to readers of other gateways", ({ across }) =>
      across === null ? "–" : three(across),
    ),
    row("a join", ({ joining }) => (joining === null ? "–" : three(joining))),
    row("a gateway dies: connections that come back", ({ death }) => count(death.connections)),
    row("half, 99 %, all of them are back after", ({ death }) =>
      [death.halfBack_s, death.mostBack_s, death.allBack_s].map(seconds).join(" · "),
    ),
    row("tokens on the other gateways meanwhile", ({ death }) => three(death.tokens)),
    row("a Redis shard fails over: its outage", ({ failover }) => seconds(failover.outage_s)),
    row("joins that wait for it", ({ failover }) => count(failover.joinsWaiting)),
    row("the last of them has joined after", ({ failover }) => seconds(failover.recovered_s)),
    row("tokens that don't cross, reported by gaps", ({ failover }) => {
      return count(failover.tokensGapped);
    }),
  ];
}

function cores({ needs }: Column, which: "emission" | "delivery" | "join"): string {
  return `${some(needs[`${which}Cores`])} cores`;
}

function shards(needed: number): string {
  return needed > SHARDS_MAX ? `${count(needed)}, more than ${SHARDS_MAX}` : count(needed);
}

function three({ p50, p99, p999 }: Simulated["same"]): string {
  return [p50, p99, p999].map((us) => seconds(us / 1e6)).join(" · ");
}

function seconds(value: number): string {
  if (value < 0.001) return `${round(value * 1e6)} µs`;
  return value < 1 ? `${some(value * 1_000)} ms` : `${some(value)} s`;
}

function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const step = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(value || 1) / 3)));
  return `${some(value / 1_000 ** step)} ${units[step]}`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** Two digits that mean something. */
function some(value: number): string {
  return value >= 100 ? count(round(value)) : String(Number(value.toPrecision(2)));
}

/** Three digits that mean something. */
function round(value: number): number {
  return Number(value.toPrecision(3));
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
