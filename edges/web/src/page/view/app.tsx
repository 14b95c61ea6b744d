/** The whole page, by where it is. */

import type { Place } from "../model/address.ts";
import { BASE } from "../wire/base.ts";
import { FaultCard } from "./fault-card.tsx";
import { Home } from "./home.tsx";
import { Masthead } from "./masthead.tsx";
import { Portal } from "./portal.tsx";

const CUT_OFF = {
  title: "This link is cut off",
  sentence:
    "Its end, ?t= and 43 characters, is missing. Copy the whole link again, or ask for it again. If you were here before: this tab doesn't remember.",
  remedies: ["go_home"],
} as const;

export function App({ place }: { readonly place: Place }) {
  if (place.kind === "home") return <Home />;
  if (place.link !== null) return <Portal {...place} link={place.link} />;
  return (
    <div class="page">
      <Masthead />
      <main class="narrow">
        <FaultCard fault={CUT_OFF} onRemedy={() => location.assign(`${BASE}/`)} />
      </main>
    </div>
  );
}
