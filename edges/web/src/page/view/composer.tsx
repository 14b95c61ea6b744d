/** The send box: Enter sends, Shift+Enter breaks the line. */
import { useRef, useState } from "preact/hooks";
import { type Composed, compose } from "../model/composing.ts";
import { sentenceOf } from "../model/faults.ts";
import type { Live, Phase } from "../wire/live.ts";

export function Composer({ live }: { readonly live: Live }) {
  const [text, setText] = useState("");
  const [fault, setFault] = useState<string | null>(null);
  const [waiting, setWaiting] = useState(0);
  const field = useRef<HTMLTextAreaElement>(null);
  const composed = compose(text);
  const send = () => {
    if (!composed.ok) {
      setFault(composed.why === "" ? null : composed.why);
      return;
    }
    setText("");
    setFault(null);
    setWaiting((count) => count + 1);
    void live.send(composed.tokens).then((sent) => {
      setWaiting((count) => count - 1);
      if (sent.ok) return;
      setFault(sentenceOf(sent.error));
      // Nobody has to write it twice; what they have begun since stays too.
      setText((newer) => (newer === "" ? sent.unsent : `${newer}\n${sent.unsent}`));
    });
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
        {fault ?? hintOf(composed, waiting, live.phase.value.kind)}
      </p>
    </form>
  );
}

function hintOf(composed: Composed, waiting: number, phase: Phase["kind"]): string {
  if (waiting > 0 && phase !== "live") return "What you sent waits until the connection is back.";
  if (!composed.ok) return composed.why;
  if (composed.tokens.length === 1) return "";
  return `A long text: it goes out as ${composed.tokens.length} tokens, one after the other.`;
}
