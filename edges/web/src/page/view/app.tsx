/** The whole page, by where it is. */

import type { Place } from "../model/address.ts";
import { BASE } from "../wire/base.ts";
import { FaultCard } from "./fault-card.tsx";
import { Home } from "./home.tsx";
import { Masthead } from "./masthead.tsx";
import { Portal } from "./portal.tsx";

const INCOMPLETE = {
  title: "This link is incomplete",
  sentence:
    "Its end, ?t= and 43 characters, is missing, and this browser has not opened the conversation before. Copy the whole link again, or ask the person who gave it to you.",
  remedies: ["go_home"],
} as const;

export function App({ place }: { readonly place: Place }) {
  if (place.kind === "home") return <Home />;
  const { link } = place;
  if (link !== null) {
    return <Portal link={link} fallback={place.fallback} isHidden={place.isHidden} />;
  }
  return (
    <div class="page">
      <Masthead />
      <main class="outside">
        <FaultCard fault={INCOMPLETE} onRemedy={() => location.assign(`${BASE}/`)} />
      </main>
    </div>
  );
}
