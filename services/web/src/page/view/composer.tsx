/** The send box: Enter sends, Shift+Enter breaks the line. */
import { useRef, useState } from "preact/hooks";
import { compose } from "../model/composing.ts";
import { sentenceOf } from "../model/faults.ts";
import type { Live } from "../wire/live.ts";

export function Composer({ live }: { readonly live: Live }) {
  const [text, setText] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const composed = compose(text);
  const send = () => {
    if (!composed.ok) {
      setFault(composed.why === "" ? null : composed.why);
      return;
    }
    setText("");
    setFault(null);
    live.send(composed.tokens).catch((error: unknown) => setFault(sentenceOf(error)));
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
        <span class="hidden">Your words. Enter sends them, Shift and Enter break the line.</span>
        <textarea
          ref={field}
          rows={1}
          value={text}
          placeholder="Say something"
          onInput={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
      </label>
      <button type="submit" disabled={text.trim() === ""}>
        Send
      </button>
      <p class="hint small" role="status">
        {fault ?? hintOf(composed)}
      </p>
    </form>
  );
}

function hintOf(composed: ReturnType<typeof compose>): string {
  if (!composed.ok) return composed.why;
  if (composed.tokens.length === 1) return "";
  return `A long text: it goes out as ${composed.tokens.length} tokens, one after the other.`;
}
