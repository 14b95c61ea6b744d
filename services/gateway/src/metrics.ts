/**
 * What a gateway counts (Prometheus). Labels come from closed sets: no id, name or address is ever
 * one.
 */

import type { CloseReason, FrameFault, GapReason } from "@ams/protocol";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** How a connect ended. */
export type JoinOutcome = "joined" | "resumed" | "client_gone" | CloseReason;

/** Seconds: from a tenth of a millisecond to five seconds. */
const LATENCY_BUCKETS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5,
];

/** One emitted frame in so many is timed: a clock is read twice for it. */
const LOCAL_SAMPLE = 64;

/** What is asked when the metrics are read. */
export type GatewaySizes = {
  readonly connections: () => number;
  readonly conversations: () => number;
};

export class GatewayMetrics {
  #framesIn = 0;
  #bytesIn = 0;
  #framesOut = 0;
  #bytesOut = 0;
  readonly #instruments: ReturnType<typeof createInstruments>;

  constructor(registry: Registry, sizes: GatewaySizes) {
    this.#instruments = createInstruments(registry);
    const registers = [registry];
    const read = (name: string, help: string, value: () => number) => {
      const isTotal = name.endsWith("_total");
      const collect = (metric: Counter | Gauge) => {
        metric.reset();
        metric.inc(value());
      };
      if (isTotal)
        new Counter({
          name,
          help,
          registers,
          collect() {
            collect(this);
          },
        });
      else
        new Gauge({
          name,
          help,
          registers,
          collect() {
            collect(this);
          },
        });
    };
    read("ams_gateway_connections", "Joined connections that are held now.", sizes.connections);
    read(
      "ams_gateway_conversations",
      "Conversations that have a connection here now.",
      sizes.conversations,
    );
    read(
      "ams_gateway_frames_in_total",
      "Token and metadata frames emitted here.",
      () => this.#framesIn,
    );
    read(
      "ams_gateway_bytes_in_total",
      "Bytes of those frames, as they are delivered.",
      () => this.#bytesIn,
    );
    read(
      "ams_gateway_frames_out_total",
      "Frames handed to subscribers' sockets.",
      () => this.#framesOut,
    );
    read("ams_gateway_bytes_out_total", "Bytes of those frames.", () => this.#bytesOut);
  }

  /** A frame was emitted here. */
  received(bytes: number): void {
    this.#framesIn += 1;
    this.#bytesIn += bytes;
  }

  /** A frame was handed to so many sockets. */
  sent(bytes: number, sockets: number): void {
    this.#framesOut += sockets;
    this.#bytesOut += bytes * sockets;
  }

  /** The time of an emission if it is one of those that are sampled, else 0. */
  sampleStart(): number {
    return this.#framesIn % LOCAL_SAMPLE === 0 ? performance.now() : 0;
  }

  sampleEnd(start: number): void {
    if (start !== 0) this.#instruments.local.observe((performance.now() - start) / 1_000);
  }

  published(bytes: number): void {
    this.#instruments.published.inc();
    this.#instruments.publishedBytes.inc(bytes);
  }

  publishLost(): void {
    this.#instruments.publishLost.inc();
  }

  /** A batch that was begun at this time, Unix ms, has come from another gateway. */
  relayed(sentMs: number): void {
    if (!Number.isFinite(sentMs)) return;
    this.#instruments.remote.observe(
      Math.max(0, performance.timeOrigin + performance.now() - sentMs) / 1_000,
    );
  }

  joined(outcome: JoinOutcome): void {
    this.#instruments.joins.inc({ outcome });
  }

  closed(reason: CloseReason): void {
    this.#instruments.closes.inc({ reason });
  }

  fault(reason: FrameFault): void {
    this.#instruments.faults.inc({ reason });
  }

  gap(reason: GapReason): void {
    this.#instruments.gaps.inc({ reason });
  }

  dropped(verdict: "stale" | "fenced" | "early"): void {
    this.#instruments.dropped.inc({ verdict });
  }

  /** A payload of this channel of the bus was not understood. */
  unread(channel: "conversation" | "deployment"): void {
    this.#instruments.unread.inc({ channel });
  }

  backpressured(change: 1 | -1): void {
    this.#instruments.backpressured.inc(change);
  }

  directoryRoundTrip(ms: number): void {
    this.#instruments.roundTrip.observe(ms / 1_000);
  }
}

function createInstruments(registry: Registry) {
  const registers = [registry];
  const counter = (name: string, help: string) => new Counter({ name, help, registers });
  const labelled = <Label extends string>(name: string, help: string, label: Label) =>
    new Counter({ name, help, labelNames: [label], registers });
  const histogram = (name: string, help: string) =>
    new Histogram({ name, help, buckets: LATENCY_BUCKETS, registers });
  return {
    joins: labelled("ams_gateway_joins_total", "Connects by how they ended.", "outcome"),
    closes: labelled("ams_gateway_closes_total", "Connections closed by the gateway.", "reason"),
    faults: labelled(
      "ams_gateway_frame_faults_total",
      "Client frames that were refused.",
      "reason",
    ),
    gaps: labelled("ams_gateway_gaps_total", "Losses that readers were notified of.", "reason"),
    dropped: labelled(
      "ams_gateway_frames_dropped_total",
      "Frames from the bus that were not delivered.",
      "verdict",
    ),
    unread: labelled(
      "ams_gateway_payloads_unread_total",
      "Payloads from the bus that are no event or batch of this version, and were dropped.",
      "channel",
    ),
    published: counter("ams_gateway_batches_published_total", "Batches handed to the bus."),
    publishedBytes: counter("ams_gateway_batch_bytes_published_total", "Bytes of those batches."),
    publishLost: counter(
      "ams_gateway_publishes_lost_total",
      "Batches and events that the bus did not take.",
    ),
    backpressured: new Gauge({
      name: "ams_gateway_backpressured_sockets",
      help: "Slow readers that wait for their close.",
      registers,
    }),
    local: histogram(
      "ams_gateway_emit_to_local_seconds",
      "From a frame's arrival to its publish on this gateway, sampled.",
    ),
    remote: histogram(
      "ams_gateway_emit_to_remote_seconds",
      "From a batch's first frame on another gateway to its arrival here, by both clocks.",
    ),
    roundTrip: histogram(
      "ams_gateway_redis_round_trip_seconds",
      "The directory's answer to a ping.",
    ),
  };
}
