/** The portal: what a magic link opens as. A person is in, sees who else is, and writes. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { forever } from "../model/storage.ts";
import { Subscriber } from "../wire/subscriber.ts";
import { About } from "./about.tsx";
import { AgentText } from "./agent-text.tsx";
import { Banner } from "./banner.tsx";
import { BRAND } from "./brand.ts";
import { ConversationPane } from "./conversation-pane.tsx";
import { FramesPane } from "./frames-pane.tsx";
import { Masthead } from "./masthead.tsx";
import { PortalDialog, type Shown } from "./portal-dialog.tsx";
import { PortalFoot } from "./portal-foot.tsx";
import { PortalTools } from "./portal-tools.tsx";
import { Roster } from "./roster.tsx";

type Props = {
  readonly namespace: string;
  readonly alias: string;
  readonly link: string;
  readonly fallback: string | null;
  readonly isHidden: boolean;
};

const WIRE = "wire is shown";
/** Pixels of width from which the raw frames have a place beside the conversation. */
const WIDE_PX = 1_200;

export function Portal({ namespace, alias, link, fallback, isHidden }: Props) {
  const subscriber = useMemo(() => new Subscriber(link, fallback), [link, fallback]);
  const [shown, show] = useState<Shown | null>(null);
  const [isWireShown, showWire] = useState(wasWireShown);
  useEffect(() => {
    document.title = `${alias} · ${BRAND}`;
    void subscriber.enter();
    return () => subscriber.leave();
  }, [subscriber, alias]);
  const { isOver } = subscriber;
  useEffect(() => {
    // What has ended stands below the dialogs, and they lead nowhere any more.
    if (isOver) show(null);
  }, [isOver]);
  const toggleWire = () => {
    forever.set(WIRE, String(!isWireShown));
    showWire(!isWireShown);
  };
  const { live } = subscriber;
  const isInside = live.facts.value !== null;
  return (
    <div class="page portal">
      <div class="bar">
        <Masthead>
          <h1>
            <Title subscriber={subscriber} alias={alias} />
          </h1>
        </Masthead>
        {isInside && (
          <PortalTools
            subscriber={subscriber}
            namespace={namespace}
            isWireShown={isWireShown}
            onShow={show}
            onWire={toggleWire}
          />
        )}
      </div>
      {isInside ? (
        <main class="stage">
          <aside class="side">
            <Roster live={live} />
            <About live={live} />
            <AgentText link={subscriber.link.value} />
          </aside>
          <div class="column">
            <Banner subscriber={subscriber} />
            {!isHidden && <Forgetful />}
            <ConversationPane
              live={live}
              waiting="Nobody has said anything since you came. What is said while you are here appears here."
            />
            <PortalFoot subscriber={subscriber} onName={() => show("name")} />
          </div>
          {isWireShown && <FramesPane live={live} />}
        </main>
      ) : (
        <main class="outside">
          <Banner subscriber={subscriber} />
        </main>
      )}
      {shown !== null && (
        <PortalDialog
          subscriber={subscriber}
          alias={alias}
          shown={shown}
          onShow={show}
          onClose={() => show(null)}
        />
      )}
    </div>
  );
}

/** As its person left it; where they never chose, shown when there is room. */
function wasWireShown(): boolean {
  const kept = forever.get(WIRE);
  return kept === null ? window.innerWidth >= WIDE_PX : kept === "true";
}

/** What its maker called the conversation, else its alias. */
function Title({ subscriber, alias }: { readonly subscriber: Subscriber; readonly alias: string }) {
  const title = subscriber.live.facts.value?.metadata.title;
  return <bdi>{typeof title === "string" && title.trim() !== "" ? title : alias}</bdi>;
}

function Forgetful() {
  return (
    <p class="banner">
      This browser keeps nothing for this page, so the magic link stays in the address bar and your
      name is forgotten when you leave.
    </p>
  );
}
