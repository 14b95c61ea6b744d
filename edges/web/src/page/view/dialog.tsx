/**
 * A dialog over the page; Escape and its button close it, and the focus goes back to where it was.
 */
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "./icons.tsx";

type Props = {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
};

export function Dialog({ title, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  // Before it is painted: what is typed right after goes into it already.
  useLayoutEffect(() => {
    dialog.current?.showModal();
    // A form begins in its first field; without one the focus is on the button that closes.
    const first = dialog.current?.querySelector<HTMLInputElement>("form input");
    first?.focus();
    first?.select();
  }, []);
  /**
   * Where the button went down: a selection that is drawn out of the dialog ends beside it, and is
   * no click there.
   */
  const isPressedBeside = useRef(false);
  const onPress = (event: MouseEvent) => {
    isPressedBeside.current = event.target === dialog.current;
  };
  const onClick = (event: MouseEvent) => {
    if (event.target === dialog.current && isPressedBeside.current) onClose();
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does what a click beside the dialog does.
    <dialog
      ref={dialog}
      aria-label={title}
      onClose={onClose}
      onMouseDown={onPress}
      onClick={onClick}
    >
      <header>
        <h2>{title}</h2>
        <button type="button" class="quiet icon-only" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}
