/** The raw frames of this page's one socket, as they really came and went. */
import { memo } from "preact/compat";
import { useRef, useState } from "preact/hooks";
import { type Frame, FrameFilter, legible } from "../model/frame-log.ts";
import { exactTime } from "../model/time.ts";
import type { Live } from "../wire/live.ts";
import { CopyButton } from "./copy-button.tsx";
import { Scroller } from "./scroller.tsx";

/** Characters of a frame that are shown: the copy has all of them. */
const SHOWN_CHARACTERS = 1_200;

export function FramesPane({ live }: { readonly live: Live }) {
  const [words, setWords] = useState("");
  const filter = useRef(new FrameFilter());
  const tick = live.tick.value;
  const frames = filter.current.apply(live.frames.all, words);
  return (
    <section class="pane frames" aria-label="Raw frames">
      <header class="pane-head">
        <input
          type="search"
          class="filter"
          placeholder="Filter frames"
          aria-label="Filter frames"
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
        <span class="soft small count">{frames.length}</span>
        <CopyButton
          quiet
          text={() => frames.map(({ text }) => text).join("\n")}
          what="all frames shown"
        />
      </header>
      <Scroller
        items={frames}
        dropped={words === "" ? live.frames.dropped : 0}
        tick={tick}
        label="Frames"
        empty={<p class="waiting">{words === "" ? "No frame yet." : "No frame holds that."}</p>}
      >
        {(frame) => <FrameRow key={frame.key} frame={frame} />}
      </Scroller>
    </section>
  );
}

/**
 * Where in a frame of a stream that begins which its author wrote: what is before it is alike
 * in all its frames.
 */
function contentAt(text: string): number {
  const at = text.search(/"(?:data|metadata)":/);
  return at < 0 ? 0 : at;
}

/** A frame never changes: it is drawn once. */
const FrameRow = memo(function FrameRow({
  frame: { kind, head, atMs, text },
}: {
  readonly frame: Frame;
}) {
  const rest = text.length - SHOWN_CHARACTERS;
  const start = Math.min(contentAt(text), SHOWN_CHARACTERS);
  return (
    <div class={`tincan-frame ${kind}`}>
      <div class="head">
        <bdi>{head}</bdi>
        <time>{exactTime(atMs)}</time>
        <CopyButton quiet text={text} what="this frame" />
      </div>
      <code class="body">
        <span class="frame-start">{legible(text.slice(0, start))}</span>
        {legible(text.slice(start, SHOWN_CHARACTERS))}
        {rest > 0 && <span class="soft"> … {rest} more characters</span>}
      </code>
    </div>
  );
});
