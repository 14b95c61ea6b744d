/** Under which name the others see this person, and whether they only watch. */
import { useState } from "preact/hooks";
import {
  DISPLAY_NAME,
  displayNameOf,
  isSameName,
  NAME_CHARACTERS_MAX,
  nameOf,
  speakerOf,
} from "../model/speaker.ts";
import { displayName } from "../wire/person.ts";
import type { Subscriber } from "../wire/subscriber.ts";

type Props = { readonly subscriber: Subscriber; readonly onDone: () => void };

export function NameForm({ subscriber, onDone }: Props) {
  const [name, setName] = useState(displayName());
  const shown = displayNameOf({ [DISPLAY_NAME]: name });
  const peers = subscriber.live.peers.value;
  const isTaken =
    shown !== null &&
    peers.some((peer) => isSameName(nameOf(speakerOf(peer, peer.metadata)), shown));
  const submit = (event: Event) => {
    event.preventDefault();
    if (shown === null || isTaken) return;
    void subscriber.rename(shown);
    onDone();
  };
  return (
    <form class="name-form" onSubmit={submit}>
      <label>
        <span>Your name, as the others see it</span>
        <input
          value={name}
          maxLength={NAME_CHARACTERS_MAX}
          autocomplete="nickname"
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      {isTaken && (
        <p class="problem small" role="alert">
          Somebody here is already called {shown}. Choose another name.
        </p>
      )}
      <p class="soft small">
        This browser remembers it. Names are not verified: anybody can use any name.
      </p>
      <div class="buttons">
        <button type="submit" disabled={shown === null || isTaken}>
          Use this name
        </button>
      </div>
    </form>
  );
}
