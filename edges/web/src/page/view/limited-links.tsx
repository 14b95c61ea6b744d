/** For the owner: a link with limits for each guest, and the end of one link alone (§2.7.5). */
import type { CreatedLink, CreateLinkOptions, ListedLink } from "@ams/client";
import { useCallback, useEffect, useState } from "preact/hooks";
import { ownersSentenceOf } from "../model/faults.ts";
import { EXPIRIES, limitsOf } from "../model/link-terms.ts";
import { createLink, listLinks, revokeLink } from "../wire/own-links.ts";
import { LinkCard } from "./link-card.tsx";

const NAME_CHARACTERS_MAX = 64;

export function LimitedLinks({ alias }: { readonly alias: string }) {
  const [made, setMade] = useState<CreatedLink | null>(null);
  const [links, setLinks] = useState<readonly ListedLink[]>([]);
  const [fault, setFault] = useState<string | null>(null);
  const act = useCallback(
    async (work: () => Promise<unknown>) => {
      setFault(null);
      try {
        await work();
        setLinks(await listLinks(alias));
      } catch (error) {
        setFault(ownersSentenceOf(error));
      }
    },
    [alias],
  );
  useEffect(() => void act(async () => {}), [act]);
  const create = (wish: CreateLinkOptions) =>
    act(async () => setMade(await createLink(alias, wish)));
  const revoke = (linkId: string) =>
    act(async () => {
      await revokeLink(alias, linkId);
      if (made?.linkId === linkId) setMade(null);
    });
  return (
    <section class="limited-links">
      <h3>Another link</h3>
      <p class="soft small">
        Give each guest a link of their own: it can be limited, and ended without the others.
      </p>
      <Wish onCreate={(wish) => void create(wish)} />
      {made !== null && (
        <div class="made" role="status">
          <p>
            Copy it now, it is shown only here: <bdi>{limitsOf(made, Date.now())}</bdi>.
          </p>
          <LinkCard link={made.magicLink} />
        </div>
      )}
      {fault !== null && (
        <p class="problem" role="alert">
          {fault}
        </p>
      )}
      <ul class="links" aria-label="Links of this conversation">
        {links.map((link) => (
          <Entry key={link.linkId} link={link} onRevoke={() => void revoke(link.linkId)} />
        ))}
      </ul>
    </section>
  );
}

function Wish({ onCreate }: { readonly onCreate: (wish: CreateLinkOptions) => void }) {
  const [name, setName] = useState("");
  const [streamName, setStreamName] = useState("");
  const [readOnly, setReadOnly] = useState(false);
  const [expiry, setExpiry] = useState(0);
  const submit = (event: Event) => {
    event.preventDefault();
    const seconds = EXPIRIES[expiry]?.seconds ?? null;
    onCreate({
      ...(name.trim() === "" ? {} : { name: name.trim() }),
      ...(streamName.trim() === "" ? {} : { streamName: streamName.trim() }),
      ...(seconds === null ? {} : { expiresInS: seconds }),
      readOnly,
    });
  };
  return (
    <form class="link-wish" onSubmit={submit}>
      <label>
        <span>For whom</span>
        <input
          value={name}
          maxLength={NAME_CHARACTERS_MAX}
          placeholder="The auditors"
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <label>
        <span>Expires</span>
        <select value={expiry} onInput={(event) => setExpiry(Number(event.currentTarget.value))}>
          {EXPIRIES.map(({ label }, at) => (
            <option key={label} value={at}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>
          Only as <span class="soft">(stream name, optional)</span>
        </span>
        <input
          value={streamName}
          maxLength={NAME_CHARACTERS_MAX}
          pattern="[A-Za-z0-9][A-Za-z0-9_.\-]*"
          placeholder="scout"
          onInput={(event) => setStreamName(event.currentTarget.value)}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={readOnly}
          onInput={(event) => setReadOnly(event.currentTarget.checked)}
        />
        Read only
      </label>
      <button type="submit">Create link</button>
    </form>
  );
}

type EntryProps = { readonly link: ListedLink; readonly onRevoke: () => void };

function Entry({ link, onRevoke }: EntryProps) {
  const [isSure, setSure] = useState(false);
  const { name, linkId, uses } = link;
  const label = name ?? linkId;
  return (
    <li>
      <span>
        <bdi>{label}</bdi>{" "}
        <span class="soft small">
          {limitsOf(link, Date.now())} · {usedOf(uses)}
        </span>
      </span>
      <button
        type="button"
        class={isSure ? "danger" : "quiet"}
        aria-label={isSure ? `Yes, end ${label}` : `End ${label}`}
        title="Nobody joins by it any more, and those who came by it are disconnected"
        onClick={() => (isSure ? onRevoke() : setSure(true))}
      >
        {isSure ? "Yes, end it" : "End"}
      </button>
    </li>
  );
}

function usedOf(uses: number): string {
  if (uses === 0) return "not used yet";
  return uses === 1 ? "used once" : `used ${uses} times`;
}
