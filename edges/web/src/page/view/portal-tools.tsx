/** The buttons of the portal: who is here, and the ways to bring others in. */
import type { ComponentChildren } from "preact";
import { isOwner } from "../wire/own-account.ts";
import type { Subscriber } from "../wire/subscriber.ts";
import { Icon, type IconName } from "./icons.tsx";
import type { Shown } from "./portal-dialog.tsx";

type Props = {
  readonly subscriber: Subscriber;
  readonly namespace: string;
  readonly isWireShown: boolean;
  readonly onShow: (shown: Shown) => void;
  readonly onWire: () => void;
};

export function PortalTools({ subscriber, namespace, isWireShown, onShow, onWire }: Props) {
  const { peers, phase } = subscriber.live;
  const count = peers.value.length + (phase.value.kind === "ended" ? 0 : 1);
  return (
    <nav class="tools" aria-label="Conversation tools">
      <Tool icon="people" label="People" onClick={() => onShow("people")} isNarrow>
        <span class="count">{count}</span>
      </Tool>
      {!subscriber.isOver && (
        <>
          <Tool icon="invite" label="Invite" onClick={() => onShow("invite")} />
          <Tool icon="plug" label="Connect" onClick={() => onShow("connect")} />
          {isOwner(namespace) && <Tool icon="key" label="Link" onClick={() => onShow("owner")} />}
        </>
      )}
      <Tool icon="wire" label="Wire" onClick={onWire} isPressed={isWireShown} />
    </nav>
  );
}

type ToolProps = {
  readonly icon: IconName;
  readonly label: string;
  readonly onClick: () => void;
  /** Given for a button that switches something on and off. */
  readonly isPressed?: boolean;
  /** Shown only where there is no room for what it opens. */
  readonly isNarrow?: boolean;
  readonly children?: ComponentChildren;
};

function Tool({ icon, label, onClick, isPressed, isNarrow = false, children }: ToolProps) {
  return (
    <button
      type="button"
      class={`quiet tool${isNarrow ? " narrow-only" : ""}`}
      onClick={onClick}
      {...(isPressed === undefined ? {} : { "aria-pressed": isPressed })}
    >
      <Icon name={icon} />
      <span class="label">{label}</span>
      {children}
    </button>
  );
}
