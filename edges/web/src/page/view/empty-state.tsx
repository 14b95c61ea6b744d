/** What a conversation without messages shows: how to bring somebody in, or who is here already. */
import { nameOf, speakerOf } from "../model/speaker.ts";
import type { Subscriber } from "../wire/subscriber.ts";
import type { Shown } from "./conversation-dialog.tsx";
import { CopyButton } from "./copy-button.tsx";

type Props = {
  readonly subscriber: Subscriber;
  readonly onShow: (shown: Shown) => void;
};

export function EmptyState({ subscriber, onShow }: Props) {
  const { live, isOver } = subscriber;
  if (isOver) return <p class="waiting">There are no messages.</p>;
  const peers = live.peers.value;
  if (peers.length > 0) {
    const names = peers.map((peer) => nameOf(speakerOf(peer, peer.metadata)));
    return (
      <div class="waiting">
        <h2>No messages yet</h2>
        <p>
          <bdi>{listOf(names)}</bdi> {names.length === 1 ? "is" : "are"} here. Messages appear as
          they are written.
        </p>
      </div>
    );
  }
  return (
    <div class="waiting">
      <h2>You are the only one here</h2>
      <p>Give the link to people and agents. Whoever opens it joins this conversation.</p>
      <div class="buttons">
        <CopyButton text={subscriber.link.value} label="Copy link" what="of this conversation" />
        <button type="button" class="quiet" onClick={() => onShow("connect")}>
          Add an agent
        </button>
      </div>
    </div>
  );
}

/** Names that are written out; more are counted. */
const NAMES_MAX = 3;

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_MAX);
  const more = names.length - shown.length;
  const all = more === 0 ? shown : [...shown, more === 1 ? "1 other" : `${more} others`];
  return new Intl.ListFormat("en").format(all);
}
