/** The conversation as people read it. */
import type { ComponentChildren } from "preact";
import { useCallback } from "preact/hooks";
import { noticeOf } from "../model/delivery.ts";
import type { Passage, Row } from "../model/rows.ts";
import { nameOf } from "../model/speaker.ts";
import type { Live } from "../wire/live.ts";
import { Announcer } from "./announcer.tsx";
import { type Join, NoteRow, PassageRow } from "./row-view.tsx";
import { type Mark, Scroller } from "./scroller.tsx";

type Props = { readonly live: Live; readonly empty: ComponentChildren };

export function ConversationPane({ live, empty }: Props) {
  const tick = live.tick.value;
  const { all, dropped } = live.rows;
  const onResend = useCallback(
    (passage: Passage, text: string) => live.resend(passage, text),
    [live],
  );
  const circumstances = {
    isConnected: live.phase.value.kind === "live",
    replayS: live.replayS.value,
  };
  const row = (row: Row, index: number) => {
    if (row.kind === "note") return <NoteRow key={row.key} note={row} />;
    const { message } = row;
    const isLast = message !== null && !isSameMessage(row, all[index + 1]);
    return (
      <PassageRow
        key={row.key}
        passage={row}
        text={row.text}
        isOpen={row.isOpen}
        isPending={message?.delivery.kind === "pending"}
        join={joinOf(all[index - 1], row)}
        notice={isLast ? noticeOf(message, circumstances) : null}
        onResend={onResend}
      />
    );
  };
  return (
    <section class="pane conversation" aria-label="Conversation">
      {dropped > 0 && <p class="forgotten">Earlier messages are no longer kept on this page.</p>}
      <Announcer live={live} />
      <Scroller
        items={all}
        dropped={dropped}
        tick={tick}
        label="Messages"
        marks={marksOf(live)}
        empty={empty}
      >
        {row}
      </Scroller>
    </section>
  );
}

/** The rows that others write at this moment. */
function marksOf(live: Live): readonly Mark[] {
  const { dropped, writing } = live.rows;
  const kept = [...writing.values()].filter(({ key }) => key >= dropped);
  return kept.map(({ key, speaker }) => ({
    index: key - dropped,
    label: `${nameOf(speaker)} is writing`,
  }));
}

/** How a passage goes on from the row above it. */
function joinOf(before: Row | undefined, row: Passage): Join {
  if (before?.kind !== "passage") return "new speaker";
  if (before.speaker.streamId !== row.speaker.streamId) return "new speaker";
  return row.isContinuation ? "same message" : "next message";
}

function isSameMessage({ message }: Passage, after: Row | undefined): boolean {
  return after?.kind === "passage" && after.message === message;
}
