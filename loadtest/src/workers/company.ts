/** Who belongs to one worker of a run: its subscribers, its emitters, and visitors as they come. */
import type { Emitter } from "../emission.ts";
import { type Kind, kindOf } from "../plan.ts";
import { seeded } from "../random.ts";
import { McpReader } from "../readers/mcp-reader.ts";
import { Member } from "../readers/member.ts";
import type { Reader, ReaderOptions } from "../readers/reader.ts";
import { SseReader } from "../readers/sse-reader.ts";
import type { Tally } from "../verify/tally.ts";
import type { Share } from "./messages.ts";

export type CompanyOptions = {
  readonly share: Share;
  readonly tally: Tally;
  readonly visitorTally: Tally;
  readonly now: () => number;
  readonly onLatency: (kind: Kind, latencyUs: number) => void;
};

export class Company {
  readonly #options: CompanyOptions;
  /** By their number over the whole run. */
  readonly subscribers: ReadonlyMap<number, Reader>;
  readonly emitters: readonly Emitter[];

  constructor(options: CompanyOptions) {
    this.#options = options;
    const { plan } = options.share;
    const { conversations, subscribers, emitters, emitOnly, mix, seed } = plan;
    this.subscribers = new Map(
      this.#own(conversations * subscribers).map((number) => {
        const conversation = Math.floor(number / subscribers);
        const kind = kindOf(mix, number % subscribers, subscribers);
        return [number, this.#reader(kind, `s${number}`, conversation, number, true)];
      }),
    );
    const all = conversations * emitters;
    this.emitters = this.#own(all).map((number) => {
      const conversation = Math.floor(number / emitters);
      const about = this.#about("websocket", `e${number}`, conversation, number, true);
      const member = new Member({ ...about, listens: !emitOnly });
      return { member, phase: (number + 0.5) / all, random: seeded(seed + number) };
    });
  }

  get members(): readonly Reader[] {
    return [...this.subscribers.values(), ...this.emitters.map(({ member }) => member)];
  }

  visitor(number: number): Reader {
    const { conversations, mix, visits } = this.#options.share.plan;
    const conversation = number % conversations;
    // Kinds in turn, in the shares of the mix.
    const turn = Math.floor(number / conversations) % 100;
    const kind = visits === null ? "websocket" : kindOf(mix, turn, 100);
    return this.#reader(kind, `v${number}`, conversation, number, false);
  }

  #own(count: number): readonly number[] {
    const { worker, plan } = this.#options.share;
    const first = Array.from({ length: Math.ceil(count / plan.processes) });
    return first.map((_, at) => at * plan.processes + worker).filter((number) => number < count);
  }

  #reader(
    kind: Kind,
    name: string,
    conversation: number,
    number: number,
    fromStart: boolean,
  ): Reader {
    const options = this.#about(kind, name, conversation, number, fromStart);
    switch (kind) {
      case "websocket":
        return new Member(options);
      case "sse":
        return new SseReader(options);
      case "mcp":
        return new McpReader(options);
    }
  }

  #about(
    kind: Kind,
    name: string,
    conversation: number,
    number: number,
    fromStart: boolean,
  ): ReaderOptions {
    const { share, tally, visitorTally, now, onLatency } = this.#options;
    const { links, credential, namePrefix, plan } = share;
    const { sources, origins, payloadBytes, summary } = plan;
    return {
      link: linkTo(links[conversation] ?? "", kind === "websocket" ? origins : [], conversation),
      credential,
      streamName: `${namePrefix}${name}`,
      namePrefix,
      conversation,
      source: sources[number % sources.length] ?? null,
      summary,
      payloadBytes,
      listens: true,
      fromStart,
      tally: fromStart ? tally : visitorTally,
      now,
      onLatency: (latencyUs) => onLatency(kind, latencyUs),
    };
  }
}

/** The link by way of the origin of its conversation, where there are any. */
function linkTo(link: string, origins: readonly string[], conversation: number): string {
  const origin = origins[conversation % origins.length];
  if (origin === undefined) return link;
  const { pathname, search } = new URL(link);
  return new URL(`${pathname}${search}`, origin).href;
}
