/** Which of a conversation's resources an event changes, told to who subscribed to them; once for what comes in one go. */
import type { PushEvent } from "@ams/wrapper";
import { conversationUri } from "./resources.ts";

/** The URIs that read otherwise after this event. */
export function changedBy({ kind, conversationId }: PushEvent): readonly string[] {
  const uri = conversationUri(conversationId);
  const isOfRoster =
    kind === "stream_joined" || kind === "stream_left" || kind === "stream_metadata";
  return isOfRoster || kind === "closed" ? [uri, `${uri}/peers`] : [uri];
}

export class Updates {
  readonly #subscriptions: ReadonlySet<string>;
  readonly #tell: (uri: string) => void;
  readonly #changed = new Set<string>();

  constructor(subscriptions: ReadonlySet<string>, tell: (uri: string) => void) {
    this.#subscriptions = subscriptions;
    this.#tell = tell;
  }

  after(event: PushEvent): void {
    if (this.#subscriptions.size === 0) return;
    const changed = changedBy(event);
    const isWanted = (uri: string) => changed.includes(uri.split("?")[0] ?? "");
    const wanted = [...this.#subscriptions].filter(isWanted);
    if (wanted.length > 0 && this.#changed.size === 0) setImmediate(() => this.#flush());
    for (const uri of wanted) this.#changed.add(uri);
  }

  #flush(): void {
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const uri of changed) this.#tell(uri);
  }
}
