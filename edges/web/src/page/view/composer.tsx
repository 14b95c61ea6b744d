/** The send box: Enter sends, Shift+Enter breaks the line. */
import { useRef, useState } from "preact/hooks";
import { type Composed, compose } from "../model/composing.ts";
import type { Row } from "../model/rows.ts";
import type { Live } from "../wire/live.ts";
import { Icon } from "./icons.tsx";

export function Composer({ live }: { readonly live: Live }) {
  const [text, setText] = useState("");
  const [fault, setFault] = useState("");
  const field = useRef<HTMLTextAreaElement>(null);
  const composed = compose(text);
  const send = () => {
    setFault(composed.ok ? "" : composed.why);
    if (!composed.ok) return;
    setText("");
    void live.send(composed.tokens);
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label>
        <span class="hidden">Your message. Enter sends it, Shift and Enter break the line.</span>
        <textarea
          ref={field}
          rows={1}
          value={text}
          placeholder="Write a message"
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
      </label>
      <button type="submit" class="send" aria-label="Send" disabled={text.trim() === ""}>
        <Icon name="up" />
      </button>
      <p class="hint small" role="status">
        {fault || hintOf(composed) || waitingHint(live)}
      </p>
    </form>
  );
}

function hintOf(composed: Composed): string {
  if (!composed.ok) return composed.why;
  if (composed.tokens.length === 1) return "";
  return `A long text: it is sent as ${composed.tokens.length} tokens, one after the other.`;
}

/** What is said while messages wait: their own rows may be out of sight. */
function waitingHint(live: Live): string {
  if (live.phase.value.kind === "live" || live.tick.value === 0) return "";
  const isWaiting = (row: Row) =>
    row.kind === "passage" && row.message?.delivery.kind === "pending";
  return live.rows.all.some(isWaiting) ? "Your message waits until the connection is back." : "";
}
