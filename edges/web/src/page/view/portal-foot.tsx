/** Who one is, the switch to only watch, and the send box. */
import type { Subscriber } from "../wire/subscriber.ts";
import { Composer } from "./composer.tsx";

type Props = { readonly subscriber: Subscriber; readonly onName: () => void };

export function PortalFoot({ subscriber, onName }: Props) {
  const { live } = subscriber;
  const self = live.self.value;
  if (self === null || live.phase.value.kind === "ended") return null;
  return (
    <footer class="foot">
      <div class="who-line small">
        <span>
          You are <bdi class="name">{self.displayName}</bdi>{" "}
          <button type="button" class="link-like" onClick={onName}>
            Change
          </button>
        </span>
        <label class="check">
          <input
            type="checkbox"
            checked={self.observing}
            onInput={(event) => void subscriber.observe(event.currentTarget.checked)}
          />
          Only watch
        </label>
      </div>
      {self.observing ? (
        <p class="soft watching">You are watching. The others see that you are here.</p>
      ) : (
        <Composer live={live} />
      )}
    </footer>
  );
}
