/** What the portal's buttons open. */
import { isOwner } from "../wire/own-account.ts";
import type { Subscriber } from "../wire/subscriber.ts";
import { About } from "./about.tsx";
import { ConnectPanel } from "./connect-panel.tsx";
import { Dialog } from "./dialog.tsx";
import { LinkCard } from "./link-card.tsx";
import { LivingLink } from "./living-link.tsx";
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
  readonly onShow: (shown: Shown) => void;
  readonly onClose: () => void;
};

export function PortalDialog(props: Props) {
  return (
    <Dialog title={TITLES[props.shown]} onClose={props.onClose}>
      <Content {...props} />
    </Dialog>
  );
}

function Content({ subscriber, alias, shown, onShow, onClose }: Props) {
  const { live, namespace } = subscriber;
  const link = subscriber.link.value;
  const onManage = isOwner(namespace) ? () => onShow("owner") : null;
  switch (shown) {
    case "invite":
      return (
        <LivingLink link={link} onManage={onManage}>
          <LinkCard isQrOpen link={link} />
        </LivingLink>
      );
    case "connect":
      return (
        <LivingLink link={link} onManage={onManage}>
          <ConnectPanel link={link} />
        </LivingLink>
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
        </>
      );
  }
}
