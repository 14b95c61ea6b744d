/** Below the messages: who this person is here, whether they only watch, and the send box. */
import { isSameName, nameOf, speakerOf } from "../model/speaker.ts";
import type { Subscriber } from "../wire/subscriber.ts";
import { Composer } from "./composer.tsx";

type Props = { readonly subscriber: Subscriber; readonly onName: () => void };

export function ComposerBar({ subscriber, onName }: Props) {
  const { live } = subscriber;
  const self = live.self.value;
  if (self === null || live.phase.value.kind === "ended") return null;
  const { displayName, observing, readOnly } = self;
  const hasNamesake = live.peers.value.some((peer) =>
    isSameName(nameOf(speakerOf(peer, peer.metadata)), displayName),
  );
  if (readOnly) {
    return (
      <footer class="foot">
        <p class="soft watching">
          Your link is for reading: you see everything, and the others see you as{" "}
          <bdi class="name">{displayName}</bdi>. Ask its owner for another one to write.
        </p>
      </footer>
    );
  }
  return (
    <footer class="foot">
      {observing ? (
        <p class="soft watching">You are watching. The others see that you are here.</p>
      ) : (
        <Composer live={live} />
      )}
      <div class="who-line small">
        <span>
          You are <bdi class="name">{displayName}</bdi>{" "}
          <button type="button" class="link-like" onClick={onName}>
            Change
          </button>
          {hasNamesake && <span class="namesake">Somebody else here has this name too.</span>}
        </span>
        <label class="check">
          <input
            type="checkbox"
            checked={observing}
            onInput={(event) => void subscriber.observe(event.currentTarget.checked)}
          />
          Only watch
        </label>
      </div>
    </footer>
  );
}
