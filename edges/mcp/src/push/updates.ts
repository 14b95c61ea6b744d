/**
 * Which of a conversation's resources an event changes, told to who subscribed to them; once for
 * what comes in one go.
 */
import type { PushEvent } from "@ams/edge";
import { conversationUri } from "../server/resources.ts";

/** The member of `_meta` that brings the event itself, of an update in the stateless era. */
export const NOTICE_KEY = "ams/notice";

/** The seat that heard an event. */
export type Heard = { readonly streamName: string };

/**
 * The URIs that read otherwise after this event, plain and with the name of the seat that heard it.
 */
export function changedBy(
  { kind, conversationId }: PushEvent,
  { streamName }: Heard,
): readonly string[] {
  const uri = conversationUri(conversationId);
  const isOfRoster =
    kind === "stream_joined" || kind === "stream_left" || kind === "stream_metadata";
  const plain = isOfRoster || kind === "closed" ? [uri, `${uri}/peers`] : [uri];
  return plain.flatMap((one) => [one, `${one}?stream_name=${streamName}`]);
}

export class Updates {
  readonly #subscriptions: ReadonlySet<string>;
  readonly #tell: (uri: string) => void;
  readonly #changed = new Set<string>();

  constructor(subscriptions: ReadonlySet<string>, tell: (uri: string) => void) {
    this.#subscriptions = subscriptions;
    this.#tell = tell;
  }

  after(event: PushEvent, seat: Heard): void {
    if (this.#subscriptions.size === 0) return;
    const wanted = changedBy(event, seat).filter((uri) => this.#subscriptions.has(uri));
    if (wanted.length > 0 && this.#changed.size === 0) setImmediate(() => this.#flush());
    for (const uri of wanted) this.#changed.add(uri);
  }

  #flush(): void {
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const uri of changed) this.#tell(uri);
  }
}
