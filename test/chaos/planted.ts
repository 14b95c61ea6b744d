/**
 * Faults that are planted in a gateway, to see that the checker catches each by its name: edits of
 * its compiled modules, made while they are loaded (`planted-gateway.ts`). No program has them.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../repository-root.ts";
import type { ViolationKind } from "./check.ts";

/** `from` stands exactly once in the compiled file. */
export type Edit = { readonly file: string; readonly from: string; readonly to: string };

export type PlantedFault = {
  readonly what: string;
  /** By one of these names it must be caught. */
  readonly caughtAs: readonly ViolationKind[];
  readonly edits: readonly Edit[];
  /** It shows itself only where Redis ends subscriptions, in a log, or in a longer run. */
  readonly needs?: "cuts" | "log" | "time";
};

const GATEWAY = "services/gateway/dist";
const AUDIENCE = `${GATEWAY}/conversation/audience.js`;
const ROSTER = `${GATEWAY}/conversation/roster.js`;
const TAKEOVERS = `${GATEWAY}/conversation/takeovers.js`;
const REDIS_LOG = "libs/log/dist/redis/redis-log.js";

/** A count of the process, in an expression. */
const count = (name: string) => `(globalThis.${name} = (globalThis.${name} ?? 0) + 1)`;

const DELIVER = "from.publish(this.#all, frame, all);";
const NOTIFY_GAP = "#notifyGapBefore(stream, n) {";
const DISPLACE = "displaceHere(displaced, by) {";

export const PLANTED: Readonly<Record<string, PlantedFault>> = {
  dropped: {
    what: "one frame in 10,000 is not delivered, and nobody knows",
    caughtAs: ["silent_loss"],
    needs: "time",
    edits: [
      {
        file: AUDIENCE,
        from: DELIVER,
        to: `if (${count("plantedFrames")} % 10_000 > 0) ${DELIVER}`,
      },
    ],
  },
  swapped: {
    what: "what was emitted in one turn is delivered here in the opposite order",
    caughtAs: ["order", "silent_loss"],
    edits: [
      {
        file: `${GATEWAY}/bus/relay.js`,
        from: "for (const one of emitted)",
        to: "for (const one of emitted.reverse())",
      },
    ],
  },
  doubled: {
    what: "one frame in 1,000 is delivered twice",
    caughtAs: ["order"],
    edits: [
      {
        file: AUDIENCE,
        from: DELIVER,
        to: `${DELIVER} if (${count("plantedFrames")} % 1_000 === 0) ${DELIVER}`,
      },
    ],
  },
  echo: {
    what: "an emitter is not left out of its own stream",
    caughtAs: ["echo"],
    edits: [
      {
        file: AUDIENCE,
        from: "if (socket === null || subscription.self !== null)",
        to: "if (true)",
      },
    ],
  },
  ghost: {
    what: "readers are not notified of a leave",
    caughtAs: ["roster_differs", "frames_outside_roster", "malformed"],
    edits: [
      {
        file: ROSTER,
        from: "this.#notifyLeft(stream, ts, last);",
        to: "",
      },
    ],
  },
  "old-epoch": {
    what: "the earlier holder of a stream goes on for 100 ms, and nothing fences its frames",
    caughtAs: ["old_epoch", "order"],
    edits: [
      {
        file: TAKEOVERS,
        from: 'sessions.expel(session, "stream_displaced");',
        to: 'setTimeout(() => sessions.expel(session, "stream_displaced"), 100);',
      },
      { file: ROSTER, from: 'before.claim = "ended";', to: "" },
      { file: ROSTER, from: "yielded(epoch, n) {", to: "yielded(epoch, n) { return;" },
      {
        file: ROSTER,
        from: "if (stream === undefined || !hasEmittedSince(stream))",
        to: "if (true)",
      },
    ],
  },
  stale: {
    what: "a gateway does not hear that its stream was taken over, and writes on",
    caughtAs: ["two_holders", "old_epoch", "frames_outside_roster"],
    edits: [
      { file: TAKEOVERS, from: DISPLACE, to: `${DISPLACE} return false;` },
      {
        file: `${GATEWAY}/conversation/hold.js`,
        from: 'return claim === "held" && ',
        to: "return ",
      },
      {
        file: `${GATEWAY}/conversation/session.js`,
        from: 'if (this.stream.claim === "ended") {',
        to: "if (false) {",
      },
    ],
  },
  deaf: {
    what: "a subscription that Redis has ended is not made again",
    caughtAs: ["deaf", "roster_differs"],
    needs: "cuts",
    edits: [
      {
        file: "libs/store/dist/redis/subscriber-plain.js",
        from: "await this.#listen(wanted);",
        to: "",
      },
    ],
  },
  leaked: {
    what: "a gateway does not unsubscribe from a conversation that everybody has left",
    caughtAs: ["leaked"],
    edits: [
      {
        file: `${GATEWAY}/conversation/conversations.js`,
        from: "this.#bus.unsubscribe(conversation.channel);",
        to: "",
      },
    ],
  },
  "unsaid-gap": {
    what: "frames are lost between gateways, and the gap is seen but not said",
    caughtAs: ["silent_loss"],
    edits: [
      { file: ROSTER, from: NOTIFY_GAP, to: `${NOTIFY_GAP} return;` },
      {
        file: `${GATEWAY}/conversation/remote-frames.js`,
        from: 'if (kind === "stream_left")\n            return;\n        const { deps, roster } = this.#parts;\n        const looked',
        to: `if (kind === "stream_left" || ${count("plantedFrames")} % 500 === 0)\n            return;\n        const { deps, roster } = this.#parts;\n        const looked`,
      },
    ],
  },
  "short-catch-up": {
    what: "catching up ends at the first full page, as if the log ended there",
    caughtAs: ["log_differs"],
    needs: "log",
    edits: [
      {
        file: `${GATEWAY}/replay/follower.js`,
        from: "const fits = page.isEnd && bytes",
        to: "const fits = bytes",
      },
    ],
  },
  trimmed: {
    what: "a log is trimmed to 2 kB, and nothing shows that something is missing",
    caughtAs: ["log_differs", "silent_loss"],
    needs: "log",
    edits: [
      {
        file: REDIS_LOG,
        from: "terms.ttl_s, terms.max_bytes",
        to: "terms.ttl_s, 2_000",
      },
      {
        file: REDIS_LOG,
        from: "removedTo: removed.ms === 0 ? null : removed",
        to: "removedTo: null",
      },
    ],
  },
};

/** What is wrong with the edits as the modules are now: a planted fault that plants nothing. */
export function staleEdits({ edits }: PlantedFault): readonly string[] {
  return edits.flatMap(({ file, from }) => {
    const source = readFileSync(join(repositoryRoot(), file), "utf8");
    const found = source.split(from).length - 1;
    return found === 1 ? [] : [`${file} has ${found} times: ${from}`];
  });
}

/** The options of a cluster whose gateways have this fault. */
export function plantedCluster({ edits }: PlantedFault) {
  return {
    gatewayMain: join(repositoryRoot(), "test", "dist", "chaos", "planted-gateway.js"),
    env: { AMS_PLANTED_EDITS: JSON.stringify(edits) },
  };
}
