/** One connection of a simulated client, from its connect to its end, with all that it heard. */
import type { ServerFrame, ServerFrameMember } from "@ams/protocol";
import type { Lane } from "./lane.ts";
import type { Close, SimulatedSocket } from "./port.ts";
import type { Process } from "./scheduler.ts";
import type { ConversationTruth } from "./truth.ts";

type MemberOf<Frame, Name> = Frame extends unknown
  ? Name extends keyof Frame
    ? Frame[Name]
    : never
  : never;

/** A frame of the gateway, parsed, with the members of every type that the protocol has. */
export type HeardFrame = { readonly type: ServerFrame["type"] } & {
  readonly [Name in Exclude<ServerFrameMember, "type">]?: MemberOf<ServerFrame, Name> | undefined;
};

export type Heard = { readonly atMs: number; readonly frame: HeardFrame };

export type ConnectionTerms = {
  readonly self: boolean;
  readonly receipts: boolean;
  readonly selective: boolean;
};

export type ConnectionDeps = {
  readonly number: number;
  readonly client: number;
  readonly conversation: number;
  /** The process that it reaches. */
  readonly gateway: Process;
  readonly terms: ConnectionTerms;
  readonly truth: ConversationTruth;
  readonly toGateway: Lane;
  readonly toClient: Lane;
  readonly nowMs: () => number;
  readonly ended: (connection: Connection) => void;
  readonly note: (connection: Connection, frame: HeardFrame) => void;
};

export class Connection {
  readonly deps: ConnectionDeps;
  readonly log: Heard[] = [];
  readonly startedAtMs: number;
  socket: SimulatedSocket | null = null;
  /** Its `joined` frame. */
  joined: Heard | null = null;
  /** The client has ended it, or the gateway has and the client knows. */
  endedAtMs: number | null = null;
  /** How the gateway ended it; null when the client did. */
  close: Close | null = null;
  #sent = 0;
  /** The gateway has let go of it: nothing more can be heard. */
  #silent = false;

  constructor(deps: ConnectionDeps) {
    this.deps = deps;
    this.startedAtMs = deps.nowMs();
  }

  get isOpen(): boolean {
    return this.joined !== null && this.endedAtMs === null;
  }

  get stream(): string {
    return this.joined?.frame.stream_id ?? "";
  }

  get epoch(): number {
    return this.joined?.frame.epoch ?? 0;
  }

  heard(frame: HeardFrame): void {
    if (this.endedAtMs !== null || this.#silent) return;
    const heard = { atMs: this.deps.nowMs(), frame };
    this.log.push(heard);
    this.deps.note(this, frame);
    if (frame.type !== "joined" || this.joined !== null) return;
    this.joined = heard;
    const { truth, number, gateway } = this.deps;
    truth.holds(this.epoch, this.stream, number, gateway, heard.atMs);
  }

  /** Its gateway has taken so many frames of it. */
  emitted(epoch: number, n: number): void {
    this.deps.truth.taken(epoch, n, this.deps.nowMs());
  }

  closedByGateway(close: Close): void {
    if (this.#silent) return;
    this.#silent = true;
    this.deps.toClient.send(() => {
      if (this.endedAtMs !== null) return;
      this.close = close;
      this.#end();
    });
  }

  say(): void {
    const text = this.#nextText();
    this.#send(`{"type":"token","data":"${text}"}`);
  }

  setMetadata(): void {
    this.#send(`{"type":"set_metadata","metadata":{"m":"${this.#nextText()}"}}`);
  }

  /** The client closes it. */
  leave(): void {
    if (this.endedAtMs !== null) return;
    this.deps.toGateway.send(() => this.socket?.closed(null));
    this.#end();
  }

  /** The client is gone without a close; its gateway notices after a while. */
  vanish(noticedAfterMs: number): void {
    if (this.endedAtMs !== null) return;
    this.deps.toGateway.stall(this.deps.nowMs() + noticedAfterMs);
    this.deps.toGateway.send(() => this.socket?.closed(null));
    this.#end();
  }

  #end(): void {
    this.endedAtMs = this.deps.nowMs();
    this.deps.ended(this);
  }

  /**
   * Says where it comes from: conversation, connection, and its place among all that this
   * connection says.
   */
  #nextText(): string {
    this.#sent += 1;
    return `${this.deps.conversation}/${this.deps.number}/${this.#sent}`;
  }

  #send(frame: string): void {
    if (this.endedAtMs !== null) return;
    const bytes = new TextEncoder().encode(frame);
    this.deps.toGateway.send(() => this.socket?.received(bytes.buffer as ArrayBuffer));
  }
}
