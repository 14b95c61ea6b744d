/** A session for one request: what the contract promises, each call done in a file of its own. */

import { failure } from "../checks/faults.ts";
import type { Listener, Listening, ListenOptions, Result, Session, Who } from "../contract.ts";
import { listen } from "../subscriptions/listen.ts";
import { pending } from "../subscriptions/pending.ts";
import { recv, recvMessages } from "../subscriptions/recv.ts";
import { roster } from "../subscriptions/roster.ts";
import { join } from "./join.ts";
import { leave } from "./leave.ts";
import type {
  Joined,
  JoinRequest,
  MessagesRequest,
  MetadataRequest,
  Named,
  Pending,
  PendingOptions,
  Received,
  ReceivedMessages,
  RecvRequest,
  Roster,
  SendRequest,
  Sent,
  SentText,
  Target,
} from "./requests.ts";
import { emit, say } from "./send.ts";
import type { Room } from "./sit.ts";

export class LiveSession implements Session {
  readonly #room: Room;

  constructor(room: Room) {
    this.#room = room;
  }

  get id(): string {
    return this.#room.state.name.id;
  }

  get who(): Who {
    return this.#room.who;
  }

  get open(): boolean {
    return !this.#room.state.ended;
  }

  get seated(): boolean {
    return this.#room.state.hasSeat;
  }

  join(request: JoinRequest): Promise<Result<Joined>> {
    return this.#during(request, () => join(this.#room, request));
  }

  send(request: SendRequest): Promise<Result<SentText>> {
    return this.#during(request, () => say(this.#room, request));
  }

  recv(request: RecvRequest): Promise<Result<Received>> {
    return this.#during(request, () => recv(this.#room, request));
  }

  recvMessages(request: MessagesRequest): Promise<Result<ReceivedMessages>> {
    return this.#during(request, () => recvMessages(this.#room, request));
  }

  setMetadata(request: MetadataRequest): Promise<Result<Sent>> {
    return this.#during(request, () =>
      emit(this.#room, request, (connection, signal) =>
        connection.setMetadata(request.metadata, { signal }),
      ),
    );
  }

  peers(target: Target): Promise<Result<Roster>> {
    return this.#during(target, () => roster(this.#room, target));
  }

  leave(target: Target): Promise<Result<Named>> {
    return this.#during(target, () => leave(this.#room, target));
  }

  pending(options: PendingOptions = {}): Pending {
    return pending(this.#room, options);
  }

  listen(
    listener: Listener,
    options: ListenOptions = {},
  ): Result<{ readonly listening: Listening }> {
    return listen(this.#room, listener, options);
  }

  end({ leaveWire = false }: { readonly leaveWire?: boolean } = {}): void {
    if (!this.open) return;
    const { state } = this.#room;
    const held = state.holds.map(({ seat }) => seat).filter(({ holder }) => holder === state);
    state.end("session_ended");
    if (leaveWire) for (const seat of held) this.#room.seats.retire(seat);
    this.#room.forget();
  }

  /** A call keeps the session live for as long as it takes. */
  async #during<Value>(
    { signal }: Target,
    call: () => Promise<Result<Value>>,
  ): Promise<Result<Value>> {
    if (!this.open) return failure("session_ended");
    if (signal?.aborted) return failure("aborted");
    const { state, limits } = this.#room;
    if (state.calls >= limits.callsPerSession) return failure("too_many_calls");
    const done = state.begin();
    try {
      return await call();
    } finally {
      done();
    }
  }
}
