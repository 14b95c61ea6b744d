/** Under which name the others see this person, and whether they only watch. */
import { useState } from "preact/hooks";
import { DISPLAY_NAME, displayNameOf, NAME_CHARACTERS_MAX } from "../model/rows.ts";
import { displayName } from "../wire/person.ts";
import type { Subscriber } from "../wire/subscriber.ts";

type Props = { readonly subscriber: Subscriber; readonly onDone: () => void };

export function NameForm({ subscriber, onDone }: Props) {
  const [name, setName] = useState(displayName());
  const shown = displayNameOf({ [DISPLAY_NAME]: name });
  const submit = (event: Event) => {
    event.preventDefault();
    if (shown === null) return;
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
      <p class="soft small">
        It is remembered in this browser. Nobody checks it: names are claims.
      </p>
      <div class="buttons">
        <button type="submit" disabled={shown === null}>
          Use this name
        </button>
      </div>
    </form>
  );
}
