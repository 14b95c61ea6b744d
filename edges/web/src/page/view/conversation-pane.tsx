/** The conversation as people read it. */
import type { Row } from "../model/rows.ts";
import type { Live } from "../wire/live.ts";
import { Announcer } from "./announcer.tsx";
import { NoteRow, PassageRow } from "./row-view.tsx";
import { Scroller } from "./scroller.tsx";

type Props = { readonly live: Live; readonly waiting: string };

export function ConversationPane({ live, waiting }: Props) {
  const tick = live.tick.value;
  const { all, dropped } = live.rows;
  return (
    <section class="pane conversation" aria-label="Conversation">
      {dropped > 0 && (
        <p class="forgotten">What was said earlier is no longer kept on this page.</p>
      )}
      <Announcer live={live} />
      <Scroller
        items={all}
        dropped={dropped}
        tick={tick}
        label="What is said"
        empty={<p class="waiting">{waiting}</p>}
      >
        {(row, index) =>
          row.kind === "note" ? (
            <NoteRow key={row.key} note={row} />
          ) : (
            <PassageRow
              key={row.key}
              passage={row}
              tick={live.tick}
              isHeaded={!isContinued(all[index - 1], row)}
            />
          )
        }
      </Scroller>
    </section>
  );
}

/**
 * True when a passage stands right below another of the same stream, so that its name needs no
 * repeating.
 */
function isContinued(before: Row | undefined, row: Row): boolean {
  if (before?.kind !== "passage" || row.kind !== "passage") return false;
  return before.speaker.streamId === row.speaker.streamId;
}
