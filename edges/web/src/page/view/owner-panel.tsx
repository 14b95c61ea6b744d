/** What the owner of a conversation can do with it: a new link, or the end. */
import { useState } from "preact/hooks";
import { ownersSentenceOf } from "../model/faults.ts";
import { BASE } from "../wire/base.ts";
import { openOwnersAccount } from "../wire/own-account.ts";
import type { Subscriber } from "../wire/subscriber.ts";
import { LimitedLinks } from "./limited-links.tsx";

type Props = {
  readonly subscriber: Subscriber;
  readonly alias: string;
  readonly onDone: () => void;
};

export function OwnerPanel({ subscriber, alias, onDone }: Props) {
  const [keepConnected, setKeep] = useState(true);
  const [isSure, setSure] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const act = (work: () => Promise<void>) => {
    setFault(null);
    work().then(onDone, (error: unknown) => setFault(ownersSentenceOf(error)));
  };
  const replace = async () => {
    const account = await openOwnersAccount(BASE);
    subscriber.moveTo(await account.newLink(alias, { keepConnected }));
    subscriber.live.note("The magic link was replaced");
  };
  const close = async () => {
    const account = await openOwnersAccount(BASE);
    await account.close(alias);
  };
  return (
    <div class="owner">
      <p class="soft">This conversation is yours: the account in this browser created it.</p>
      <LimitedLinks alias={alias} />
      <h3>Replace the link</h3>
      <p>All earlier links stop working. Give the new one to those you want to join.</p>
      <label class="check">
        <input
          type="checkbox"
          checked={keepConnected}
          onInput={(event) => setKeep(event.currentTarget.checked)}
        />
        Those who are here may stay
      </label>
      {keepConnected && (
        <p class="soft small">
          Those who stay still see the old link, which no longer works: give them the new one too,
          to invite others and to come back.
        </p>
      )}
      <button type="button" onClick={() => act(replace)}>
        Replace the link
      </button>
      <h3>Close the conversation</h3>
      <p>It ends for everybody, at once and permanently.</p>
      <button type="button" class="danger" onClick={() => (isSure ? act(close) : setSure(true))}>
        {isSure ? "Yes, end it for everybody" : "Close the conversation"}
      </button>
      {fault !== null && (
        <p class="problem" role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}
