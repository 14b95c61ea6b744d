/**
 * Which of a conversation's resources an event changes, for who subscribed to them; once for
 * what comes in one go.
 */
import type { PushEvent } from "@ams/edge";
import { readConversationUri } from "../server/resources.ts";

/** The member of `_meta` that brings the event itself, of an update in the stateless era. */
export const NOTICE_KEY = "ams/notice";

/** The subscription that heard an event. */
export type Heard = { readonly streamName: string; readonly handle: string };

/** Whether what a URI shows is otherwise after this event, for the subscription that heard it. */
export function isChanged(uri: string, { kind, conversationId }: PushEvent, heard: Heard): boolean {
  const read = readConversationUri(uri);
  if (read === null || read.conversationId !== conversationId) return false;
  if (read.streamName !== null && read.streamName !== heard.streamName) return false;
  if (read.handle !== null && read.handle !== heard.handle) return false;
  return !read.isPeers || ROSTER_KINDS.has(kind);
}

const ROSTER_KINDS: ReadonlySet<PushEvent["kind"]> = new Set([
  "stream_joined",
  "stream_left",
  "stream_metadata",
  "closed",
]);

export class Updates {
  readonly #subscriptions: ReadonlySet<string>;
  readonly #notify: (uri: string) => void;
  readonly #changed = new Set<string>();

  constructor(subscriptions: ReadonlySet<string>, notify: (uri: string) => void) {
    this.#subscriptions = subscriptions;
    this.#notify = notify;
  }

  after(event: PushEvent, subscription: Heard): void {
    if (this.#subscriptions.size === 0) return;
    const wanted = [...this.#subscriptions].filter((uri) => isChanged(uri, event, subscription));
    if (wanted.length > 0 && this.#changed.size === 0) setImmediate(() => this.#flush());
    for (const uri of wanted) this.#changed.add(uri);
  }

  #flush(): void {
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const uri of changed) this.#notify(uri);
  }
}
