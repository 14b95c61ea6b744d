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
import type { Context } from "./subscribe.ts";

export class LiveSession implements Session {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  get id(): string {
    return this.#context.state.name.id;
  }

  get who(): Who {
    return this.#context.who;
  }

  get open(): boolean {
    return !this.#context.state.ended;
  }

  get hasSubscription(): boolean {
    return this.#context.state.hasSubscription;
  }

  join(request: JoinRequest): Promise<Result<Joined>> {
    return this.#during(request, () => join(this.#context, request));
  }

  send(request: SendRequest): Promise<Result<SentText>> {
    return this.#during(request, () => say(this.#context, request));
  }

  recv(request: RecvRequest): Promise<Result<Received>> {
    return this.#during(request, () => recv(this.#context, request));
  }

  recvMessages(request: MessagesRequest): Promise<Result<ReceivedMessages>> {
    return this.#during(request, () => recvMessages(this.#context, request));
  }

  setMetadata(request: MetadataRequest): Promise<Result<Sent>> {
    return this.#during(request, () =>
      emit(this.#context, request, (connection, signal) =>
        connection.setMetadata(request.metadata, { signal }),
      ),
    );
  }

  peers(target: Target): Promise<Result<Roster>> {
    return this.#during(target, () => roster(this.#context, target));
  }

  leave(target: Target): Promise<Result<Named>> {
    return this.#during(target, () => leave(this.#context, target));
  }

  pending(options: PendingOptions = {}): Pending {
    return pending(this.#context, options);
  }

  listen(
    listener: Listener,
    options: ListenOptions = {},
  ): Result<{ readonly listening: Listening }> {
    return listen(this.#context, listener, options);
  }

  end({ leaveWire = false }: { readonly leaveWire?: boolean } = {}): void {
    if (!this.open) return;
    const { state } = this.#context;
    const held = state.holds
      .map(({ subscription }) => subscription)
      .filter(({ holder }) => holder === state);
    state.end("session_ended");
    if (leaveWire)
      for (const subscription of held) this.#context.subscriptions.retire(subscription);
    this.#context.forget();
  }

  /** A call keeps the session live for as long as it takes. */
  async #during<Value>(
    { signal }: Target,
    call: () => Promise<Result<Value>>,
  ): Promise<Result<Value>> {
    if (!this.open) return failure("session_ended");
    if (signal?.aborted) return failure("aborted");
    const { state, limits } = this.#context;
    if (state.calls >= limits.callsPerSession) return failure("too_many_calls");
    const done = state.begin();
    try {
      return await call();
    } finally {
      done();
    }
  }
}
