/** The conversations that this browser has been in, on the home page. */
import { useState } from "preact/hooks";
import { namesAt } from "../model/address.ts";
import { browser } from "../model/storage.ts";
import { dayOf } from "../model/time.ts";
import { forgetVisit, readVisits, type Visit } from "../model/visits.ts";
import { isOwner } from "../wire/own-account.ts";
import { Icon } from "./icons.tsx";

/** Conversations that are shown at first. */
const SHOWN_MAX = 5;

export function VisitList() {
  const [visits, setVisits] = useState(() => readVisits(browser));
  const [isAll, showAll] = useState(false);
  if (visits.length === 0) return null;
  const forget = (path: string) => {
    forgetVisit(browser, path);
    setVisits(readVisits(browser));
  };
  const shown = isAll ? visits : visits.slice(0, SHOWN_MAX);
  return (
    <section class="visits" aria-labelledby="visits-title">
      <h2 id="visits-title">Your conversations</h2>
      <ul>
        {shown.map((visit) => (
          <Entry key={visit.path} visit={visit} onForget={() => forget(visit.path)} />
        ))}
      </ul>
      {visits.length > shown.length && (
        <button type="button" class="link-like small" onClick={() => showAll(true)}>
          Show all {visits.length}
        </button>
      )}
      <p class="soft small">Kept in this browser only, with their links.</p>
    </section>
  );
}

type EntryProps = { readonly visit: Visit; readonly onForget: () => void };

function Entry({ visit: { path, title, atMs }, onForget }: EntryProps) {
  const { namespace, alias } = namesAt(path);
  const name = title ?? alias;
  return (
    <li>
      <a href={path}>
        <bdi class="title">{name}</bdi>
        <span class="soft small">
          {isOwner(namespace) ? "Yours" : "Joined"} · {dayOf(atMs)}
        </span>
      </a>
      <button
        type="button"
        class="quiet icon-only"
        aria-label={`Remove ${name} from this list`}
        title="Remove from this list"
        onClick={onForget}
      >
        <Icon name="close" />
      </button>
    </li>
  );
}
