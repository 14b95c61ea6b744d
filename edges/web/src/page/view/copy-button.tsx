/** A button that copies a text and says that it did. */
import { useState } from "preact/hooks";

/** Milliseconds for which it says so. */
const SAY_MS = 1_600;

type Props = {
  readonly text: string | (() => string);
  readonly label?: string;
  readonly id?: string;
  readonly quiet?: boolean;
  /** What is copied, for those who can't see what the button is beside. */
  readonly what: string;
};

export function CopyButton({ text, label = "Copy", id, quiet = false, what }: Props) {
  const [said, setSaid] = useState<string | null>(null);
  const onClick = async () => {
    const done = await copy(typeof text === "string" ? text : text());
    setSaid(done ? "Copied" : "Select it");
    setTimeout(() => setSaid(null), SAY_MS);
  };
  return (
    <button
      {...(id === undefined ? {} : { id })}
      type="button"
      class={quiet ? "quiet small" : ""}
      aria-label={said === null ? `${label} ${what}` : said}
      onClick={() => void onClick()}
    >
      <span aria-live="polite">{said ?? label}</span>
    </button>
  );
}

/**
 * By the clipboard where the browser lets a page have it, which plain http often isn't; else by a
 * selection.
 */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "away";
  // While a dialog is open, nothing outside of it can be selected.
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  const focused = document.activeElement;
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return done;
}
