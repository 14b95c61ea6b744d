/**
 * A conversation with this person in it: who is here, the messages, the send box, and the frames of
 * the wire. Home shows the same, with the link above it and the frames open.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { titleOf } from "../model/instructions.ts";
import type { Subscriber } from "../wire/subscriber.ts";
import { About } from "./about.tsx";
import { AgentText } from "./agent-text.tsx";
import { Banner } from "./banner.tsx";
import { ComposerBar } from "./composer-bar.tsx";
import { ConversationDialog, type Shown } from "./conversation-dialog.tsx";
import { ConversationPane } from "./conversation-pane.tsx";
import { EmptyState } from "./empty-state.tsx";
import { FramesPane } from "./frames-pane.tsx";
import { LinkLimits } from "./link-status.tsx";
import { Masthead } from "./masthead.tsx";
import { Roster } from "./roster.tsx";
import { useTabTitle } from "./tab-title.ts";
import { Tools } from "./tools.tsx";

type Props = {
  readonly subscriber: Subscriber;
  /** A further class of the page. */
  readonly name: "home" | "portal";
  /** Whether the frames are shown until somebody chooses. */
  readonly isWireOpen: boolean;
  readonly shown: Shown | null;
  readonly onShow: (shown: Shown | null) => void;
  /** Leads to the form that mints. */
  readonly onHome: () => void;
  /** Stands between the bar and the conversation. */
  readonly top?: ComponentChildren;
  /** Stands in place of the conversation, which stays as it is. */
  readonly instead?: ComponentChildren;
  /** Stands over the messages. */
  readonly notice?: ComponentChildren;
};

export function ConversationPage(props: Props) {
  const { subscriber, name, shown, onShow, onHome, top, instead, notice } = props;
  const [isWireShown, showWire] = useState(props.isWireOpen);
  const { live, isOver } = subscriber;
  const title = titleOf(live.facts.value?.metadata) ?? subscriber.alias;
  useTabTitle(title, live);
  useEffect(() => {
    // What has ended is said below the dialogs, and they lead nowhere any more.
    if (isOver) onShow(null);
  }, [isOver, onShow]);
  const isInside = live.facts.value !== null;
  const isReplaced = instead !== undefined;
  return (
    <div class={`page attached ${name}`}>
      <div class="bar">
        <Masthead>
          <h1 tabIndex={-1}>
            {name === "home" && <span class="hidden">Your conversation </span>}
            <bdi>{title}</bdi>
          </h1>
        </Masthead>
        {isInside && (
          <Tools
            subscriber={subscriber}
            isHome={name === "home"}
            isWireShown={isWireShown}
            onShow={onShow}
            onWire={() => showWire(!isWireShown)}
          />
        )}
      </div>
      <main>
        {top}
        {isInside ? (
          <div class="stage" hidden={isReplaced} {...panelOf(top)}>
            <aside class="side">
              <Roster live={live} />
              <About live={live} />
              {name === "portal" && <LinkLimits link={subscriber.link.value} />}
              <AgentText link={subscriber.link.value} />
            </aside>
            <div class="column">
              <Banner subscriber={subscriber} onHome={onHome} />
              {notice}
              <ConversationPane
                live={live}
                empty={<EmptyState subscriber={subscriber} onShow={onShow} />}
              />
              <ComposerBar subscriber={subscriber} onName={() => onShow("name")} />
            </div>
            {isWireShown && <FramesPane live={live} />}
          </div>
        ) : (
          <div class="outside">
            <Banner subscriber={subscriber} onHome={onHome} />
          </div>
        )}
        {instead}
      </main>
      {shown !== null && (
        <ConversationDialog subscriber={subscriber} shown={shown} onShow={onShow} onHome={onHome} />
      )}
    </div>
  );
}

/** Below tabs the conversation is the panel of the first one. */
function panelOf(top: ComponentChildren) {
  if (top === undefined) return {};
  return { id: "panel-live", role: "tabpanel", "aria-labelledby": "tab-live" } as const;
}
