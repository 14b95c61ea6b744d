/** A line over the conversation while something about the connection is not as it should be. */

import { faultOf, type Remedy } from "../model/faults.ts";
import { clockWarning } from "../model/time.ts";
import { BASE } from "../wire/base.ts";
import type { Subscriber } from "../wire/subscriber.ts";
import { FaultCard } from "./fault-card.tsx";

export function Banner({ subscriber }: { readonly subscriber: Subscriber }) {
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
          The connection broke. Coming back by itself
          {phase.attempt > 1 ? ` (try ${phase.attempt})` : ""}…
          <button type="button" class="quiet small" onClick={() => void subscriber.enter()}>
            Try now
          </button>
        </p>
      );
    case "ended":
      return <FaultCard fault={faultOf(phase.error)} onRemedy={(it) => remedy(it, subscriber)} />;
    case "live": {
      const warning = clockWarning(live.clockAheadMs.value);
      return warning === null ? null : <p class="banner">{warning}</p>;
    }
  }
}

function remedy(name: Remedy, subscriber: Subscriber): void {
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
    case "go_home":
      location.assign(`${BASE}/`);
      break;
  }
}
