/** The portal: what a magic link opens as. A person is in, sees who else is, and writes. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { forever } from "../model/storage.ts";
import { isOwner } from "../wire/own-account.ts";
import { Subscriber } from "../wire/subscriber.ts";
import { Banner } from "./banner.tsx";
import { BRAND } from "./brand.ts";
import { Composer } from "./composer.tsx";
import { ConnectPanel } from "./connect-panel.tsx";
import { ConversationPane } from "./conversation-pane.tsx";
import { Dialog } from "./dialog.tsx";
import { FramesPane } from "./frames-pane.tsx";
import { Icon } from "./icons.tsx";
import { LinkCard } from "./link-card.tsx";
import { Masthead } from "./masthead.tsx";
import { NameForm } from "./name-form.tsx";
import { OwnerPanel } from "./owner-panel.tsx";
import { Roster } from "./roster.tsx";

type Props = {
  readonly namespace: string;
  readonly alias: string;
  readonly link: string;
  readonly isHidden: boolean;
};

type Shown = "invite" | "connect" | "owner" | "name" | "people";

const WIRE = "wire is shown";
/** Pixels of width from which the raw frames have a place beside the conversation. */
const WIDE_PX = 1_200;

export function Portal({ namespace, alias, link, isHidden }: Props) {
  const subscriber = useMemo(() => new Subscriber(link), [link]);
  const [shown, show] = useState<Shown | null>(null);
  const [isWireShown, showWire] = useState(wasWireShown);
  const close = () => show(null);
  useEffect(() => {
    document.title = `${alias} · ${BRAND}`;
    void subscriber.enter();
    return () => void subscriber.live.leave();
  }, [subscriber, alias]);
  const toggleWire = () => {
    forever.set(WIRE, String(!isWireShown));
    showWire(!isWireShown);
  };
  return (
    <div class="page portal">
      <div class="bar">
        <Masthead>
          <h1>
            <Title subscriber={subscriber} alias={alias} />
          </h1>
        </Masthead>
        <nav class="tools" aria-label="Conversation tools">
          <Tool icon="people" label="People" onClick={() => show("people")} only="narrow">
            <Count subscriber={subscriber} />
          </Tool>
          <Tool icon="invite" label="Invite" onClick={() => show("invite")} />
          <Tool icon="plug" label="Connect" onClick={() => show("connect")} />
          {isOwner(namespace) && <Tool icon="key" label="Link" onClick={() => show("owner")} />}
          <Tool icon="wire" label="Wire" onClick={toggleWire} isPressed={isWireShown} />
        </nav>
      </div>
      <main class={`stage${isWireShown ? " with-wire" : ""}`}>
        <aside class="side">
          <Roster live={subscriber.live} />
        </aside>
        <div class="column">
          <Banner subscriber={subscriber} />
          {!isHidden && (
            <p class="banner">
              This browser keeps nothing for this page, so the magic link stays in the address bar
              and your name is forgotten when you leave.
            </p>
          )}
          <ConversationPane
            live={subscriber.live}
            waiting="Nobody has said anything since you came. What is said while you are here appears here."
          />
          <Foot subscriber={subscriber} onName={() => show("name")} />
        </div>
        {isWireShown && <FramesPane live={subscriber.live} />}
      </main>
      {shown === "invite" && (
        <Dialog title="Invite" onClose={close}>
          <LinkCard link={subscriber.link.value} />
        </Dialog>
      )}
      {shown === "connect" && (
        <Dialog title="Connect" onClose={close}>
          <ConnectPanel link={subscriber.link.value} />
        </Dialog>
      )}
      {shown === "owner" && (
        <Dialog title="Your conversation" onClose={close}>
          <OwnerPanel subscriber={subscriber} alias={alias} onDone={close} />
        </Dialog>
      )}
      {shown === "name" && (
        <Dialog title="Who you are here" onClose={close}>
          <NameForm subscriber={subscriber} onDone={close} />
        </Dialog>
      )}
      {shown === "people" && (
        <Dialog title="People" onClose={close}>
          <Roster live={subscriber.live} />
        </Dialog>
      )}
    </div>
  );
}

/** As its person left it; where they never chose, shown when there is room. */
function wasWireShown(): boolean {
  const kept = forever.get(WIRE);
  return kept === null ? window.innerWidth >= WIDE_PX : kept === "true";
}

type ToolProps = {
  readonly icon: Parameters<typeof Icon>[0]["name"];
  readonly label: string;
  readonly onClick: () => void;
  readonly isPressed?: boolean;
  readonly only?: string;
  readonly children?: preact.ComponentChildren;
};

function Tool({ icon, label, onClick, isPressed, only = "", children }: ToolProps) {
  return (
    <button
      type="button"
      class={`quiet tool ${only}`}
      onClick={onClick}
      {...(isPressed === undefined ? {} : { "aria-pressed": isPressed })}
    >
      <Icon name={icon} />
      <span>{label}</span>
      {children}
    </button>
  );
}

/** What its maker called the conversation, else its alias. */
function Title({ subscriber, alias }: { readonly subscriber: Subscriber; readonly alias: string }) {
  const title = subscriber.live.facts.value?.metadata.title;
  return <bdi>{typeof title === "string" && title.trim() !== "" ? title : alias}</bdi>;
}

function Count({ subscriber }: { readonly subscriber: Subscriber }) {
  const { peers, self } = subscriber.live;
  return <span class="count">{peers.value.length + (self.value === null ? 0 : 1)}</span>;
}

type FootProps = { readonly subscriber: Subscriber; readonly onName: () => void };

/** Who one is, the switch to only watch, and the send box. */
function Foot({ subscriber, onName }: FootProps) {
  const { live } = subscriber;
  const self = live.self.value;
  if (self === null) return null;
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
