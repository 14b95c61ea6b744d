/** Home: mint a conversation, hand its link on, and watch it live in two panes fed by one socket. */
import { useEffect, useState } from "preact/hooks";
import { minted, resume, startAnew } from "../wire/minting.ts";
import type { Subscriber } from "../wire/subscriber.ts";
import { Banner } from "./banner.tsx";
import { TAGLINE } from "./brand.ts";
import { Composer } from "./composer.tsx";
import { ConnectPanel } from "./connect-panel.tsx";
import { ConversationPane } from "./conversation-pane.tsx";
import { Dialog } from "./dialog.tsx";
import { FramesPane } from "./frames-pane.tsx";
import { LinkCard } from "./link-card.tsx";
import { Masthead } from "./masthead.tsx";
import { MintForm } from "./mint-form.tsx";
import { OwnerPanel } from "./owner-panel.tsx";
import { Roster } from "./roster.tsx";
import { Tabs } from "./tabs.tsx";

export function Home() {
  useEffect(() => void resume(), []);
  const [isManaging, manage] = useState(false);
  const subscriber = minted.value;
  return (
    <div class={`page home${subscriber === null ? "" : " attached"}`}>
      <Masthead>
        {subscriber !== null && (
          <div class="buttons">
            <button type="button" class="quiet small" onClick={() => manage(true)}>
              Manage
            </button>
            <button
              type="button"
              class="quiet small"
              aria-label="New conversation"
              onClick={startAnew}
            >
              New
            </button>
          </div>
        )}
      </Masthead>
      <main>{subscriber === null ? <Welcome /> : <Attached subscriber={subscriber} />}</main>
      {isManaging && subscriber !== null && (
        <Dialog title="Your conversation" onClose={() => manage(false)}>
          <OwnerPanel
            subscriber={subscriber}
            alias={subscriber.alias}
            onDone={() => manage(false)}
          />
        </Dialog>
      )}
    </div>
  );
}

function Welcome() {
  return (
    <div class="welcome">
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

const TABS = [
  { name: "live", label: "Live" },
  { name: "connect", label: "Connect" },
] as const;

function Attached({ subscriber }: { readonly subscriber: Subscriber }) {
  const [tab, setTab] = useState<"live" | "connect">("live");
  const { live } = subscriber;
  const link = subscriber.link.value;
  return (
    <>
      <LinkCard named openable link={link} />
      <Tabs tabs={TABS} chosen={tab} label="What to see" onChoose={setTab} />
      <div
        id="panel-live"
        class="panel stage"
        role="tabpanel"
        aria-labelledby="tab-live"
        hidden={tab !== "live"}
      >
        <div class="column">
          <Banner subscriber={subscriber} />
          <Roster live={live} />
          <ConversationPane
            live={live}
            waiting="Nobody has said anything yet. Open the link somewhere else, or give it to an agent."
          />
          <Composer live={live} />
        </div>
        <FramesPane live={live} />
      </div>
      <div
        id="panel-connect"
        class="panel"
        role="tabpanel"
        aria-labelledby="tab-connect"
        hidden={tab !== "connect"}
      >
        <ConnectPanel link={link} />
      </div>
    </>
  );
}
