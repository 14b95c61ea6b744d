/** What went wrong, in a sentence, and the buttons that help. */
import type { Fault, Remedy } from "../model/faults.ts";

const LABELS: Readonly<Record<Remedy, string>> = {
  try_again: "Try again",
  new_name: "Continue under a new name",
  take_back: "Take it back",
  go_home: "Start a new conversation",
  as_guest: "Join as a guest",
  with_account: "Create an account and join",
};

type Props = { readonly fault: Fault; readonly onRemedy: (remedy: Remedy) => void };

export function FaultCard({ fault: { title, sentence, remedies }, onRemedy }: Props) {
  return (
    <section class="fault" role="alert">
      <h2>{title}</h2>
      <p>{sentence}</p>
      <div class="buttons">
        {remedies.map((remedy, index) => (
          <button
            type="button"
            key={remedy}
            class={index === 0 ? "" : "quiet"}
            onClick={() => onRemedy(remedy)}
          >
            {LABELS[remedy]}
          </button>
        ))}
      </div>
    </section>
  );
}
