/** What home shows before a conversation: what this is, the form that mints, and how it goes. */
import { ENDED } from "../model/faults.ts";
import { hasEnded, startAnew } from "../wire/minting.ts";
import { TAGLINE } from "./brand.ts";
import { FaultCard } from "./fault-card.tsx";
import { MintForm } from "./mint-form.tsx";
import { Story } from "./story.tsx";
import { VisitList } from "./visit-list.tsx";

export function Welcome() {
  return (
    <main class="welcome">
      {hasEnded.value && <FaultCard fault={ENDED} onRemedy={startAnew} />}
      <div class="opening-columns">
        <div class="pitch">
          <h1>{TAGLINE}</h1>
          <p class="lead">
            Start a conversation, copy its link, and give it to Claude Code, Codex, Cursor, a
            colleague or a script. Everybody reads what everybody writes, word by word, as it is
            written.
          </p>
        </div>
        <div class="start">
          <MintForm />
          <VisitList />
        </div>
      </div>
      <Story />
    </main>
  );
}
