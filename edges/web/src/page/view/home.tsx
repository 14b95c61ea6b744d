/**
 * Home: mint a conversation, hand its link on, and watch it live in two panes fed by one socket.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { LOST } from "../model/faults.ts";
import { isKeeping, session } from "../model/storage.ts";
import { isLost, minted, resume, startAnew } from "../wire/minting.ts";
import { isOwner } from "../wire/own-account.ts";
import type { Subscriber } from "../wire/subscriber.ts";
import { Banner } from "./banner.tsx";
import { TAGLINE } from "./brand.ts";
import { Composer } from "./composer.tsx";
import { ConnectPanel } from "./connect-panel.tsx";
import { ConversationPane } from "./conversation-pane.tsx";
import { Dialog } from "./dialog.tsx";
import { FaultCard } from "./fault-card.tsx";
import { FramesPane } from "./frames-pane.tsx";
import { LinkCard } from "./link-card.tsx";
import { DeadLink, useIsDead } from "./living-link.tsx";
import { Masthead } from "./masthead.tsx";
import { MintForm } from "./mint-form.tsx";
import { OwnerPanel } from "./owner-panel.tsx";
import { Roster } from "./roster.tsx";
import { Tabs } from "./tabs.tsx";

type Shown = "owner" | "anew";

export function Home() {
  useEffect(() => void resume(), []);
  const [shown, show] = useState<Shown | null>(null);
  const subscriber = minted.value;
  const isOver = subscriber?.isOver ?? false;
  useEffect(() => {
    if (isOver) show(null);
  }, [isOver]);
  return (
    <div class={`page home${subscriber === null ? "" : " attached"}`}>
      <Masthead>
        {subscriber !== null && !isOver && <Tools subscriber={subscriber} onShow={show} />}
      </Masthead>
      <main>
        {subscriber === null ? <Welcome /> : <Attached subscriber={subscriber} onShow={show} />}
      </main>
      {subscriber !== null && shown === "owner" && (
        <Dialog title="Your conversation" onClose={() => show(null)}>
          <OwnerPanel subscriber={subscriber} alias={subscriber.alias} onDone={() => show(null)} />
        </Dialog>
      )}
      {subscriber !== null && shown === "anew" && (
        <Dialog title="Start a new conversation?" onClose={() => show(null)}>
          <Anew onDone={() => show(null)} />
        </Dialog>
      )}
    </div>
  );
}

type ToolsProps = { readonly subscriber: Subscriber; readonly onShow: (shown: Shown) => void };

function Tools({ subscriber, onShow }: ToolsProps) {
  return (
    <div class="buttons">
      {isOwner(subscriber.namespace) && (
        <button type="button" class="quiet small" onClick={() => onShow("owner")}>
          Manage
        </button>
      )}
      <button
        type="button"
        class="quiet small"
        aria-label="New conversation"
        onClick={() => onShow("anew")}
      >
        New
      </button>
    </div>
  );
}

/** Asks, as this tab may have the only copy of the link. */
function Anew({ onDone }: { readonly onDone: () => void }) {
  const start = () => {
    startAnew();
    onDone();
  };
  return (
    <>
      <p>
        This tab leaves its conversation and forgets the magic link. The conversation goes on for
        those who are in it, but without the link nobody else comes in, nor you again: copy it first
        if you may want it.
      </p>
      <div class="buttons">
        <button type="button" class="danger" onClick={start}>
          Yes, start a new one
        </button>
        <button type="button" class="quiet" onClick={onDone}>
          Stay here
        </button>
      </div>
    </>
  );
}

function Welcome() {
  return (
    <div class="welcome">
      {isLost.value && <FaultCard fault={LOST} onRemedy={startAnew} />}
      <h1>{TAGLINE}</h1>
      <p class="lead">
        Mint a conversation and get one magic link. Whoever holds it is in: people open it as a
        page, agents join it by MCP, programs by WebSocket. Everyone writes a stream of their own
        and hears all the others, token by token, as it is written.
      </p>
      <MintForm />
      <ol class="steps" aria-label="How it works">
        <li>
          <strong>Mint</strong> a magic link here.
        </li>
        <li>
          <strong>Share</strong> it: paste it to an agent, a person, a script.
        </li>
        <li>
          <strong>Watch</strong> them talk, live, and join in.
        </li>
      </ol>
    </div>
  );
}

function Forgetful() {
  return (
    <p class="banner">
      This browser keeps nothing for this page: copy the magic link before you leave it or load it
      again.
    </p>
  );
}

const TABS = [
  { name: "live", label: "Live" },
  { name: "connect", label: "Connect" },
] as const;

function Attached({ subscriber, onShow }: ToolsProps) {
  const [chosen, setTab] = useState<"live" | "connect">("live");
  const { live } = subscriber;
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // The form that had the focus is gone, and on a phone its button was far below the link.
    heading.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, []);
  const link = subscriber.link.value;
  const onManage = isOwner(subscriber.namespace) ? () => onShow("owner") : null;
  const isOpen = !subscriber.isOver;
  const isDead = useIsDead(link);
  const hasLink = isOpen && !isDead;
  const tab = hasLink ? chosen : "live";
  return (
    <>
      <h1 class="hidden" tabIndex={-1} ref={heading}>
        Your conversation {subscriber.alias}
      </h1>
      {hasLink && <LinkCard named openable link={link} />}
      {isOpen && isDead && <DeadLink onManage={onManage} />}
      {hasLink && <Tabs tabs={TABS} chosen={tab} label="What to see" onChoose={setTab} />}
      <div
        id="panel-live"
        class="panel stage"
        {...(hasLink ? { role: "tabpanel", "aria-labelledby": "tab-live" } : {})}
        hidden={tab !== "live"}
      >
        <div class="column">
          <Banner subscriber={subscriber} onHome={startAnew} />
          {isOpen && !isKeeping(session) && <Forgetful />}
          <Roster live={live} />
          <ConversationPane
            live={live}
            waiting="Nobody has said anything yet. Open the link somewhere else, or give it to an agent."
          />
          {live.phase.value.kind !== "ended" && <Composer live={live} />}
        </div>
        <FramesPane live={live} />
      </div>
      {hasLink && (
        <div
          id="panel-connect"
          class="panel"
          role="tabpanel"
          aria-labelledby="tab-connect"
          hidden={tab !== "connect"}
        >
          <ConnectPanel link={link} />
        </div>
      )}
    </>
  );
}
