/**
 * A long list of which only what is seen exists, that stays at its end until its reader scrolls
 * away from it.
 */
import type { ComponentChildren, VNode } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Virtualizer } from "virtua";

/** Pixels from the end within which a reader counts as being at it. */
const NEAR_PX = 48;

/** Items up to which a list is short: so many cost nothing. */
const SHORT_ITEMS_MAX = 100;
/** Pixels on both sides for a longer list: enough that nobody sees a row appear. */
const BUFFER_PX = 400;

type Props<Item> = {
  readonly items: readonly Item[];
  /** Items that were dropped from the front since the beginning. */
  readonly dropped: number;
  /** Changes with every animation frame in which the items did. */
  readonly tick: number;
  readonly label: string;
  readonly children: (item: Item, index: number) => VNode;
  readonly empty: ComponentChildren;
};

export function Scroller<Item>({ items, dropped, tick, label, children, empty }: Props<Item>) {
  const { box, isPinned, pin, onScroll } = usePinned(tick, items.length === 0);
  const isShifted = useChanged(dropped);
  if (items.length === 0) return <div class="scroller empty">{empty}</div>;
  return (
    <div class="scroller">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard has to be able to scroll it. */}
      <section class="rows" ref={box} onScroll={onScroll} aria-label={label} tabIndex={0}>
        <Virtualizer data={items} shift={isShifted} bufferSize={bufferOf(items.length)}>
          {children}
        </Virtualizer>
      </section>
      {!isPinned && (
        <button type="button" class="to-end" onClick={() => pin(true)}>
          Latest
        </button>
      )}
    </div>
  );
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
    // Growing content leaves the place where it is: only its reader goes up.
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
