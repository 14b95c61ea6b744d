/** What the portal's buttons open. */
import type { Subscriber } from "../wire/subscriber.ts";
import { About } from "./about.tsx";
import { ConnectPanel } from "./connect-panel.tsx";
import { Dialog } from "./dialog.tsx";
import { LinkCard } from "./link-card.tsx";
import { NameForm } from "./name-form.tsx";
import { OwnerPanel } from "./owner-panel.tsx";
import { Roster } from "./roster.tsx";

export type Shown = "invite" | "connect" | "owner" | "name" | "people";

const TITLES: Readonly<Record<Shown, string>> = {
  invite: "Invite",
  connect: "Connect",
  owner: "Your conversation",
  name: "Who you are here",
  people: "People",
};

type Props = {
  readonly subscriber: Subscriber;
  readonly alias: string;
  readonly shown: Shown;
  readonly onClose: () => void;
};

export function PortalDialog(props: Props) {
  return (
    <Dialog title={TITLES[props.shown]} onClose={props.onClose}>
      <Content {...props} />
    </Dialog>
  );
}

function Content({ subscriber, alias, shown, onClose }: Props) {
  const { live, link } = subscriber;
  switch (shown) {
    case "invite":
      return <LinkCard isQrOpen link={link.value} />;
    case "connect":
      return <ConnectPanel link={link.value} />;
    case "owner":
      return <OwnerPanel subscriber={subscriber} alias={alias} onDone={onClose} />;
    case "name":
      return <NameForm subscriber={subscriber} onDone={onClose} />;
    case "people":
      return (
        <>
          <Roster live={live} />
          <About live={live} />
        </>
      );
  }
}
