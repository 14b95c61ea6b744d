/** A long list of which only what is seen exists, that stays at its end until its reader scrolls away from it. */
import type { ComponentChildren, VNode } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { Virtualizer } from "virtua";

/** Pixels from the end within which a reader counts as being at it. */
const NEAR_PX = 48;

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
  const box = useRef<HTMLDivElement>(null);
  const pinned = useRef(true);
  const [isPinned, setPinned] = useState(true);
  const pin = (next: boolean) => {
    pinned.current = next;
    setPinned(next);
  };
  const toEnd = () => {
    if (box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  };
  const onScroll = () => {
    if (box.current === null) return;
    const { scrollHeight, clientHeight, scrollTop } = box.current;
    pin(scrollHeight - clientHeight - scrollTop <= NEAR_PX);
  };
  useLayoutEffect(() => {
    if (pinned.current) toEnd();
  }, [tick, items.length]);
  const isShifted = useChanged(dropped);
  if (items.length === 0) return <div class="scroller empty">{empty}</div>;
  return (
    <div class="scroller">
      {/* Focusable, so that the keyboard can scroll it. */}
      <div
        class="rows"
        ref={box}
        onScroll={onScroll}
        role="log"
        aria-label={label}
        aria-live="off"
        tabIndex={0}
      >
        <Virtualizer data={items} shift={isShifted}>
          {children}
        </Virtualizer>
      </div>
      {!isPinned && (
        <button
          type="button"
          class="to-end"
          onClick={() => {
            pin(true);
            toEnd();
          }}
        >
          Latest
        </button>
      )}
    </div>
  );
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
