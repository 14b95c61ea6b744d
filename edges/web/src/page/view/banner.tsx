/** Stands over the messages while something about the connection is not as it should be. */
import { useState } from "preact/hooks";
import { faultOf, type Remedy } from "../model/faults.ts";
import { clockWarning } from "../model/time.ts";
import type { Subscriber } from "../wire/subscriber.ts";
import { FaultCard } from "./fault-card.tsx";

type Props = {
  readonly subscriber: Subscriber;
  /** Leads to the form that mints. */
  readonly onHome: () => void;
};

export function Banner({ subscriber, onHome }: Props) {
  const [isDismissed, dismiss] = useState(false);
  const { live } = subscriber;
  const phase = live.phase.value;
  switch (phase.kind) {
    case "joining":
      return (
        <p class="banner" role="status">
          Joining…
        </p>
      );
    case "away":
      return (
        <p class="banner warn" role="status">
          The connection broke. Reconnecting
          {phase.attempt > 1 ? ` (attempt ${phase.attempt})` : ""}…
          <button type="button" class="quiet small" onClick={() => void subscriber.enter()}>
            Try now
          </button>
        </p>
      );
    case "ended":
      return (
        <FaultCard
          fault={faultOf(phase.error)}
          onRemedy={(it) => (it === "go_home" ? onHome() : remedy(it, subscriber))}
        />
      );
    case "live": {
      const warning = clockWarning(live.clockAheadMs.value);
      if (warning === null || isDismissed) return null;
      return <ClockWarning text={warning} onDismiss={() => dismiss(true)} />;
    }
  }
}

type ClockWarningProps = { readonly text: string; readonly onDismiss: () => void };

function ClockWarning({ text, onDismiss }: ClockWarningProps) {
  return (
    <p class="banner">
      {text}
      <button type="button" class="quiet small" onClick={onDismiss}>
        Dismiss
      </button>
    </p>
  );
}

function remedy(name: Exclude<Remedy, "go_home">, subscriber: Subscriber): void {
  switch (name) {
    case "try_again":
    case "take_back":
      void subscriber.enter();
      break;
    case "new_name":
      void subscriber.enterUnderNewName();
      break;
    case "as_guest":
      void subscriber.enterAsGuest();
      break;
    case "with_account":
      void subscriber.enterWithAccount();
      break;
  }
}
