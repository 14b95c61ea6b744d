/** The portal: what a magic link opens as. */
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { BASE } from "../wire/base.ts";
import { Subscriber } from "../wire/subscriber.ts";
import type { Shown } from "./conversation-dialog.tsx";
import { ConversationPage } from "./conversation-page.tsx";

type Props = {
  readonly link: string;
  readonly fallback: string | null;
  readonly isHidden: boolean;
};

export function Portal({ link, fallback, isHidden }: Props) {
  const subscriber = useMemo(() => new Subscriber(link, fallback), [link, fallback]);
  const [shown, show] = useState<Shown | null>(null);
  const onHome = useCallback(() => location.assign(`${BASE}/`), []);
  useEffect(() => {
    void subscriber.enter();
    return () => subscriber.leave();
  }, [subscriber]);
  return (
    <ConversationPage
      name="portal"
      subscriber={subscriber}
      isWireOpen={false}
      shown={shown}
      onShow={show}
      onHome={onHome}
      notice={isHidden ? undefined : <KeepsNothing />}
    />
  );
}

function KeepsNothing() {
  return (
    <p class="banner">
      This browser keeps nothing for this page, so the magic link stays in the address bar, and your
      name and the messages are gone when you leave.
    </p>
  );
}
