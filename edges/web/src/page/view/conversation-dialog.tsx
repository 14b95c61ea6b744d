/** What the buttons of a conversation open. */
import { isKeeping, session } from "../model/storage.ts";
import { isOwner } from "../wire/own-account.ts";
import type { Subscriber } from "../wire/subscriber.ts";
import { About } from "./about.tsx";
import { Dialog } from "./dialog.tsx";
import { lazy } from "./lazy.tsx";
import { LinkCard } from "./link-card.tsx";
import { LinkLimits, LinkWhileAlive } from "./link-status.tsx";
import { NameForm } from "./name-form.tsx";
import { Roster } from "./roster.tsx";

export type Shown = "invite" | "connect" | "owner" | "name" | "people" | "anew";

/** These are seldom used, and hold much text. */
export const ConnectPanel = lazy("The list of lines to paste", async () => {
  return (await import("./connect-panel.tsx")).ConnectPanel;
});
const OwnerPanel = lazy("The owner's settings", async () => {
  return (await import("./owner-panel.tsx")).OwnerPanel;
});
const LimitedLinks = lazy("Links with limits", async () => {
  return (await import("./limited-links.tsx")).LimitedLinks;
});

const TITLES: Readonly<Record<Shown, string>> = {
  invite: "Invite",
  connect: "Connect",
  owner: "Your conversation",
  name: "Your name",
  people: "People",
  anew: "Start a new conversation?",
};

type Props = {
  readonly subscriber: Subscriber;
  readonly shown: Shown;
  readonly onShow: (shown: Shown | null) => void;
  readonly onHome: () => void;
};

export function ConversationDialog(props: Props) {
  return (
    <Dialog title={TITLES[props.shown]} onClose={() => props.onShow(null)}>
      <Content {...props} />
    </Dialog>
  );
}

function Content({ subscriber, shown, onShow, onHome }: Props) {
  const { live, namespace, alias } = subscriber;
  const link = subscriber.link.value;
  const onClose = () => onShow(null);
  const onManage = isOwner(namespace) ? () => onShow("owner") : null;
  switch (shown) {
    case "invite":
      return (
        <LinkWhileAlive link={link} onManage={onManage}>
          <LinkCard isQrOpen link={link} />
          {onManage !== null && <LimitedLinks alias={alias} />}
        </LinkWhileAlive>
      );
    case "connect":
      return (
        <LinkWhileAlive link={link} onManage={onManage}>
          <ConnectPanel link={link} />
        </LinkWhileAlive>
      );
    case "owner":
      return <OwnerPanel subscriber={subscriber} alias={alias} onDone={onClose} />;
    case "name":
      return <NameForm subscriber={subscriber} onDone={onClose} />;
    case "people":
      return (
        <>
          <Roster live={live} />
          <About live={live} />
          <LinkLimits link={link} />
        </>
      );
    case "anew":
      return <Anew onStart={onHome} onDone={onClose} />;
  }
}

type AnewProps = { readonly onStart: () => void; readonly onDone: () => void };

/** Asks, as this tab leaves its conversation. */
function Anew({ onStart, onDone }: AnewProps) {
  const start = () => {
    onDone();
    onStart();
  };
  return (
    <>
      <p>
        This tab leaves the conversation, which goes on for the others.{" "}
        {isKeeping(session)
          ? "You find it again under Your conversations on the home page."
          : "This browser keeps nothing, so this tab forgets the magic link: copy it first if you want to come back."}
      </p>
      <div class="buttons">
        <button type="button" onClick={start}>
          Yes, start a new one
        </button>
        <button type="button" class="quiet" onClick={onDone}>
          Stay here
        </button>
      </div>
    </>
  );
}
