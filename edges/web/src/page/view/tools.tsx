/** The buttons of a conversation: who is here, the ways to bring others in, and the wire. */
import type { ComponentChildren } from "preact";
import { isOwner } from "../wire/own-account.ts";
import type { Subscriber } from "../wire/subscriber.ts";
import type { Shown } from "./conversation-dialog.tsx";
import { Icon, type IconName } from "./icons.tsx";

type Props = {
  readonly subscriber: Subscriber;
  /** At home the link and its tabs are on the page; and another conversation can be started. */
  readonly isHome: boolean;
  readonly isWireShown: boolean;
  readonly onShow: (shown: Shown) => void;
  readonly onWire: () => void;
};

export function Tools({ subscriber, isHome, isWireShown, onShow, onWire }: Props) {
  const { live, isOver, namespace } = subscriber;
  const count = live.peers.value.length + (live.phase.value.kind === "ended" ? 0 : 1);
  return (
    <nav class="tools" aria-label="Conversation tools">
      <Tool icon="people" label="People" onClick={() => onShow("people")} isNarrow>
        <span class="count">{count}</span>
      </Tool>
      {!isOver && !isHome && (
        <>
          <Tool icon="invite" label="Invite" onClick={() => onShow("invite")} />
          <Tool icon="plug" label="Connect" onClick={() => onShow("connect")} />
        </>
      )}
      {!isOver && isOwner(namespace) && (
        <Tool icon="key" label="Manage" onClick={() => onShow("owner")} />
      )}
      <Tool icon="wire" label="Wire" onClick={onWire} isPressed={isWireShown} />
      {!isOver && isHome && (
        <Tool icon="invite" label="New" name="New conversation" onClick={() => onShow("anew")} />
      )}
    </nav>
  );
}

type ToolProps = {
  readonly icon: IconName;
  readonly label: string;
  /** What it is called where the label alone says too little. */
  readonly name?: string;
  readonly onClick: () => void;
  /** Given for a button that switches something on and off. */
  readonly isPressed?: boolean;
  /** Shown only where there is no space for what it opens. */
  readonly isNarrow?: boolean;
  readonly children?: ComponentChildren;
};

function Tool(props: ToolProps) {
  const { icon, label, name, onClick, isPressed, isNarrow = false, children } = props;
  return (
    <button
      type="button"
      class={`quiet tool${isNarrow ? " narrow-only" : ""}`}
      onClick={onClick}
      {...(name === undefined ? {} : { "aria-label": name })}
      {...(isPressed === undefined ? {} : { "aria-pressed": isPressed })}
    >
      <Icon name={icon} />
      <span class="label">{label}</span>
      {children}
    </button>
  );
}
