/**
 * A long list of which only what is seen exists. It stays at its end until its reader scrolls away
 * from it, and leads back there, and to rows that change out of sight.
 */
import type { ComponentChildren, VNode } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { Icon } from "./icons.tsx";

/** Pixels from the end within which a reader counts as being at it. */
const NEAR_PX = 48;

/** Items up to which a list is short: so many cost nothing. */
const SHORT_ITEMS_MAX = 100;
/** Pixels on both sides for a longer list: enough that nobody sees a row appear. */
const BUFFER_PX = 400;

/** A row whose end changes: its reader is led there while it is out of sight. */
export type Mark = { readonly index: number; readonly label: string };

type Props<Item> = {
  readonly items: readonly Item[];
  /** Items that were dropped from the front since the beginning. */
  readonly dropped: number;
  /** Changes with every animation frame in which the items did. */
  readonly tick: number;
  readonly label: string;
  readonly marks?: readonly Mark[];
  readonly children: (item: Item, index: number) => VNode;
  readonly empty: ComponentChildren;
};

const NO_MARKS: readonly Mark[] = [];

export function Scroller<Item>(props: Props<Item>) {
  const { items, dropped, tick, label, marks = NO_MARKS, children, empty } = props;
  const { box, isPinned, pin, onScroll } = usePinned(tick, items.length === 0);
  const list = useRef<VirtualizerHandle>(null);
  const isShifted = useChanged(dropped);
  const found = useHiddenMark(list, marks, tick);
  // Who is at the end is taken along: what was found below is in sight a moment later.
  const hidden = isPinned && found?.isAbove === false ? null : found;
  const [above, setAbove] = useState(0);
  const total = dropped + items.length;
  // How many there were while the reader was at the end: what came since is new to them.
  useLayoutEffect(() => {
    if (isPinned) setAbove(total);
  }, [isPinned, total]);
  if (items.length === 0) return <div class="scroller empty">{empty}</div>;
  const show = ({ index }: Mark) => {
    pin(false);
    list.current?.scrollToIndex(index, { align: "end" });
  };
  return (
    <div class="scroller">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard has to be able to scroll it. */}
      <section class="rows" ref={box} onScroll={onScroll} aria-label={label} tabIndex={0}>
        <Virtualizer ref={list} data={items} shift={isShifted} bufferSize={bufferOf(items.length)}>
          {children}
        </Virtualizer>
      </section>
      <div class="jumps">
        {hidden !== null && (
          <button type="button" class="jump to-mark" onClick={() => show(hidden.mark)}>
            <Icon name={hidden.isAbove ? "up" : "down"} />
            <span>{hidden.mark.label}</span>
          </button>
        )}
        {!isPinned && (
          <button type="button" class="jump to-end" onClick={() => pin(true)}>
            <Icon name="down" />
            <span>Jump to latest{total > above ? ` (${total - above} new)` : ""}</span>
          </button>
        )}
      </div>
    </div>
  );
}

type Hidden = { readonly mark: Mark; readonly isAbove: boolean };

/** The first marked row whose end is out of sight; null when the reader sees all of them grow. */
function useHiddenMark(
  list: { readonly current: VirtualizerHandle | null },
  marks: readonly Mark[],
  tick: number,
): Hidden | null {
  const [hidden, setHidden] = useState<Hidden | null>(null);
  useLayoutEffect(() => {
    const found = list.current === null ? null : findHidden(list.current, marks);
    const isSame = found?.mark.index === hidden?.mark.index && found?.isAbove === hidden?.isAbove;
    if (!isSame || found?.mark.label !== hidden?.mark.label) setHidden(found);
  }, [list, marks, tick, hidden]);
  return hidden;
}

function findHidden(list: VirtualizerHandle, marks: readonly Mark[]): Hidden | null {
  const top = list.scrollOffset;
  const bottom = top + list.viewportSize;
  for (const mark of marks) {
    const end = list.getItemOffset(mark.index) + list.getItemSize(mark.index);
    if (end < top) return { mark, isAbove: true };
    if (end > bottom + NEAR_PX) return { mark, isAbove: false };
  }
  return null;
}

/**
 * Keeps a box at its end, whatever grows in it, until its reader scrolls away; and again once they
 * are back.
 */
function usePinned(tick: number, isEmpty: boolean) {
  const box = useRef<HTMLElement>(null);
  const pinned = useRef(true);
  const top = useRef(0);
  const [isPinned, setPinned] = useState(true);
  const toEnd = () => {
    if (pinned.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  };
  const pin = (next: boolean) => {
    pinned.current = next;
    setPinned(next);
    toEnd();
  };
  const onScroll = () => {
    if (box.current === null) return;
    const { scrollHeight, clientHeight, scrollTop } = box.current;
    const isAtEnd = scrollHeight - clientHeight - scrollTop <= NEAR_PX;
    // Growing content leaves the position where it is: only its reader goes up.
    const wentUp = scrollTop < top.current;
    top.current = scrollTop;
    if (isAtEnd && !pinned.current) pin(true);
    else if (!isAtEnd && wentUp && pinned.current) pin(false);
  };
  useLayoutEffect(toEnd, [tick]);
  // Rows are measured after they were written, and the box itself changes with the window.
  useLayoutEffect(() => {
    const observer = new ResizeObserver(toEnd);
    const content = box.current?.firstElementChild;
    if (box.current !== null) observer.observe(box.current);
    if (content) observer.observe(content);
    return () => observer.disconnect();
  }, [isEmpty]);
  return { box, isPinned, pin, onScroll };
}

/**
 * Pixels beyond what is seen for which items exist: for a short list all of it, so that a search in
 * the page finds everything.
 */
function bufferOf(count: number): number {
  return count <= SHORT_ITEMS_MAX ? Number.MAX_SAFE_INTEGER : BUFFER_PX;
}

/** True in the one rendering in which the value is another one than before. */
function useChanged(value: number): boolean {
  const before = useRef(value);
  const hasChanged = before.current !== value;
  useLayoutEffect(() => {
    before.current = value;
  }, [value]);
  return hasChanged;
}
