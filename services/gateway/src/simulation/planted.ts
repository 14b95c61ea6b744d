/**
 * Faults that are planted to see that the checker catches each by its name. They change what
 * surrounds the gateways, never the gateways: what comes by the bus, what the directory does, what
 * sockets hear.
 */
import type { Claim, Directory } from "@ams/directory";
import { BATCH_VERSION } from "../bus/batch.ts";
import type { Bus } from "../bus/bus.ts";
import type { PortFaults } from "./port.ts";
import type { FaultKind } from "./steps.ts";
import type { Tamper } from "./store-server.ts";
import type { ViolationKind } from "./violation.ts";

export type Planted = {
  readonly tamper?: Tamper;
  readonly port?: PortFaults;
  readonly directory?: (directory: Directory, gateway: number) => Directory;
  readonly bus?: (bus: Bus) => Bus;
};

export type PlantedFault = {
  readonly what: string;
  /** By what name it must be caught. */
  readonly caughtAs: ViolationKind;
  /** The faults that it needs to show itself. */
  readonly faults: readonly FaultKind[];
  /** Made anew for each history. */
  readonly plant: () => Planted;
};

export const PLANTED: Readonly<Record<string, PlantedFault>> = {
  dropped: {
    what: "one payload in 40 does not arrive, and nobody knows",
    caughtAs: "gap_without_fault",
    faults: [],
    plant: () => {
      const now = every(40);
      return { tamper: ({ channel }, payload) => (now() ? [] : [{ channel, payload }]) };
    },
  },
  swapped: {
    what: "two frames change places on their way to the sockets",
    caughtAs: "order",
    faults: [],
    plant: () => ({ port: { swap: every(20) } }),
  },
  doubled: {
    what: "a frame reaches the sockets twice",
    caughtAs: "order",
    faults: [],
    plant: () => ({ port: { double: every(20) } }),
  },
  echo: {
    what: "an emitter is not left out of its own stream",
    caughtAs: "echo",
    faults: [],
    plant: () => ({ port: { echo: every(10) } }),
  },
  ghost: {
    what: "a stream_left does not reach the sockets",
    caughtAs: "roster_differs",
    faults: [],
    plant: () => ({ port: { ghost: every(3) } }),
  },
  unfenced: {
    what: "the gateway of the old holder never hears of a takeover",
    caughtAs: "two_holders",
    faults: [],
    plant: withoutTakeovers,
  },
  endless: {
    what: "after an interruption nobody says how far a stream has come",
    caughtAs: "silent_loss",
    faults: ["cut", "restart"],
    plant: () => ({ tamper: withoutEnds }),
  },
  foreign: {
    what: "one frame in ten reaches the sockets of another conversation too",
    caughtAs: "foreign",
    faults: [],
    plant: () => ({ port: { cross: every(10) } }),
  },
  unsent: {
    what: "the bus says that it took a batch and did not",
    caughtAs: "false_receipt",
    faults: [],
    plant: () => ({ bus: forgetful(every(5)) }),
  },
  kept: {
    what: "the directory never releases a quota slot",
    caughtAs: "leaked",
    faults: [],
    plant: () => ({ directory: withoutRelease }),
  },
};

/** True at each n-th time. */
function every(n: number): () => boolean {
  let count = 0;
  return () => {
    count += 1;
    return count % n === 0;
  };
}

function isBatch(payload: Buffer): boolean {
  return payload[0] === BATCH_VERSION;
}

/** Takeovers are announced to every gateway but the one that holds the stream until then. */
function withoutTakeovers(): Planted {
  const numbers = new Map<string, number>();
  return {
    directory: (directory, number) =>
      new Proxy(directory, {
        get(target, name) {
          if (name !== "claim") return Reflect.get(target, name);
          return (claim: Claim) => {
            numbers.set(claim.gateway, number);
            return target.claim(claim);
          };
        },
      }),
    tamper: (to, payload) => {
      const own = [{ channel: to.channel, payload }];
      if (isBatch(payload) || !payload.includes('"claimed"')) return own;
      const { entry, displaced } = JSON.parse(payload.toString());
      if (displaced === null || displaced.gateway === entry.gateway) return own;
      return numbers.get(displaced.gateway) === to.gateway ? [] : own;
    },
  };
}

function withoutEnds(to: { readonly channel: string }, payload: Buffer) {
  const own = { channel: to.channel, payload };
  if (isBatch(payload)) return [own];
  return payload.includes('"kind":"tail"') ? [] : [own];
}

function forgetful(now: () => boolean): (bus: Bus) => Bus {
  return (bus) =>
    new Proxy(bus, {
      get(target, name) {
        if (name === "publish")
          return (channel: string, payload: Buffer) =>
            isBatch(payload) && now() ? Promise.resolve(true) : target.publish(channel, payload);
        const member: unknown = Reflect.get(target, name);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
}

function withoutRelease(directory: Directory): Directory {
  return new Proxy(directory, {
    get(target, name) {
      if (name === "release") return () => Promise.resolve();
      if (name === "letGo") return () => Promise.resolve();
      return Reflect.get(target, name);
    },
  });
}
