/** Home: create a conversation, hand its link on, and take part in it. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { isKeeping, session } from "../model/storage.ts";
import { minted, resume, startAnew } from "../wire/minting.ts";
import { isOwner } from "../wire/own-account.ts";
import type { Subscriber } from "../wire/subscriber.ts";
import { ConnectPanel, type Shown } from "./conversation-dialog.tsx";
import { ConversationPage } from "./conversation-page.tsx";
import { LinkCard } from "./link-card.tsx";
import { DeadLink, useLinkLife } from "./link-status.tsx";
import { Masthead } from "./masthead.tsx";
import { Tabs } from "./tabs.tsx";
import { Welcome } from "./welcome.tsx";

export function Home() {
  useEffect(() => void resume(), []);
  const subscriber = minted.value;
  if (subscriber !== null) return <Attached key={subscriber.alias} subscriber={subscriber} />;
  return (
    <div class="page home">
      <Masthead />
      <Welcome />
    </div>
  );
}

const TABS = [
  { name: "live", label: "Live" },
  { name: "connect", label: "Connect" },
] as const;

type Tab = (typeof TABS)[number]["name"];

/** The conversation that this tab has minted, with its link above it. */
function Attached({ subscriber }: { readonly subscriber: Subscriber }) {
  const [shown, setShown] = useState<Shown | null>(null);
  const [chosen, setTab] = useState<Tab>("live");
  const link = subscriber.link.value;
  const { isDead } = useLinkLife(link);
  const isOpen = !subscriber.isOver;
  const hasLink = isOpen && !isDead;
  const tab = hasLink ? chosen : "live";
  const show = useCallback((next: Shown | null) => {
    // The lines to paste are a tab here.
    if (next === "connect") setTab("connect");
    else setShown(next);
  }, []);
  useStart();
  const onManage = isOwner(subscriber.namespace) ? () => show("owner") : null;
  const top = (
    <div class="top">
      {hasLink && <LinkCard named openable link={link} />}
      {isOpen && isDead && <DeadLink onManage={onManage} />}
      {hasLink && <Tabs tabs={TABS} chosen={tab} label="What to see" onChoose={setTab} />}
    </div>
  );
  return (
    <ConversationPage
      name="home"
      subscriber={subscriber}
      isWireOpen
      shown={shown}
      onShow={show}
      onHome={startAnew}
      {...(isOpen ? { top } : {})}
      {...(tab === "connect" ? { instead: <Connect link={link} /> } : {})}
      notice={isOpen && !isKeeping(session) ? <KeepsNothing /> : undefined}
    />
  );
}

/** The form that had the focus is gone, and on a phone its button was far below the link. */
function useStart(): void {
  const isDone = useRef(false);
  useEffect(() => {
    if (isDone.current) return;
    isDone.current = true;
    document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, []);
}

function Connect({ link }: { readonly link: string }) {
  return (
    <div id="panel-connect" class="panel" role="tabpanel" aria-labelledby="tab-connect">
      <ConnectPanel link={link} />
    </div>
  );
}

function KeepsNothing() {
  return (
    <p class="banner">
      This browser keeps nothing for this page: copy the magic link before you leave it or load it
      again.
    </p>
  );
}
